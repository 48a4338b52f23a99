//! Why a worker can't begin.

use std::error::Error;
use std::fmt;

use crate::core::cut::cut;
use crate::core::task::called::BoxError;

/// A worker can't begin, because its engine can't be opened.
#[derive(Debug)]
pub struct WorkerError {
    source: BoxError,
}

impl WorkerError {
    pub(super) fn new(source: BoxError) -> Self {
        Self { source }
    }
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the worker can't begin: {}", cut(&self.source))
    }
}

impl Error for WorkerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
