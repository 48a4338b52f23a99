//! axum: an extractor for the scope of a request, besides [`tower::ScopeLayer`](crate::tower::ScopeLayer).

use std::fmt;

use ::http::request::Parts;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};

use crate::Handle;

/// The scope that a handler runs in, as an extractor: what [`airlock::current()`](crate::current) gives, and
/// an error where no layer made one.
///
/// # Examples
///
/// ```
/// use airlock::axum::CurrentScope;
///
/// async fn effects(CurrentScope(scope): CurrentScope) -> String {
///     scope.to_string()                                   // the table of what is enqueued so far
/// }
///
/// let app: axum::Router = axum::Router::new()
///     .route("/effects", axum::routing::get(effects))
///     .layer(airlock::tower::ScopeLayer::new());
/// ```
#[derive(Clone, Debug)]
pub struct CurrentScope(pub Handle);

impl<S: Sync> FromRequestParts<S> for CurrentScope {
    type Rejection = NoScopeLayer;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, NoScopeLayer> {
        crate::current().map(Self).ok_or(NoScopeLayer)
    }
}

/// A handler asked for its scope, and there is no layer that makes one.
///
/// # Examples
///
/// ```
/// use axum::response::IntoResponse;
///
/// assert_eq!(airlock::axum::NoScopeLayer.into_response().status(), 500);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NoScopeLayer;

impl fmt::Display for NoScopeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a handler asks for `CurrentScope` and no scope is around it: add \
             `.layer(airlock::tower::ScopeLayer::new())` to its router, after its routes",
        )
    }
}

impl std::error::Error for NoScopeLayer {}

impl IntoResponse for NoScopeLayer {
    fn into_response(self) -> Response {
        (::http::StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
