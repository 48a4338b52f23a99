//! Flushes that begin after the response.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use ::tokio::runtime::Handle;

/// A flush that begins when this is dropped, in a task of its own.
///
/// It is stored beside a response's body and dropped with it: when the server has taken the last of the body, or when
/// its client has disconnected. That the effects leave was decided before, so they leave in both cases.
pub(crate) struct AfterResponse {
    // The lock is never contended; it keeps a body `Sync` that is.
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
