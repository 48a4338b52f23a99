//! What the server says of many messages at once.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// One text, which the errors of all of these messages share.
#[derive(Clone)]
pub(crate) struct SharedFailure(Arc<str>);

impl SharedFailure {
    pub(crate) fn new(said: impl fmt::Display) -> Self {
        Self(said.to_string().into())
    }
}

impl fmt::Display for SharedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SharedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Error for SharedFailure {}
