//! actix-web: a middleware that makes every request a scope.
//!
//! ```
//! use actix_web::{App, HttpResponse, web};
//! use airlock::actix::ScopeMiddleware;
//!
//! #[airlock::task]
//! fn send_mail(order_id: u64) {}
//!
//! async fn place_order() -> HttpResponse {
//!     match send_mail::enqueue(42) {
//!         Ok(()) => HttpResponse::Created().finish(),     // the mail leaves, then the answer
//!         Err(_) => HttpResponse::ServiceUnavailable().finish(),
//!     }
//! }
//!
//! let app = App::new().wrap(ScopeMiddleware::new()).route("/orders", web::post().to(place_order));
//! ```
//!
//! A status below 400 flushes; any other one, such as an error's, and a panic discard. A request whose client has
//! disconnected flushes, because actix-web runs its handler to the end.

use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Context, Poll};

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, ResponseError};

use crate::core::scope::Scope;
use crate::web::adapter::OnFlushError;
use crate::web::current_scope::current_scope;
use crate::web::head::succeeded;
use crate::web::replaced::kept;
use crate::web::settings::{FAILED, RequestSettings, settings};
use crate::web::{Followed, Head, handle};

type MiddlewareSettings =
    RequestSettings<dyn Fn(&ServiceRequest) -> Scope + Send + Sync, OnFlushError<HttpResponse>>;

/// Makes every request a scope.
///
/// # Examples
///
/// ```
/// use actix_web::{App, HttpResponse};
/// use airlock::DropAll;
/// use airlock::actix::ScopeMiddleware;
///
/// let scopes = ScopeMiddleware::new()
///     .scope(|request| {
///         let dry_run = request.headers().contains_key("x-dry-run");
///         if dry_run { airlock::scope().policy(DropAll) } else { airlock::scope() }
///     })
///     .flush_when(|response| response.status() < 400 || response.status() == 409)
///     .on_flush_error(|error, _| {
///         eprintln!("{error}");
///         Some(HttpResponse::ServiceUnavailable().finish())
///     });
/// let app = App::new().wrap(scopes);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a middleware does nothing until an app has it: `.wrap(ScopeMiddleware::new())`"]
pub struct ScopeMiddleware {
    settings: MiddlewareSettings,
}

impl ScopeMiddleware {
    /// A middleware that answers a failed flush with a 500 and a text that gives nothing away, and logs the
    /// error, with the effects that did not leave.
    pub fn new() -> Self {
        Self { settings: RequestSettings::new() }
    }

    settings!(ServiceRequest, HttpResponse);
}

impl Default for ScopeMiddleware {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, B> Transform<S, ServiceRequest> for ScopeMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<Followed<B>>>;
    type Error = Error;
    type Transform = ScopeService<S>;
    type InitError = ();
    type Future = Ready<Result<ScopeService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        self.settings.say_where_effects_go();
        ready(Ok(ScopeService { inner, settings: Rc::new(self.settings.clone()) }))
    }
}

/// A service whose every request is a scope; made by [`ScopeMiddleware`].
pub struct ScopeService<S> {
    inner: S,
    settings: Rc<MiddlewareSettings>,
}

impl<S, B> Service<ServiceRequest> for ScopeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<Followed<B>>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let settings = self.settings.clone();
        let scope = settings.scope_by(|make| make(&request));
        let inside = scope.around(|| self.inner.call(request));
        Box::pin(async move {
            let (handled, sealed) = handle::run(inside).await;
            let succeeded = with_head(&handled, |head| settings.succeeded(head));
            let ended = match settings.end(sealed, succeeded).await {
                Ok(then) => Ok(then),
                Err(error) => with_head(&handled, |head| settings.answer(error, head, failed))
                    .map_or(Ok(None), Err),
            };
            match (handled, ended) {
                (Ok(response), Ok(then)) => {
                    Ok(response.map_body(|_, body| EitherBody::left(Followed { body, then })))
                }
                (Ok(response), Err(answer)) => {
                    let answer = keep(response.headers(), answer);
                    Ok(response.into_response(answer.map_into_right_body()))
                }
                // actix-web makes an error's response outside the scope, so a flush after it begins now.
                (Err(error), Ok(_)) => Err(error),
                (Err(error), Err(answer)) => {
                    let answer = keep(error.error_response().headers(), answer);
                    Err(InternalError::from_response(error, answer).into())
                }
            }
        })
    }
}

fn with_head<B, R>(
    handled: &Result<ServiceResponse<B>, Error>,
    look: impl FnOnce(&Head<'_>) -> R,
) -> R {
    match handled {
        Ok(response) => look(&Head::new(response.status().as_u16(), &|name| {
            response.headers().get(name).and_then(|value| value.to_str().ok())
        })),
        Err(error) => {
            let status = error.as_response_error().status_code();
            look(&Head::new(status.as_u16(), &|_| None))
        }
    }
}

impl<B: MessageBody> MessageBody for Followed<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        let this = self.project();
        let piece = task::ready!(this.body.poll_next(cx));
        if piece.is_none() {
            *this.then = None;
        }
        Poll::Ready(piece)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, then } = self;
        body.try_into_bytes().map_err(|body| Self { body, then })
    }
}

fn keep(given: &HeaderMap, mut answer: HttpResponse) -> HttpResponse {
    let kept = kept(given, |name| answer.headers().contains_key(*name));
    for (name, value) in kept {
        answer.headers_mut().append(name.clone(), value.clone());
    }
    answer
}

fn failed() -> HttpResponse {
    HttpResponse::InternalServerError().content_type("text/plain; charset=utf-8").body(FAILED)
}

impl<S> fmt::Debug for ScopeService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeService").field("settings", &self.settings).finish_non_exhaustive()
    }
}

current_scope! {
    /// ```
    /// use actix_web::{App, web};
    /// use airlock::actix::{CurrentScope, ScopeMiddleware};
    ///
    /// async fn effects(CurrentScope(scope): CurrentScope) -> String {
    ///     scope.to_string()                               // the table of what is enqueued so far
    /// }
    ///
    /// let app = App::new().wrap(ScopeMiddleware::new()).route("/effects", web::get().to(effects));
    /// ```
    else NoScopeMiddleware, add "`.wrap(airlock::actix::ScopeMiddleware::new())` to its app":
    /// ```
    /// use actix_web::ResponseError;
    ///
    /// assert_eq!(airlock::actix::NoScopeMiddleware.status_code(), 500);
    /// ```
}

impl FromRequest for CurrentScope {
    type Error = NoScopeMiddleware;
    type Future = Ready<Result<Self, NoScopeMiddleware>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::find())
    }
}

/// A 500 with this error's text.
impl ResponseError for NoScopeMiddleware {}

/// Below 400, as an answer of the middleware is judged.
impl<B> crate::core::scope::Outcome for HttpResponse<B> {
    fn succeeded(&self) -> bool {
        succeeded(self.status().as_u16())
    }
}
