//! poem: a middleware that makes every request a scope.
//!
//! ```
//! use airlock::poem::ScopeMiddleware;
//! use poem::http::StatusCode;
//! use poem::{EndpointExt, Route, endpoint::make, post};
//!
//! #[airlock::task]
//! fn send_mail(order_id: u64) {}
//!
//! let place_order = make(async |_| {
//!     send_mail::enqueue(42).map_err(poem::error::ServiceUnavailable)?;
//!     Ok::<_, poem::Error>(StatusCode::CREATED)           // the mail leaves, then the answer
//! });
//! let app = Route::new().at("/orders", post(place_order)).with(ScopeMiddleware::new());
//! ```
//!
//! A status below 400 flushes; any other one, such as an error's, and a panic discard. A request whose client has
//! disconnected flushes, because poem runs its handler to the end.

use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use poem::error::ResponseError;
use poem::http::{StatusCode, header};
use poem::{Endpoint, FromRequest, IntoResponse, Middleware, Request, RequestBody, Response};

use crate::core::scope::Scope;
use crate::web::adapter::OnFlushError;
use crate::web::after_response::AfterResponse;
use crate::web::current_scope::current_scope;
use crate::web::head::succeeded;
use crate::web::replaced::kept;
use crate::web::settings::{FAILED, RequestSettings, settings};
use crate::web::{Followed, Head, handle};

type MiddlewareSettings =
    RequestSettings<dyn Fn(&Request) -> Scope + Send + Sync, OnFlushError<Response>>;

/// Makes every request a scope.
///
/// # Examples
///
/// ```
/// use airlock::DropAll;
/// use airlock::poem::ScopeMiddleware;
/// use poem::http::StatusCode;
/// use poem::{EndpointExt, IntoResponse, Route};
///
/// let scopes = ScopeMiddleware::new()
///     .scope(|request| {
///         let dry_run = request.headers().contains_key("x-dry-run");
///         if dry_run { airlock::scope().policy(DropAll) } else { airlock::scope() }
///     })
///     .flush_when(|response| response.status() < 400 || response.status() == 409)
///     .on_flush_error(|error, _| {
///         eprintln!("{error}");
///         Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
///     });
/// let app = Route::new().with(scopes);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a middleware does nothing until an endpoint has it: `.with(ScopeMiddleware::new())`"]
pub struct ScopeMiddleware {
    settings: MiddlewareSettings,
}

impl ScopeMiddleware {
    /// A middleware that answers a failed flush with a 500 and a text that gives nothing away, and logs the
    /// error, with the effects that did not leave.
    pub fn new() -> Self {
        Self { settings: RequestSettings::new() }
    }

    settings!(Request, Response);
}

impl Default for ScopeMiddleware {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Endpoint> Middleware<E> for ScopeMiddleware {
    type Output = ScopeEndpoint<E>;

    fn transform(&self, inner: E) -> ScopeEndpoint<E> {
        self.settings.say_where_effects_go();
        ScopeEndpoint { inner, settings: Arc::new(self.settings.clone()) }
    }
}

/// An endpoint whose every request is a scope; made by [`ScopeMiddleware`].
#[derive(Debug)]
pub struct ScopeEndpoint<E> {
    inner: E,
    settings: Arc<MiddlewareSettings>,
}

impl<E: Endpoint> Endpoint for ScopeEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let settings = &self.settings;
        let scope = settings.scope_by(|make| make(&request));
        let inside = scope
            .around(|| async { self.inner.call(request).await.map(IntoResponse::into_response) });
        let (handled, sealed) = handle::run(inside).await;
        let succeeded = with_head(&handled, |head| settings.succeeded(head));
        match settings.end(sealed, succeeded).await {
            Err(error) => {
                let answer = with_head(&handled, |head| settings.answer(error, head, failed));
                let Some(answer) = answer else { return handled };
                let given = handled.unwrap_or_else(poem::Error::into_response);
                Ok(keep(&given, answer))
            }
            Ok(None) => handled,
            Ok(then) => handled.map(|response| followed(response, then)),
        }
    }
}

fn with_head<R>(handled: &poem::Result<Response>, look: impl FnOnce(&Head<'_>) -> R) -> R {
    match handled {
        Ok(response) => look(&Head::new(response.status().as_u16(), &|name| {
            response.headers().get(name).and_then(|value| value.to_str().ok())
        })),
        Err(error) => look(&Head::new(error.status().as_u16(), &|_| None)),
    }
}

/// Only for a response: poem makes an error's outside the scope, so a flush after it begins before.
fn followed(mut response: Response, then: Option<AfterResponse>) -> Response {
    let body = BoxBody::<_, _>::from(response.take_body());
    response.set_body(BoxBody::new(Followed { body, then }));
    response
}

fn keep(given: &Response, mut answer: Response) -> Response {
    let kept = kept(given.headers(), |name| answer.headers().contains_key(*name));
    for (name, value) in kept {
        answer.headers_mut().append(name, value.clone());
    }
    answer
}

fn failed() -> Response {
    Response::builder()
        .status(StatusCode::INTERNAL_SERVER_ERROR)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(FAILED)
}

current_scope! {
    /// ```
    /// use airlock::poem::{CurrentScope, ScopeMiddleware};
    /// use poem::{EndpointExt, Route, get, handler};
    ///
    /// #[handler]
    /// fn effects(CurrentScope(scope): CurrentScope) -> String {
    ///     scope.to_string()                               // the table of what is enqueued so far
    /// }
    ///
    /// let app = Route::new().at("/effects", get(effects)).with(ScopeMiddleware::new());
    /// ```
    else NoScopeMiddleware, add "`.with(airlock::poem::ScopeMiddleware::new())` to its routes":
    /// ```
    /// use poem::error::ResponseError;
    ///
    /// assert_eq!(airlock::poem::NoScopeMiddleware.status(), 500);
    /// ```
}

impl<'a> FromRequest<'a> for CurrentScope {
    async fn from_request(_: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::find()?)
    }
}

/// A 500 with this error's text.
impl ResponseError for NoScopeMiddleware {
    fn status(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// Below 400, as an answer under the middleware is judged.
impl crate::core::scope::Outcome for Response {
    fn succeeded(&self) -> bool {
        succeeded(self.status().as_u16())
    }
}
