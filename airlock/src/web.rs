//! What the web frameworks share: a scope's future that knows of panics, and a flush that no client
//! can break off by going away.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::tokio::runtime::Handle;
use ::tokio::task::JoinHandle;

use crate::executor::DispatchError;
use crate::report::Report;
use crate::scope::chunks::Undone;
use crate::scope::flush::Flush;
use crate::{FlushError, Sealed, events};

/// What a client is told when its request's effects could not leave.
#[cfg(any(feature = "actix", feature = "poem", feature = "salvo", feature = "tower"))]
pub(crate) const FAILED: &str = "the request failed";

/// How requests' scopes begin and end. The three are types of closures, which each framework has its
/// own of: what makes a scope, what decides, and what answers a failed flush.
pub(crate) struct Settings<Scope: ?Sized, FlushWhen: ?Sized, OnFlushError: ?Sized> {
    pub(crate) scope: Option<Arc<Scope>>,
    pub(crate) flush_when: Option<Arc<FlushWhen>>,
    pub(crate) on_flush_error: Option<Arc<OnFlushError>>,
    pub(crate) after_response: bool,
}

impl<S: ?Sized, W: ?Sized, E: ?Sized> Settings<S, W, E> {
    pub(crate) const fn new() -> Self {
        Self { scope: None, flush_when: None, on_flush_error: None, after_response: false }
    }
}

impl<S: ?Sized, W: ?Sized, E: ?Sized> Clone for Settings<S, W, E> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            flush_when: self.flush_when.clone(),
            on_flush_error: self.on_flush_error.clone(),
            after_response: self.after_response,
        }
    }
}

impl<S: ?Sized, W: ?Sized, E: ?Sized> fmt::Debug for Settings<S, W, E> {
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
    ($request:ty, $status:ty, $answer:ty) => {
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

        /// Decides by the response's status whether to flush; below 400 unless told otherwise.
        pub fn flush_when(
            mut self,
            flush_when: impl Fn($status) -> bool + Send + Sync + 'static,
        ) -> Self {
            self.settings.flush_when = Some(::std::sync::Arc::new(flush_when));
            self
        }

        /// Answers a failed flush, in place of a 500. The error is `answer`'s: whatever did not leave is in
        /// it, and nothing is logged.
        pub fn on_flush_error(
            mut self,
            answer: impl Fn($crate::FlushError) -> $answer + Send + Sync + 'static,
        ) -> Self {
            self.settings.on_flush_error = Some(::std::sync::Arc::new(answer));
            self
        }

        /// Hands the response to the server first and flushes then, in a task of its own. A flush that
        /// fails is logged: nobody is left to tell.
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
    use std::future::poll_fn;
    use std::pin::pin;

    use super::Settings;
    use crate::scope::inside::Inside;
    use crate::{FlushError, Sealed, events};

    /// Handles a request in its scope.
    pub(crate) async fn handle<F: Future>(inside: Inside<F>) -> (F::Output, Sealed) {
        let mut inside = pin!(inside);
        let (value, seat) = poll_fn(|cx| inside.as_mut().poll_caught(cx)).await;
        (value, Sealed::of(seat))
    }

    impl<S: ?Sized, Status, A> Settings<S, dyn Fn(Status) -> bool + Send + Sync, OnFlushError<A>> {
        /// Ends the scope of a request that was answered with `status`, which is below 400 if `succeeded`.
        /// What to answer instead, where its flush failed.
        pub(crate) async fn end(
            &self,
            sealed: Sealed,
            status: Status,
            succeeded: bool,
            failed: impl FnOnce() -> A,
        ) -> Option<A> {
            let flush_when = self.flush_when.as_ref();
            let succeeded = flush_when.map_or(succeeded, |flush_when| flush_when(status));
            let error = super::end(sealed, succeeded, self.after_response)?.await.err()?;
            Some(match &self.on_flush_error {
                Some(answer) => answer(error),
                None => {
                    events::failed_elsewhere(&error);
                    failed()
                }
            })
        }
    }

    pub(crate) type OnFlushError<A> = dyn Fn(FlushError) -> A + Send + Sync;
}

/// Ends a request's scope. What is left to wait for is the flush, if there is one and the response
/// is to wait for it.
pub(crate) fn end(sealed: Sealed, succeeded: bool, after_response: bool) -> Option<Flushing> {
    let flush = sealed.decide_apart(succeeded)?;
    let Ok(runtime) = Handle::try_current() else {
        return Some(Flushing::Here(Box::pin(flush.run_async())));
    };
    let flushed = carried_along(flush);
    if !after_response {
        return Some(Flushing::Apart(runtime.spawn(flushed)));
    }
    runtime.spawn(async {
        if let Err(error) = flushed.await {
            events::failed_elsewhere(&error);
        }
    });
    None
}

/// The flush as a part of the span and trace in force here, whatever task it runs in.
fn carried_along(flush: Flush) -> impl Future<Output = Result<(), FlushError>> + Send {
    let flushed = events::carried_along(flush.run_async());
    #[cfg(feature = "opentelemetry")]
    let flushed = crate::opentelemetry::carried_along(flushed);
    flushed
}

/// A flush on its way.
pub(crate) enum Flushing {
    /// In a task of its own, which goes on when nobody waits for it any more.
    Apart(JoinHandle<Result<(), FlushError>>),
    /// Where there is no runtime to spawn it on.
    Here(Pin<Box<dyn Future<Output = Result<(), FlushError>> + Send>>),
}

impl Future for Flushing {
    type Output = Result<(), FlushError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let joined = match &mut *self {
            Self::Here(flushed) => return flushed.as_mut().poll(cx),
            Self::Apart(flushed) => ready!(Pin::new(flushed).poll(cx)),
        };
        Poll::Ready(joined.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The flush itself has told of its intents when the runtime dropped it.
            Err(_) => Err(FlushError::new(
                Report::default(),
                Undone::of(DispatchError::refused("the Tokio runtime has shut down"), 0),
                Vec::new(),
            )),
        }))
    }
}
