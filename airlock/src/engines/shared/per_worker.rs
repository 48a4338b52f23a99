//! State that belongs to one worker.

use std::fmt;
use std::ops::Deref;

/// State that belongs to one worker, in a handle of an engine. A clone of the handle is another worker,
/// so a clone of this is a new default: what one worker leaves behind, no other keeps alive.
#[derive(Default)]
pub(crate) struct PerWorker<T>(T);

impl<T: Default> Clone for PerWorker<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> Deref for PerWorker<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for PerWorker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PerWorker")
    }
}
