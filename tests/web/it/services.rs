//! The layer over plain tower services: its contract, and where there is no Tokio.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use airlock::tower::{ScopeBody, ScopeLayer};
use airlock::web::Head;
use airlock::{Batch, DispatchError, Executor, Outcome, Why};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{Effects, mail};

type Answer = Response<String>;

fn layer(effects: &Effects) -> ScopeLayer {
    let effects = effects.clone();
    ScopeLayer::new().scope(move |_| effects.scope())
}

fn respond(status: StatusCode) -> Answer {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}

/// Waits as an executor that is not Tokio does.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        std::thread::park();
    }
}

#[test]
fn without_tokio_the_flush_is_awaited_in_place() {
    let effects = Effects::new();
    let service = layer(&effects).layer(service_fn(async |_: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        Ok::<_, Infallible>(respond(StatusCode::OK))
    }));
    let response = block_on(service.oneshot(Request::new(()))).expect("infallible");
    assert_eq!(response.status(), 200);
    assert_eq!(effects.left(), ["mail(order: 1)"]);

    // And not after the response either, for there is nobody to do it.
    let service = layer(&effects).after_response().layer(service_fn(async |_: Request<()>| {
        mail::enqueue(2).expect("inside a scope");
        Ok::<_, Infallible>(respond(StatusCode::OK))
    }));
    block_on(service.oneshot(Request::new(()))).expect("infallible");
    assert_eq!(effects.left().len(), 2);
}

#[test]
fn without_tokio_a_dropped_request_ends_its_flush() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let layer = ScopeLayer::new().scope(move |_| scopes.scope().executor(Never));
    let service = layer.layer(service_fn(async |_: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        Ok::<_, Infallible>(respond(StatusCode::OK))
    }));
    let mut asked = Box::pin(service.oneshot(Request::new(())));
    let mut context = Context::from_waker(Waker::noop());
    assert!(asked.as_mut().poll(&mut context).is_pending(), "it flushes");
    drop(asked);
    assert_eq!(effects.fates(), ["1: discarded: cancelled"]);
}

/// A request that is flushed after its response.
async fn after_response(effects: &Effects) -> Response<ScopeBody<String>> {
    let service = layer(effects).after_response().layer(service_fn(async |_: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        Ok::<_, Infallible>(Response::new("placed".to_owned()))
    }));
    let response = service.oneshot(Request::new(())).await.expect("infallible");
    // The clock goes on when nothing else can happen: a flush that does not wait has ended.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(effects.reports().is_empty(), "the response is still here");
    response
}

#[tokio::test(start_paused = true)]
async fn after_response_the_flush_begins_when_the_body_has_ended() {
    let effects = Effects::new();
    let mut response = after_response(&effects).await;
    assert_eq!(response.body().size_hint().exact(), Some(6));
    while let Some(frame) = response.body_mut().frame().await {
        assert!(frame.is_ok());
    }
    effects.ended(1).await;
    drop(response);
    assert_eq!(effects.fates(), ["1: dispatched"]);
}

#[tokio::test(start_paused = true)]
async fn after_response_the_flush_begins_when_nobody_has_the_body_any_more() {
    let effects = Effects::new();
    drop(after_response(&effects).await);
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["1: dispatched"]);
}

/// What a policy remembers is the request's, though part of it leaves before the response and the rest after.
#[tokio::test(start_paused = true)]
async fn after_response_a_limit_counts_what_has_left_before() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let scope = move || scopes.scope().policy(airlock::Limit::per_flush(3));
    let released = |intent: &airlock::Intent| intent.arguments_of::<mail>() != Some(&(4,));
    let layer = ScopeLayer::new().scope(move |_| scope().release(released)).after_response();
    let service = layer.layer(service_fn(async |_: Request<()>| {
        for order in [1, 4, 2, 4] {
            let flushed = airlock::scope().run_async(async { mail::enqueue(order) }).await;
            flushed.expect("flushed").expect("inside a scope");
        }
        Ok::<_, Infallible>(Response::new("placed".to_owned()))
    }));
    drop(service.oneshot(Request::new(())).await.expect("infallible"));
    effects.ended(1).await;
    assert_eq!(effects.left(), ["mail(order: 1)", "mail(order: 2)", "mail(order: 4)"]);
}

#[test]
fn a_body_is_send_and_sync_where_the_services_is() {
    fn assert_send_and_sync<T: Send + Sync>() {}
    assert_send_and_sync::<ScopeBody<String>>();
}

/// An engine that does not answer.
struct Never;

