//! The settings of a middleware: how requests' scopes begin and end.

use std::fmt;
use std::sync::Arc;

use crate::core::scope::Scope;
use crate::web::Head;
use crate::web::destination::Destination;

/// The text of a response whose request's effects could not leave. It gives nothing away.
#[cfg(feature = "_body")]
pub(crate) const FAILED: &str = "the request failed";

/// How requests' scopes begin and end. Each framework has its own types for the two closures: the one that makes a
/// scope, and the one that answers a failed flush.
pub(crate) struct RequestSettings<MakeScope: ?Sized, OnFlushError: ?Sized> {
    pub(crate) scope: Option<Arc<MakeScope>>,
    pub(crate) flush_when: Option<Arc<FlushWhen>>,
    pub(crate) on_flush_error: Option<Arc<OnFlushError>>,
    pub(crate) after_response: bool,
    pub(crate) destination: Destination,
}

type FlushWhen = dyn Fn(&Head<'_>) -> bool + Send + Sync;

impl<S: ?Sized, E: ?Sized> RequestSettings<S, E> {
    pub(crate) fn new() -> Self {
        Self {
            scope: None,
            flush_when: None,
            on_flush_error: None,
            after_response: false,
            destination: Destination::default(),
        }
    }

    /// Logs where the effects go, when the middleware is put around something.
    pub(crate) fn say_where_effects_go(&self) {
        self.destination.say(self.scope.is_some());
    }

    /// The scope of a request, as `make` makes it where there is one.
    pub(crate) fn scope_by(&self, make: impl FnOnce(&S) -> Scope) -> Scope {
        self.destination.of(self.scope.as_deref().map(make))
    }
}

impl<S: ?Sized, E: ?Sized> Clone for RequestSettings<S, E> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            flush_when: self.flush_when.clone(),
            on_flush_error: self.on_flush_error.clone(),
            after_response: self.after_response,
            destination: self.destination.clone(),
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
            .field("executor", &!self.destination.is_default())
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

        /// Carries out what requests enqueue, where `scope` names no executor.
        ///
        /// Without one it is the configured executor, and without that requests run their tasks themselves, before the
        /// response and without states.
        pub fn executor(mut self, executor: impl $crate::Executor) -> Self {
            self.settings.destination.executor(executor);
            self
        }

        /// Says which tasks requests run themselves where no executor is named, for [`check`](Self::check) and for the
        /// log: all that are linked in, unless named.
        pub fn serving(mut self, tasks: $crate::TaskSet) -> Self {
            self.settings.destination.serving(tasks);
            self
        }

        /// Checks before the first request that effects can leave: that tasks which requests run themselves take no
        /// states.
        ///
        /// # Errors
        ///
        /// [`StatesError`](crate::StatesError) where neither this nor [`configure`](crate::configure) names an executor,
        /// and a task takes a state. An executor that only the scope of a request names is not seen.
        pub fn check(self) -> Result<Self, $crate::StatesError> {
            self.settings.destination.check()?;
            Ok(self)
        }

        /// Decides from the response whether to flush; by default, a status below 400 flushes.
        pub fn flush_when(
            mut self,
            flush_when: impl Fn(&$crate::web::Head<'_>) -> bool + Send + Sync + 'static,
        ) -> Self {
            self.settings.flush_when = Some(::std::sync::Arc::new(flush_when));
            self
        }

        /// Answers a failed flush, in place of a 500. `answer` owns the error, with the effects that did not leave, and
        /// sees the head of the response; `None` keeps that response. The log has the verdict on each effect, and not
        /// the error.
        pub fn on_flush_error(
            mut self,
            answer: impl Fn($crate::FlushError, &$crate::web::Head<'_>) -> Option<$answer>
            + Send
            + Sync
            + 'static,
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
