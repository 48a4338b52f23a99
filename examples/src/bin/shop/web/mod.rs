//! The service's addresses, and what stands before all of them.
//!
//! ```text
//! GET  /orders                  the last orders
//! POST /orders                  place one
//! GET  /orders/new              the form for that
//! GET  /orders/ID               one order, with what its requests asked for
//! POST /orders/ID/ship          ship it
//! POST /orders/ID/cancel        cancel it
//! GET  /effects                 what all requests asked for, and what became of it
//! GET  /mails/FILE              a mail that was delivered
//! POST /admin/orders            place one for a customer who knows: no confirmation
//! ```
//!
//! `Accept: application/json` asks for JSON. `X-Dry-Run: 1` asks what would happen, and changes nothing.

mod answer;
mod asked;
mod input;
mod look;
mod origin;
mod place;
mod turn;

use std::sync::Arc;

use airlock::tower::ScopeLayer;
use airlock::{Scope, block_tasks};
use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::outbox::Outbox;
use crate::store::{Jobs, Store};
use crate::tasks::send_confirmation;

pub(crate) use asked::Asked;
pub(crate) use input::Fields;

/// What handlers need.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) outbox: Outbox,
    pub(crate) admin_token: Arc<str>,
    /// What `Host` may name, beside this machine.
    pub(crate) hosts: Arc<[String]>,
}

/// The service.
pub(crate) fn app(shop: Shop) -> Router {
    // Whatever is enqueued under /admin is judged by this, however the code there nests its scopes.
    let quiet = ScopeLayer::new()
        .scope(|_| airlock::scope().named("admin").policy(block_tasks![send_confirmation]));
    let admin = Router::new()
        .route("/orders", post(place::place))
        .layer(quiet)
        .layer(from_fn_with_state(shop.clone(), asked::admins_only));
    let jobs = Arc::new(shop.store.jobs().clone());
    Router::new()
        .route("/", get(|| async { Redirect::to("/orders") }))
        .route("/style.css", get(look::style))
        .route("/orders", get(look::orders).post(place::place))
        .route("/orders/new", get(look::form))
        .route("/orders/{id}", get(look::order))
        .route("/orders/{id}/ship", post(turn::ship))
        .route("/orders/{id}/cancel", post(turn::cancel))
        .route("/effects", get(look::effects))
        .route("/mails/{file}", get(look::mail))
        .nest("/admin", admin)
        .fallback(look::nothing)
        .method_not_allowed_fallback(look::not_so)
        .layer(ScopeLayer::new().scope(move |request| request_scope(request, &jobs)))
        .layer(from_fn_with_state(shop.clone(), origin::own))
        .layer(from_fn_with_state(shop.clone(), asked::how))
        .layer(map_response(harmless))
        .with_state(shop)
}

/// What a request enqueues outside a transaction leaves for the queue if it is answered well, and never
/// in a dry run.
fn request_scope(request: &Parts, jobs: &Arc<Jobs>) -> Scope {
    let dry_run = request.extensions.get::<Asked>().is_some_and(|asked| asked.dry_run);
    let scope = airlock::scope().named("request").executor(Arc::clone(jobs));
    scope.flush_if(move |succeeded| succeeded && !dry_run)
}

/// Pages run no scripts, and are in no frames.
async fn harmless<B>(mut response: Response<B>) -> Response<B> {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A header's text, where it has one.
fn header_of<'r, B>(request: &'r Request<B>, name: &str) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
