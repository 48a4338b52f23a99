//! How a request's scope ends under a middleware that is an async function; tower's is a future with a name.

use crate::core::flush::FlushError;
use crate::core::report::log;
use crate::core::scope::Sealed;
use crate::web::after_response::AfterResponse;
use crate::web::handle::{RequestEnd, end};
use crate::web::head::{Head, succeeded};
use crate::web::settings::RequestSettings;

pub(crate) type OnFlushError<A> = dyn Fn(FlushError) -> A + Send + Sync;

impl<S: ?Sized, A> RequestSettings<S, OnFlushError<A>> {
    /// Whether to flush.
    pub(crate) fn succeeded(&self, head: &Head<'_>) -> bool {
        match &self.flush_when {
            Some(flush_when) => flush_when(head),
            None => succeeded(head.status()),
        }
    }

    /// Ends a request's scope. Returns what to keep as long as the response, or the answer in place of the response if
    /// the flush failed.
    pub(crate) async fn end(
        &self,
        sealed: Sealed,
        succeeded: bool,
        failed: impl FnOnce() -> A,
    ) -> Result<Option<AfterResponse>, A> {
        let flushing = match end(sealed, succeeded, self.after_response) {
            RequestEnd::Done => return Ok(None),
            RequestEnd::AfterResponse(then) => return Ok(Some(then)),
            RequestEnd::Flushing(flushing) => flushing,
        };
        let Err(error) = flushing.await else { return Ok(None) };
        if let Some(answer) = &self.on_flush_error {
            return Err(answer(error));
        }
        log::failed_elsewhere(&error);
        Err(failed())
    }
}
