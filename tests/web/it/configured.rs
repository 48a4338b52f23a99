//! Overrides of the configuration around a request: its scope and its flush are under them, whatever task
//! the flush runs in.

use airlock::tower::ScopeLayer;
use airlock::{DropAll, EnqueueError};
use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use http::StatusCode;

use crate::support::{Effects, Server, eventually, mail};

/// Enqueues as many as the path says.
async fn mails(Path(count): Path<u64>) -> StatusCode {
    for order in 1..=count {
        match mail::enqueue(order) {
            Ok(()) => {}
            Err(EnqueueError::Full(..)) => return StatusCode::PAYLOAD_TOO_LARGE,
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
    StatusCode::OK
}

/// The routes under a layer that is told nothing, and that under `configured`.
async fn serve<F>(layer: ScopeLayer, configured: F) -> Server
where
    F: Fn() -> airlock::Configuration + Clone + Send + Sync + 'static,
{
    let overriding = move |request: Request, next: Next| {
        let configured = configured();
        async move { configured.run_async(next.run(request)).await }
    };
    let routes =
        Router::new().route("/{count}", get(mails)).route("/stocktaking", get(stocktaking));
    Server::axum(routes.layer(layer).layer(from_fn(overriding))).await
}

#[tokio::test]
async fn the_configured_executor_carries_out_the_flush() {
    let effects = Effects::new();
    let configured = effects.clone();
    let configured = move || airlock::configure().executor(configured.executor());
    let server = serve(ScopeLayer::new(), configured.clone()).await;
    assert_eq!(server.get("/2").await.0, 200);
    assert_eq!(effects.left(), ["mail(order: 1)", "mail(order: 2)"]);

    let server = serve(ScopeLayer::new().after_response(), configured).await;
    assert_eq!(server.get("/1").await.0, 200);
    eventually("the mail leaves", || effects.left().len() == 3).await;
}

#[tokio::test]
async fn the_configured_policy_judges_a_request() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let layer = ScopeLayer::new().scope(move |_| scopes.scope());
    let server = serve(layer, || airlock::configure().policy(DropAll)).await;
    assert_eq!(server.get("/1").await.0, 200);
    assert_eq!(effects.fates(), ["1: dropped by DropAll"]);
}

#[tokio::test]
async fn the_configured_limit_is_a_requests() {
    let effects = Effects::new();
    let configured = effects.clone();
    let configured = move || airlock::configure().executor(configured.executor()).limit(2);
    let server = serve(ScopeLayer::new(), configured).await;
    assert_eq!(server.get("/2").await.0, 200);
    assert_eq!(server.get("/3").await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(effects.left().len(), 2);
}

async fn stocktaking() {
    take_stock::enqueue().expect("inside a scope");
}

/// Fails unless two intents find room in its scope.
#[airlock::task]
fn take_stock() -> Result<(), EnqueueError> {
    counted::enqueue("lamps".to_owned())?;
    counted::enqueue("kettles".to_owned())
}

#[airlock::task]
fn counted(item: String) {
    assert!(!item.is_empty(), "everything has a name");
}

#[tokio::test]
async fn a_task_that_the_flush_runs_is_configured_like_its_request() {
    let roomy = serve(ScopeLayer::new(), airlock::configure).await;
    assert_eq!(roomy.get("/stocktaking").await.0, 200);
    let tight = serve(ScopeLayer::new(), || airlock::configure().limit(1)).await;
    let (status, _) = tight.get("/stocktaking").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "the task had no room for two");
}
