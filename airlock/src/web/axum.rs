//! axum: an extractor for the scope of a request, besides [`tower::ScopeLayer`](crate::tower::ScopeLayer).

use ::http::request::Parts;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};

use crate::web::current_scope::current_scope;

current_scope! {
    /// ```
    /// use airlock::axum::CurrentScope;
    ///
    /// async fn effects(CurrentScope(scope): CurrentScope) -> String {
    ///     scope.to_string()                               // the table of what is enqueued so far
    /// }
    ///
    /// let app: axum::Router = axum::Router::new()
    ///     .route("/effects", axum::routing::get(effects))
    ///     .layer(airlock::tower::ScopeLayer::new());
    /// ```
    else NoScopeLayer, add "`.layer(airlock::tower::ScopeLayer::new())` to its router, after its routes":
    /// ```
    /// use axum::response::IntoResponse;
    ///
    /// assert_eq!(airlock::axum::NoScopeLayer.into_response().status(), 500);
    /// ```
}

impl<S: Sync> FromRequestParts<S> for CurrentScope {
    type Rejection = NoScopeLayer;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, NoScopeLayer> {
        Self::find()
    }
}

impl IntoResponse for NoScopeLayer {
    fn into_response(self) -> Response {
        (::http::StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