impl Executor for Never {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        std::future::pending().await
    }
}

#[test]
fn the_end_of_the_runtime_ends_a_flush_and_tells() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let layer = ScopeLayer::new().scope(move |_| scopes.scope().executor(Never)).after_response();
    let service = layer.layer(service_fn(async |_: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        Ok::<_, Infallible>(respond(StatusCode::OK))
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answered = runtime.block_on(service.oneshot(Request::new(())));
    assert_eq!(answered.expect("infallible").status(), 200);
    assert!(effects.reports().is_empty(), "the flush has not ended");
    drop(runtime);
    assert_eq!(effects.fates(), ["1: discarded: cancelled"]);
}

#[tokio::test]
async fn an_error_of_the_service_discards() {
    let effects = Effects::new();
    let service = layer(&effects).layer(service_fn(async |_: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        Err::<Answer, _>("no route to the warehouse")
    }));
    assert!(service.oneshot(Request::new(())).await.is_err());
    assert_eq!(effects.fates(), ["1: discarded: error"]);
}

#[tokio::test]
async fn what_a_service_enqueues_in_call_is_in_the_scope() {
    let effects = Effects::new();
    let service = layer(&effects).layer(service_fn(|_: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        ready(Ok::<_, Infallible>(respond(StatusCode::OK)))
    }));
    service.oneshot(Request::new(())).await.expect("infallible");
    assert_eq!(effects.left(), ["mail(order: 1)"]);
}

#[tokio::test]
async fn a_panic_in_call_discards() {
    let effects = Effects::new();
    let mut service = layer(&effects).layer(service_fn(|request: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        assert_ne!(request.uri().path(), "/", "no such page");
        ready(Ok::<_, Infallible>(respond(StatusCode::OK)))
    }));
    let called = std::panic::AssertUnwindSafe(|| drop(service.call(Request::new(()))));
    assert!(std::panic::catch_unwind(called).is_err());
    assert_eq!(effects.discarded(Why::Panic), 1);
    assert!(airlock::current().is_none(), "the scope is left");
}

#[tokio::test]
async fn a_call_that_is_never_polled_discards() {
    let effects = Effects::new();
    let mut service = layer(&effects).layer(service_fn(|_: Request<()>| {
        mail::enqueue(1).expect("inside a scope");
        ready(Ok::<_, Infallible>(respond(StatusCode::OK)))
    }));
    drop(service.call(Request::new(())));
    assert_eq!(effects.fates(), ["1: discarded: cancelled"]);
}

#[tokio::test]
async fn a_rule_that_panics_discards() {
    let effects = Effects::new();
    let service = layer(&effects).flush_when(|_| panic!("no such rule")).layer(service_fn(
        async |_: Request<()>| {
            mail::enqueue(1).expect("inside a scope");
            Ok::<_, Infallible>(respond(StatusCode::OK))
        },
    ));
    let asked = tokio::spawn(service.oneshot(Request::new(()))).await;
    assert!(asked.expect_err("the panic goes on").is_panic());
    assert_eq!(effects.fates(), ["1: discarded: panic"]);
}

#[tokio::test]
async fn a_rule_sees_what_a_service_has_put_into_the_extensions() {
    #[derive(Clone)]
    struct Provisional;
    let effects = Effects::new();
    let rule = |response: &Head<'_>| response.extension::<Provisional>().is_none();
    let service =
        layer(&effects).flush_when(rule).layer(service_fn(async |request: Request<u64>| {
            let order = request.into_body();
            mail::enqueue(order).expect("inside a scope");
            let mut response = respond(StatusCode::OK);
            if order == 1 {
                response.extensions_mut().insert(Provisional);
            }
            Ok::<_, Infallible>(response)
        }));
    for order in [1, 2] {
        service.clone().oneshot(Request::new(order)).await.expect("infallible");
    }
    assert_eq!(effects.fates(), ["1: discarded: error", "2: dispatched"]);
}

/// Panics when it is called without having been ready, as tower says that a service may. A clone of it is
/// not ready.
struct Picky {
    ready: bool,
    called: Arc<AtomicBool>,
}

impl Clone for Picky {
    fn clone(&self) -> Self {
        Self { ready: false, called: self.called.clone() }
    }
}

impl Service<Request<()>> for Picky {
    type Response = Answer;
    type Error = Infallible;
    type Future = Ready<Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been ready");
        self.called.store(true, Ordering::Relaxed);
        ready(Ok(respond(StatusCode::OK)))
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let called = Arc::new(AtomicBool::new(false));
    let mut service = ScopeLayer::new().layer(Picky { ready: false, called: called.clone() });
    for _ in 0..2 {
        service
            .ready()
            .await
            .expect("infallible")
            .call(Request::new(()))
            .await
            .expect("infallible");
    }
    assert!(called.load(Ordering::Relaxed));
}

