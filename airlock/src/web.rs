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
use crate::{FlushError, Scope, Sealed, events};

/// What a client is told when its request's effects could not leave.
pub(crate) const FAILED: &str = "the request failed";

type MakeScope<Request> = Arc<dyn Fn(&Request) -> Scope + Send + Sync>;
type FlushWhen<Response> = Arc<dyn Fn(&Response) -> bool + Send + Sync>;

/// How requests' scopes begin and end.
pub(crate) struct Settings<Request, Response> {
    pub(crate) scope: Option<MakeScope<Request>>,
    pub(crate) flush_when: Option<FlushWhen<Response>>,
    pub(crate) after_response: bool,
}

impl<Request, Response> Settings<Request, Response> {
    pub(crate) fn new() -> Self {
        Self { scope: None, flush_when: None, after_response: false }
    }

    /// The scope of a request.
    #[cfg(any(feature = "actix", feature = "poem", feature = "salvo"))]
    pub(crate) fn scope(&self, request: &Request) -> Scope {
        self.scope.as_ref().map_or_else(crate::scope, |scope| scope(request))
    }
}

impl<Request, Response> Clone for Settings<Request, Response> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            flush_when: self.flush_when.clone(),
            after_response: self.after_response,
        }
    }
}

impl<Request, Response> fmt::Debug for Settings<Request, Response> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("scope", &self.scope.as_ref().map(|_| "set"))
            .field("flush_when", &self.flush_when.as_ref().map(|_| "set"))
            .field("after_response", &self.after_response)
            .finish()
    }
}

/// Ends a request's scope. What is left to wait for is the flush, if there is one and the response
/// is to wait for it.
pub(crate) fn end(sealed: Sealed, succeeded: bool, after_response: bool) -> Option<Flushing> {
    let flushing = Flushing::begin(sealed.decide_apart(succeeded)?);
    match flushing {
        Flushing::Apart(flushed) if after_response => {
            spawn(async {
                if let Err(error) = Flushing::Apart(flushed).await {
                    events::failed_elsewhere(&error);
                }
            });
            None
        }
        flushing => Some(flushing),
    }
}

/// A flush on its way.
pub(crate) enum Flushing {
    /// In a task of its own, which goes on when nobody waits for it any more.
    Apart(JoinHandle<Result<(), FlushError>>),
    /// Where there is no runtime to spawn it on.
    Here(Pin<Box<dyn Future<Output = Result<(), FlushError>> + Send>>),
}

impl Flushing {
    fn begin(flush: Flush) -> Self {
        let flushed = events::carried_along(flush.run_async());
        #[cfg(feature = "opentelemetry")]
        let flushed = crate::opentelemetry::carried_along(flushed);
        match Handle::try_current() {
            Ok(runtime) => Self::Apart(runtime.spawn(flushed)),
            Err(_) => Self::Here(Box::pin(flushed)),
        }
    }
}

fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(future);
    }
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
