//! axum: requests that end otherwise than by a response, and work that outlives its handler.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::tower::ScopeLayer;
use airlock::{EnqueueError, Handle, Why};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::StatusCode;
use hyper::body::Bytes;
use tokio::sync::mpsc;

use crate::support::{Effects, Server, eventually, hang_up, mail, request, send};

fn layer(effects: &Effects) -> ScopeLayer {
    let effects = effects.clone();
    ScopeLayer::new().scope(move |_| effects.scope())
}

#[tokio::test]
async fn a_handle_kept_beyond_the_request_is_closed() {
    let effects = Effects::new();
    let kept = Arc::new(Mutex::new(None::<Handle>));
    let keeps = kept.clone();
    let app = Router::new().route(
        "/",
        get(async move || {
            mail::enqueue(1).expect("inside a scope");
            *keeps.lock().expect("no panic") = airlock::current();
        }),
    );
    let server = Server::axum(app.layer(layer(&effects))).await;
    assert_eq!(server.get("/").await.0, 200);
    let kept = kept.lock().expect("no panic").take().expect("the handler put it there");
    assert!(matches!(kept.run(|| mail::enqueue(2)), Err(EnqueueError::Closed(..))));
    assert_eq!(effects.left(), ["mail(order: 1)"]);
}

/// What a body or a socket found when it enqueued after its handler's end.
fn found(result: &Result<(), EnqueueError>) -> &'static str {
    match result {
        Ok(()) => "in a scope",
        Err(EnqueueError::NoScope(..)) => "no scope",
        Err(EnqueueError::Closed(..)) => "closed",
        Err(_) => "something else",
    }
}

/// A body made by polling `next` until it ends.
struct Polled<F>(F);

impl<F: FnMut() -> Option<&'static str> + Unpin> hyper::body::Body for Polled<F> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        let next = (self.0)();
        std::task::Poll::Ready(next.map(|text| Ok(hyper::body::Frame::data(text.into()))))
    }
}

#[tokio::test]
async fn a_streamed_body_is_outside_the_scope() {
    async fn streams() -> Body {
        mail::enqueue(1).expect("inside a scope");
        let scope = airlock::current().expect("inside a scope");
        let mut lines = 0;
        Body::new(Polled(move || {
            lines += 1;
            match lines {
                1 => Some(found(&mail::enqueue(2))),
                2 => Some(" "),
                3 => Some(found(&scope.run(|| mail::enqueue(3)))),
                _ => None,
            }
        }))
    }
    let effects = Effects::new();
    let server = Server::axum(Router::new().route("/", get(streams)).layer(layer(&effects))).await;
    assert_eq!(server.get("/").await.1, "no scope closed");
    assert_eq!(
        effects.left(),
        ["mail(order: 1)"],
        "what the handler enqueued left before the body"
    );
}

#[tokio::test]
async fn a_stream_opens_a_scope_of_its_own_for_its_effects() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let streams = async move || {
        let (sender, mut rows) = mpsc::channel::<&'static str>(1);
        tokio::spawn(async move {
            let written = scopes.scope().run_async(async {
                mail::enqueue(4)?;
                Ok::<_, EnqueueError>(())
            });
            let done = matches!(written.await, Ok(Ok(())));
            let _ = sender.send(if done { "written" } else { "failed" }).await;
        });
        rows.recv().await.unwrap_or("nothing")
    };
    let server =
        Server::axum(Router::new().route("/", get(streams)).layer(ScopeLayer::new())).await;
    assert_eq!(server.get("/").await.1, "written");
    assert_eq!(effects.left(), ["mail(order: 4)"]);
}

/// Enqueues when it is dropped.
struct Farewell(u64);

impl Drop for Farewell {
    fn drop(&mut self) {
        mail::enqueue(self.0).expect("dropped inside the scope");
    }
}

#[tokio::test]
async fn destructors_run_in_the_scope() {
    async fn returns() {
        let _farewell = Farewell(1);
    }
    async fn waits() {
        let _farewell = Farewell(2);
        std::future::pending::<()>().await;
    }
    let effects = Effects::new();
    let app = Router::new().route("/returns", get(returns)).route("/waits", get(waits));
    let server = Server::axum(app.layer(layer(&effects))).await;
    server.get("/returns").await;
    hang_up(server.address, "/waits", effects.begun(2)).await;
    effects.ended(2).await;
    assert_eq!(effects.fates(), ["1: dispatched", "2: discarded: cancelled"]);
}

#[tokio::test]
async fn concurrent_requests_on_one_connection_are_scopes_of_their_own() {
    async fn waits(axum::extract::Path(order): axum::extract::Path<u64>) -> StatusCode {
        mail::enqueue(order).expect("inside a scope");
        tokio::time::sleep(Duration::from_millis(20)).await;
        mail::enqueue(order).expect("inside a scope");
        if order % 2 == 0 { StatusCode::OK } else { StatusCode::CONFLICT }
    }
    let effects = Effects::new();
    let app = Router::new().route("/{order}", get(waits)).layer(layer(&effects));
    let server = Server::axum(app).await;
    let requests: Vec<_> = (0..40)
        .map(|order| tokio::spawn(send(server.address, request(&format!("/{order}")))))
        .collect();
    for request in requests {
        request.await.expect("no panic").expect("an answer");
    }
    eventually("all end", || effects.reports().len() == 40).await;
    for report in effects.reports() {
        let orders: Vec<_> =
            report.entries().iter().map(|entry| entry.arguments().clone()).collect();
        assert_eq!(orders.len(), 2);
        assert_eq!(orders[0], orders[1]);
    }
    assert_eq!(effects.left().len(), 40);
    assert_eq!(effects.discarded(Why::Error), 40);
}
