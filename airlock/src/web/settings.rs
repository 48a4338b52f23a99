//! The settings of a middleware: how requests' scopes begin and end.

use std::fmt;
use std::sync::Arc;

use crate::web::Head;

/// The text of a response whose request's effects could not leave. It gives nothing away.
#[cfg(feature = "_body")]
pub(crate) const FAILED: &str = "the request failed";

/// How requests' scopes begin and end. Each framework has its own types for the two closures: the one that makes a
/// scope, and the one that answers a failed flush.
pub(crate) struct RequestSettings<Scope: ?Sized, OnFlushError: ?Sized> {
    pub(crate) scope: Option<Arc<Scope>>,
    pub(crate) flush_when: Option<Arc<FlushWhen>>,
    pub(crate) on_flush_error: Option<Arc<OnFlushError>>,
    pub(crate) after_response: bool,
}

type FlushWhen = dyn Fn(&Head<'_>) -> bool + Send + Sync;

impl<S: ?Sized, E: ?Sized> RequestSettings<S, E> {
    pub(crate) const fn new() -> Self {
        Self { scope: None, flush_when: None, on_flush_error: None, after_response: false }
    }
}

impl<S: ?Sized, E: ?Sized> Clone for RequestSettings<S, E> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            flush_when: self.flush_when.clone(),
            on_flush_error: self.on_flush_error.clone(),
            after_response: self.after_response,
        }
    }
}

impl<S: ?Sized, E: ?Sized> fmt::Debug for RequestSettings<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("scope", &self.scope.is_some())
            .field("flush_when", &self.flush_when.is_some())
            .field("on_flush_error", &self.on_flush_error.is_some())
            .field("after_response", &self.after_response)
            .finish()
    }
}

/// The setters of a middleware with a field `settings`, a [`RequestSettings`] of closures over these types.
#[cfg(feature = "_adapter")]
macro_rules! settings {
    ($request:ty, $answer:ty) => {
        /// Makes the scope of each request: its policies, its executor, its name.
        ///
        /// The closure is called before the request is handled, outside the scope.
        pub fn scope(
            mut self,
            scope: impl Fn(&$request) -> $crate::Scope + Send + Sync + 'static,
        ) -> Self {
            self.settings.scope = Some(::std::sync::Arc::new(scope));
            self
        }

        /// Decides from the response whether to flush; by default, a status below 400 flushes.
        pub fn flush_when(
            mut self,
            flush_when: impl Fn(&$crate::web::Head<'_>) -> bool + Send + Sync + 'static,
        ) -> Self {
            self.settings.flush_when = Some(::std::sync::Arc::new(flush_when));
            self
        }

        /// Answers a failed flush, in place of a 500. `answer` owns the error, with the effects that did not leave.
        /// The log has the verdict on each effect, and not the error.
        pub fn on_flush_error(
            mut self,
            answer: impl Fn($crate::FlushError) -> $answer + Send + Sync + 'static,
        ) -> Self {
            self.settings.on_flush_error = Some(::std::sync::Arc::new(answer));
            self
        }

        /// Flushes when the response has ended, in a task of its own. A flush that fails is logged, for the response
        /// is already out.
        ///
        /// A streamed body has ended with its last piece, or when its client disconnects: the effects leave in both
        /// cases.
        pub fn after_response(mut self) -> Self {
            self.settings.after_response = true;
            self
        }
    };
}

#[cfg(feature = "_adapter")]
pub(crate) use settings;
