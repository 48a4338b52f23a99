//! Flushes that wait for the end of a response.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use ::tokio::runtime::Handle;

/// A flush that begins when this is dropped, in a task of its own.
///
/// Whatever is put beside a body is dropped with it: when the server has taken the last of it, and when it
/// has lost its client. By then it was decided that the effects leave, and the client has no say in it.
pub(crate) struct AfterResponse {
    // Behind a lock, which nobody waits for, so that a body that can be shared still can be.
    flush: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    runtime: Handle,
}

impl AfterResponse {
    pub(crate) fn new(runtime: Handle, flush: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { flush: Mutex::new(Some(Box::pin(flush))), runtime }
    }
}

impl Drop for AfterResponse {
    fn drop(&mut self) {
        let flush = self.flush.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(flush) = flush.take() {
            self.runtime.spawn(flush);
        }
    }
}

impl fmt::Debug for AfterResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterResponse").finish_non_exhaustive()
    }
}
