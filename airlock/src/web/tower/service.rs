//! A service whose every call is a scope.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Answer, LayerSettings, ScopeBody};
use crate::core::background::detached_flush::DetachedFlush;
use crate::core::scope::{Scope, Sealed};
use crate::core::stack::scoped_future::ScopedFuture;
use crate::web::Head;
use crate::web::handle::{RequestEnd, end};
use crate::web::head::succeeded;

/// A service whose every request is a scope; made by [`ScopeLayer`](super::ScopeLayer).
#[derive(Clone)]
pub struct ScopeService<S, A = super::Plain> {
    inner: S,
    settings: Arc<ServiceSettings<A>>,
}

/// How requests' scopes begin and end, shared by the service and the requests in flight.
struct ServiceSettings<A> {
    layer: LayerSettings,
    answer: A,
}

impl<S, A> ScopeService<S, A> {
    pub(super) fn new(inner: S, settings: LayerSettings, answer: A) -> Self {
        Self { inner, settings: Arc::new(ServiceSettings { layer: settings, answer }) }
    }
}

impl<S, A, Q, B> Service<Request<Q>> for ScopeService<S, A>
where
    S: Service<Request<Q>, Response = Response<B>>,
    A: Answer<B>,
{
    type Response = Response<ScopeBody<B>>;
    type Error = S::Error;
    type Future = ScopeFuture<S::Future, B, A>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    /// Calls the inner service at once and in the scope: it may enqueue before its future is polled, and
    /// `poll_ready` was called on this one, not on a clone.
    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let (scope, request) = self.settings.scope(request);
        let inside = scope.around(|| self.inner.call(request));
        ScopeFuture { inside, flushing: None, settings: self.settings.clone() }
    }
}

impl<A> ServiceSettings<A> {
    fn scope<Q>(&self, request: Request<Q>) -> (Scope, Request<Q>) {
        if self.layer.scope.is_none() {
            return (self.layer.destination.of(None), request);
        }
        let (parts, body) = request.into_parts();
        let scope = self.layer.scope_by(|make| make(&parts));
        (scope, Request::from_parts(parts, body))
    }

    /// Whether to flush.
    fn succeeded<B>(&self, response: &Response<B>) -> bool {
        let status = response.status().as_u16();
        let Some(flush_when) = &self.layer.flush_when else {
            return succeeded(status) && grpc_succeeded(response);
        };
        with_head(response, |head| flush_when(head))
    }
}

pub(super) fn with_head<B, R>(response: &Response<B>, look: impl FnOnce(&Head<'_>) -> R) -> R {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let head = Head::new(response.status().as_u16(), &header);
    look(&head.with_extensions(response.extensions()))
}

/// A gRPC error that is known when the headers are sent is in them, with a status of 200.
fn grpc_succeeded<B>(response: &Response<B>) -> bool {
    response.headers().get("grpc-status").is_none_or(|status| status == "0")
}

impl<S: fmt::Debug, A> fmt::Debug for ScopeService<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeService")
            .field("inner", &self.inner)
            .field("settings", &self.settings.layer)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A request in its scope, and then the flush; made by [`ScopeService`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct ScopeFuture<F, B, A> {
        #[pin]
        inside: ScopedFuture<F>,
        flushing: Option<(DetachedFlush, Response<B>)>,
        settings: Arc<ServiceSettings<A>>,
    }
}

impl<F, B, E, A> Future for ScopeFuture<F, B, A>
where
    F: Future<Output = Result<Response<B>, E>>,
    A: Answer<B>,
{
    type Output = Result<Response<ScopeBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        if this.flushing.is_none() {
            let mut inside = this.inside;
            let handled = ready!(inside.as_mut().poll_output_caught(cx));
            // Most requests enqueue nothing: their scopes should cost nothing.
            if this.settings.layer.flush_when.is_none() && inside.as_mut().leave_untouched() {
                return Poll::Ready(handled.map(|response| response.map(ScopeBody::given)));
            }
            // Sealed before the rule is called, which may panic.
            let sealed = Sealed::of(inside.take_environment());
            let succeeded =
                handled.as_ref().is_ok_and(|response| this.settings.succeeded(response));
            let ended = end(sealed, succeeded, this.settings.layer.after_response);
            let response = match handled {
                Err(error) => return Poll::Ready(Err(error)),
                Ok(response) => response,
            };
            let then = match ended {
                RequestEnd::Done => None,
                RequestEnd::AfterResponse(then) => Some(then),
                RequestEnd::Flushing(flushing) => {
                    *this.flushing = Some((flushing, response));
                    return self.poll(cx);
                }
            };
            return Poll::Ready(Ok(response.map(|body| ScopeBody::followed(body, then))));
        }
        let Some((flushing, _)) = this.flushing else { unreachable!("it was put there above") };
        let flushed = ready!(Pin::new(flushing).poll(cx));
        let Some((_, response)) = this.flushing.take() else { unreachable!("it was polled above") };
        Poll::Ready(Ok(match flushed {
            Ok(()) => response.map(ScopeBody::given),
            Err(error) => this.settings.answer.answer(error, response),
        }))
    }
}

impl<F, B, A> fmt::Debug for ScopeFuture<F, B, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeFuture").finish_non_exhaustive()
    }
}
