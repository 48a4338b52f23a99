//! How requests' scopes begin and end, as the user says.

use std::fmt;
use std::sync::Arc;

use crate::web::Head;

/// What a client is told when its request's effects could not leave.
#[cfg(any(feature = "actix", feature = "poem", feature = "salvo", feature = "tower"))]
pub(crate) const FAILED: &str = "the request failed";

/// How requests' scopes begin and end. The two are types of closures, which each framework has its own of:
/// what makes a scope, and what answers a failed flush.
pub(crate) struct Settings<Scope: ?Sized, OnFlushError: ?Sized> {
    pub(crate) scope: Option<Arc<Scope>>,
    pub(crate) flush_when: Option<Arc<FlushWhen>>,
    pub(crate) on_flush_error: Option<Arc<OnFlushError>>,
    pub(crate) after_response: bool,
}

/// What decides.
type FlushWhen = dyn Fn(&Head<'_>) -> bool + Send + Sync;

impl<S: ?Sized, E: ?Sized> Settings<S, E> {
    pub(crate) const fn new() -> Self {
        Self { scope: None, flush_when: None, on_flush_error: None, after_response: false }
    }
}

impl<S: ?Sized, E: ?Sized> Clone for Settings<S, E> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            flush_when: self.flush_when.clone(),
            on_flush_error: self.on_flush_error.clone(),
            after_response: self.after_response,
        }
    }
}

impl<S: ?Sized, E: ?Sized> fmt::Debug for Settings<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("scope", &self.scope.is_some())
            .field("flush_when", &self.flush_when.is_some())
            .field("on_flush_error", &self.on_flush_error.is_some())
            .field("after_response", &self.after_response)
            .finish()
    }
}

/// The methods of a middleware whose field `settings` is a [`Settings`] of closures over these types.
#[cfg(any(feature = "actix", feature = "poem", feature = "rocket", feature = "salvo"))]
macro_rules! settings {
    ($request:ty, $answer:ty) => {
        /// Makes the scope of each request: its policies, its executor, its name.
        ///
        /// It is asked before the request is handled, outside its scope.
        pub fn scope(
            mut self,
            scope: impl Fn(&$request) -> $crate::Scope + Send + Sync + 'static,
        ) -> Self {
            self.settings.scope = Some(::std::sync::Arc::new(scope));
            self
        }

        /// Decides by the response whether to flush; below 400 unless told otherwise.
        pub fn flush_when(
            mut self,
            flush_when: impl Fn(&$crate::web::Head<'_>) -> bool + Send + Sync + 'static,
        ) -> Self {
            self.settings.flush_when = Some(::std::sync::Arc::new(flush_when));
            self
        }

        /// Answers a failed flush, in place of a 500. The error is `answer`'s: whatever did not leave is in
        /// it. The log has the verdict on each effect, and not the error.
        pub fn on_flush_error(
            mut self,
            answer: impl Fn($crate::FlushError) -> $answer + Send + Sync + 'static,
        ) -> Self {
            self.settings.on_flush_error = Some(::std::sync::Arc::new(answer));
            self
        }

        /// Flushes when the response has ended, in a task of its own. A flush that fails is logged: nobody
        /// is left to tell.
        ///
        /// A body that is streamed has ended with its last piece; or when its client goes away, for what the
        /// handler enqueued leaves all the same.
        pub fn after_response(mut self) -> Self {
            self.settings.after_response = true;
            self
        }
    };
}

#[cfg(any(feature = "actix", feature = "poem", feature = "rocket", feature = "salvo"))]
pub(crate) use {adapters::*, settings};

/// For frameworks whose middleware is an async function. tower's is a future with a name.
#[cfg(any(feature = "actix", feature = "poem", feature = "rocket", feature = "salvo"))]
mod adapters {
    use super::Settings;
    use crate::core::flush::FlushError;
    use crate::core::report::log;
    use crate::core::scope::Sealed;
    use crate::web::after_response::AfterResponse;
    use crate::web::head::{Head, succeeded};
    use crate::web::{Ended, end};

    impl<S: ?Sized, A> Settings<S, OnFlushError<A>> {
        /// Whether to flush.
        pub(crate) fn succeeded(&self, head: &Head<'_>) -> bool {
            match &self.flush_when {
                Some(flush_when) => flush_when(head),
                None => succeeded(head.status()),
            }
        }

        /// Ends a request's scope: what is to be kept as long as the response, or what to answer instead
        /// where its flush failed.
        pub(crate) async fn end(
            &self,
            sealed: Sealed,
            succeeded: bool,
            failed: impl FnOnce() -> A,
        ) -> Result<Option<AfterResponse>, A> {
            let flushing = match end(sealed, succeeded, self.after_response) {
                Ended::Done => return Ok(None),
                Ended::After(then) => return Ok(Some(then)),
                Ended::Flushing(flushing) => flushing,
            };
            let Err(error) = flushing.await else { return Ok(None) };
            if let Some(answer) = &self.on_flush_error {
                return Err(answer(error));
            }
            log::failed_elsewhere(&error);
            Err(failed())
        }
    }

    pub(crate) type OnFlushError<A> = dyn Fn(FlushError) -> A + Send + Sync;
}
