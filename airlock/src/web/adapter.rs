//! How a request's scope ends under a middleware that is an async function; tower's is a future with a name.

use crate::core::flush::FlushError;
use crate::core::report::log;
use crate::core::scope::Sealed;
use crate::web::after_response::AfterResponse;
use crate::web::handle::{RequestEnd, end};
use crate::web::head::{Head, succeeded};
use crate::web::settings::RequestSettings;

/// `None` keeps the response.
pub(crate) type OnFlushError<A> = dyn Fn(FlushError, &Head<'_>) -> Option<A> + Send + Sync;

impl<S: ?Sized, A> RequestSettings<S, OnFlushError<A>> {
    /// Whether to flush.
    pub(crate) fn succeeded(&self, head: &Head<'_>) -> bool {
        match &self.flush_when {
            Some(flush_when) => flush_when(head),
            None => succeeded(head.status()),
        }
    }

    /// Ends a request's scope; returns what to keep as long as the response.
    ///
    /// # Errors
    ///
    /// The flush's, for [`answer`](Self::answer).
    pub(crate) async fn end(
        &self,
        sealed: Sealed,
        succeeded: bool,
    ) -> Result<Option<AfterResponse>, FlushError> {
        match end(sealed, succeeded, self.after_response) {
            RequestEnd::Done => Ok(None),
            RequestEnd::AfterResponse(then) => Ok(Some(then)),
            RequestEnd::Flushing(flushing) => flushing.await.map(|()| None),
        }
    }

    /// The answer to a flush that failed, in place of the response with this head; `None` keeps that.
    pub(crate) fn answer(
        &self,
        error: FlushError,
        head: &Head<'_>,
        failed: impl FnOnce() -> A,
    ) -> Option<A> {
        if let Some(answer) = &self.on_flush_error {
            return answer(error, head);
        }
        log::failed_elsewhere(&error);
        Some(failed())
    }
}