#[tokio::test]
async fn grpc_statuses_decide_where_there_are_any() {
    let effects = Effects::new();
    let service = layer(&effects).layer(service_fn(async |request: Request<&'static str>| {
        mail::enqueue(1).expect("inside a scope");
        let mut response = respond(StatusCode::OK);
        let status = request.into_body().parse().expect("a value");
        response.headers_mut().insert("grpc-status", status);
        Ok::<_, Infallible>(response)
    }));
    for status in ["0", "5"] {
        service.clone().oneshot(Request::new(status)).await.expect("infallible");
    }
    assert_eq!(effects.fates(), ["1: dispatched", "1: discarded: error"]);
}

#[tokio::test]
async fn what_a_failed_flush_replaces_says_nothing_of_its_protocol() {
    let effects = Effects::new();
    let layer = ScopeLayer::new().scope(move |_| effects.failing_scope());
    let service = layer.layer(service_fn(async |request: Request<Vec<[&'static str; 2]>>| {
        mail::enqueue(1).expect("inside a scope");
        let mut response = respond(StatusCode::OK);
        for [name, value] in request.into_body() {
            response.headers_mut().append(name, value.parse().expect("a value"));
        }
        Ok::<_, Infallible>(response)
    }));
    let headers = async |given: &[[&'static str; 2]]| {
        let response = service.clone().oneshot(Request::new(given.to_vec())).await;
        let response = response.expect("infallible");
        let mut headers = response.headers().iter().collect::<Vec<_>>();
        headers.sort_by_key(|(name, _)| name.as_str().to_owned());
        let headers = headers.into_iter();
        headers.map(|(name, value)| format!("{name}: {value:?}")).collect::<Vec<_>>().join(", ")
    };

    let upgraded = headers(&[
        ["connection", "keep-alive, Upgrade"],
        ["upgrade", "websocket"],
        ["sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
        ["vary", "origin"],
    ]);
    let text = r#"content-type: "text/plain; charset=utf-8""#;
    assert_eq!(upgraded.await, format!(r#"{text}, vary: "origin""#));

    let closed = [["connection", "close"], ["cache-control", "private, no-store"]];
    let kept = r#"cache-control: "private, no-store", connection: "close""#;
    assert_eq!(headers(&closed).await, format!("{kept}, {text}"));

    let grpc = headers(&[
        ["content-type", "application/grpc"],
        ["grpc-encoding", "gzip"],
        ["grpc-status", "0"],
        ["x-request-id", "r-42"],
    ]);
    let internal = r#"content-type: "application/grpc", grpc-message: "the request failed", grpc-status: "13""#;
    assert_eq!(grpc.await, format!(r#"{internal}, x-request-id: "r-42""#));
}

#[test]
fn responses_are_outcomes() {
    assert!(respond(StatusCode::FOUND).succeeded());
    assert!(!respond(StatusCode::BAD_REQUEST).succeeded());
    let failed = airlock::scope().run(|| {
        mail::enqueue(1).expect("inside a scope");
        respond(StatusCode::NOT_FOUND)
    });
    assert_eq!(failed.expect("discarded, so that nothing ran").status(), 404);
}

#[test]
fn the_future_is_send_where_the_services_is() {
    fn assert_send<T: Send>(_: &T) {}
    let mut service = ScopeLayer::new().layer(Picky { ready: true, called: Arc::default() });
    let future = service.call(Request::new(()));
    assert_send(&future);
}

#[tokio::test]
async fn a_middleware_of_ones_own_is_finished_without_the_client() {
    let effects = Effects::new();
    let handled = airlock::web::handle(
        effects.held_scope(),
        async { mail::enqueue(1).map(|()| 200) },
        Result::is_ok,
    );
    tokio::select! {
        _ = handled => panic!("the flush is held"),
        () = effects.flushing(1) => {}
    }
    assert!(effects.left().is_empty(), "it was dropped while it flushed");
    effects.let_go();
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["1: dispatched"]);

    let broken = effects.failing_scope();
    let handled = airlock::web::handle(broken, async { mail::enqueue(2) }, Result::is_ok);
    let (answer, flushed) = handled.await;
    assert!(answer.is_ok());
    assert_eq!(flushed.expect_err("the engine is down").into_intents().len(), 1);
}
