//! Servers that shut down while effects are still leaving, and whoever waits for those.

use std::time::Duration;

use airlock::tokio::wait_for_flushes;
use airlock::tower::ScopeLayer;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::frameworks::stream;
use crate::support::{Effects, hang_up, hang_up_in, listen, mail, open, request, send};

/// It fails in place of a hang: what other tests of this process have on its way is waited for as well.
const PATIENCE: Duration = Duration::from_mins(5);

/// A server of axum that shuts down gracefully when it is told to, and has then let its runtime end.
struct Shop {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Vec<String>>,
    thread: std::thread::JoinHandle<()>,
}

impl Shop {
    /// On a runtime of its own. Flushes are held. When the server has ended it tells what has left by then;
    /// if it `waits`, it lets them go and waits for them.
    async fn open(effects: &Effects, waits: bool) -> Self {
        let (told, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (tell, ended) = oneshot::channel();
        let effects = effects.clone();
        let serve = async move {
            let scopes = effects.clone();
            let order = async || mail::enqueue(1).expect("inside a scope");
            let scopes = ScopeLayer::new().scope(move |request| {
                let is_endless =
                    request.headers.get("x-scope").is_some_and(|scope| scope == "endless");
                if is_endless { scopes.endless_scope() } else { scopes.held_scope() }
            });
            let streams =
                Router::new().route("/stream", get(async || Body::from_stream(stream().await)));
            let app = Router::new()
                .route("/", get(order))
                .layer(scopes.clone())
                .merge(streams.layer(scopes.after_response()));
            let (listener, address) = listen().await;
            told.send(address).expect("the test waits");
            let stopped = async { stopped.await.expect("the test says so") };
            axum::serve(listener, app).with_graceful_shutdown(stopped).await.expect("it serves");
            tell.send(effects.left()).expect("the test waits");
            if waits {
                effects.let_go();
                wait_for_flushes().await;
            }
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(serve);
        });
        Self { address: address.await.expect("it listens"), stop, ended, thread }
    }

    /// What had left when the server had ended; its runtime has ended by now.
    async fn shut_down(self) -> Vec<String> {
        self.stop.send(()).expect("it serves");
        let left = self.ended.await.expect("it ends");
        tokio::task::spawn_blocking(|| self.thread.join())
            .await
            .expect("joined")
            .expect("no panic");
        left
    }
}

#[tokio::test]
async fn a_server_does_not_wait_for_flushes_of_clients_that_have_gone() {
    let effects = Effects::new();
    let shop = Shop::open(&effects, false).await;
    hang_up(shop.address, "/", effects.flushing(1)).await;
    assert_eq!(shop.shut_down().await, [""; 0]);
    assert_eq!(effects.fates(), ["1: discarded: cancelled"], "which ended with the runtime");
}

#[tokio::test]
async fn whoever_waits_finds_their_effects_there() {
    let effects = Effects::new();
    let shop = Shop::open(&effects, true).await;
    hang_up(shop.address, "/", effects.flushing(1)).await;
    assert_eq!(shop.shut_down().await, [""; 0], "the server had ended before");
    assert_eq!(effects.fates(), ["1: dispatched"]);
}

#[tokio::test]
async fn so_do_those_after_the_response_with_and_without_its_client() {
    let effects = Effects::new();
    let shop = Shop::open(&effects, true).await;
    let (status, _) = send(shop.address, request("/stream")).await.expect("an answer");
    assert_eq!(status, 200);
    let response = open(shop.address, request("/stream")).await.expect("it begins");
    drop(response);
    shop.shut_down().await;
    assert_eq!(effects.fates(), ["5: dispatched", "5: dispatched"]);
}

/// The test's runtime waits for what is on the server's.
#[tokio::test]
async fn it_waits_for_all_runtimes_and_for_nothing_that_begins_later() {
    let effects = Effects::new();
    let shop = Shop::open(&effects, false).await;
    hang_up(shop.address, "/", effects.flushing(1)).await;
    assert_eq!(effects.fates(), [""; 0], "the flush is still on its way");
    let waiting = tokio::spawn(wait_for_flushes());
    tokio::task::yield_now().await;
    hang_up_in(shop.address, "endless", "/", effects.flushing(2)).await;
    effects.let_go();
    timeout(PATIENCE, waiting)
        .await
        .expect("it does not wait for the endless one")
        .expect("no panic");
    assert_eq!(effects.fates(), ["1: dispatched"]);
    shop.shut_down().await;
    assert_eq!(effects.fates(), ["1: dispatched", "1: discarded: cancelled"]);
}

#[tokio::test]
async fn a_runtime_that_ends_keeps_nobody_waiting() {
    let effects = Effects::new();
    let shop = Shop::open(&effects, false).await;
    hang_up_in(shop.address, "endless", "/", effects.flushing(1)).await;
    let waiting = tokio::spawn(wait_for_flushes());
    tokio::task::yield_now().await;
    shop.shut_down().await;
    assert_eq!(effects.fates(), ["1: discarded: cancelled"]);
    timeout(PATIENCE, waiting).await.expect("it has ended").expect("no panic");
}
