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
//! A status below 400 flushes; any other, an error's included, and a panic discard. poem lets a handler run on
//! when its client has gone, and so it flushes.

use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use poem::http::{StatusCode, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response};

use crate::Scope;
use crate::web::after_response::AfterResponse;
use crate::web::settings::{FAILED, OnFlushError, Settings, settings};
use crate::web::{self, Followed};

type MiddlewareSettings = Settings<
    dyn Fn(&Request) -> Scope + Send + Sync,
    dyn Fn(StatusCode) -> bool + Send + Sync,
    OnFlushError<Response>,
>;

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
///     .flush_when(|status| status.is_success() || status == StatusCode::CONFLICT)
///     .on_flush_error(|error| {
///         eprintln!("{error}");
///         StatusCode::SERVICE_UNAVAILABLE.into_response()
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
    /// error, with what did not leave.
    pub fn new() -> Self {
        Self { settings: Settings::new() }
    }

    settings!(Request, StatusCode, Response);
}

impl Default for ScopeMiddleware {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Endpoint> Middleware<E> for ScopeMiddleware {
    type Output = ScopeEndpoint<E>;

    fn transform(&self, inner: E) -> ScopeEndpoint<E> {
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
        let scope = settings.scope.as_ref().map_or_else(crate::scope, |scope| scope(&request));
        let inside = scope
            .around(|| async { self.inner.call(request).await.map(IntoResponse::into_response) });
        let (handled, sealed) = web::run(inside).await;
        let status = match &handled {
            Ok(response) => response.status(),
            Err(error) => error.status(),
        };
        let succeeded = status.as_u16() < 400;
        match settings.end(sealed, status, succeeded, failed).await {
            Err(answer) => Ok(answer),
            Ok(None) => handled,
            Ok(then) => handled.map(|response| followed(response, then)),
        }
    }
}

/// An error's response is made outside: what is to wait for its end begins before.
fn followed(mut response: Response, then: Option<AfterResponse>) -> Response {
    let body = BoxBody::<_, _>::from(response.take_body());
    response.set_body(BoxBody::new(Followed { body, then }));
    response
}

fn failed() -> Response {
    Response::builder()
        .status(StatusCode::INTERNAL_SERVER_ERROR)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(FAILED)
}

/// Below 400, as an answer under the middleware is judged.
impl crate::Outcome for Response {
    fn succeeded(&self) -> bool {
        self.status().as_u16() < 400
    }
}
