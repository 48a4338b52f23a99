//! What holds for each of the frameworks that have an adapter of their own.

use std::time::Duration;

use airlock::{DropAll, FlushError, Scope};
use http::StatusCode;

use crate::support::{Effects, Server, hang_up, mail, request, send};

/// What becomes of a request whose client has gone.
#[derive(Clone, Copy)]
pub(crate) enum Gone {
    RunsOn,
    IsDropped,
}

/// The scope of a request that carries this in `x-scope`.
pub(crate) fn scope_of(effects: &Effects, header: Option<&str>) -> Scope {
    match header {
        Some("dry run") => effects.scope().policy(DropAll),
        Some("broken") => effects.failing_scope(),
        Some("slow") => effects.slow_scope(Duration::from_millis(300)),
        _ => effects.scope(),
    }
}

/// What `/answer/{status}` does in every framework.
pub(crate) async fn answer(status: u16) -> u16 {
    mail::enqueue(status.into()).expect("inside a scope");
    tokio::task::yield_now().await;
    status
}

/// What `/slow` does.
pub(crate) async fn slow() {
    mail::enqueue(1).expect("inside a scope");
    tokio::time::sleep(Duration::from_millis(300)).await;
    mail::enqueue(2).expect("inside a scope");
}

/// What `/panic` does.
pub(crate) async fn panics() {
    mail::enqueue(3).expect("inside a scope");
    tokio::task::yield_now().await;
    panic!("the stock is negative");
}

/// A scope of the handler's own, with a policy of its own.
#[airlock::scoped(policy = BlockTasks(mail))]
pub(crate) async fn without_mail() {
    mail::enqueue(4).expect("inside a scope");
}

/// What a replaced answer says.
pub(crate) fn kept(error: FlushError) -> String {
    let kept: Vec<_> = error.into_intents().iter().map(ToString::to_string).collect();
    format!("kept: {}", kept.join(", "))
}

async fn get(server: &Server, path: &str, scope: &str) -> (StatusCode, String) {
    let mut request = request(path);
    request.headers_mut().insert("x-scope", scope.parse().expect("a value"));
    server.send(request).await
}

/// A server with the routes above and a middleware with [`scope_of`].
pub(crate) async fn conforms(server: &Server, effects: &Effects, gone: Gone) {
    for status in [200, 201, 303, 400, 404, 500] {
        assert_eq!(server.get(&format!("/answer/{status}")).await.0, status);
    }
    let told = [
        "200: dispatched",
        "201: dispatched",
        "303: dispatched",
        "400: discarded: error",
        "404: discarded: error",
        "500: discarded: error",
    ];
    assert_eq!(effects.fates(), told);

    assert_eq!(get(server, "/answer/200", "dry run").await.0, 200);
    assert_eq!(effects.fates()[6], "200: dropped by DropAll");

    // Failing, a flush is a 500 that gives nothing away, and the response has waited for it.
    let (status, text) = get(server, "/answer/200", "broken").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!text.contains("db-7"), "{text}");
    assert_eq!(effects.fates()[7], "200: failed: the engine at db-7.internal is down");
    assert_eq!(get(server, "/answer/202", "slow").await.0, StatusCode::ACCEPTED);
    assert_eq!(effects.fates()[8], "202: dispatched");

    // Whatever the framework makes of a panic.
    let _ = send(server.address, request("/panic")).await;
    effects.ended(10).await;
    assert_eq!(effects.fates()[9], "3: discarded: panic");

    assert_eq!(server.get("/blocked").await.0, 200);
    assert_eq!(effects.fates()[10], "4: dropped by BlockTasks");

    hang_up(server.address, "/slow", Duration::from_millis(100)).await;
    effects.ended(12).await;
    let (fates, known) = (effects.fates(), 11);
    match gone {
        Gone::RunsOn => assert_eq!(fates[known..], ["1: dispatched", "2: dispatched"]),
        Gone::IsDropped => assert_eq!(fates[known..], ["1: discarded: cancelled"]),
    }
}

/// A server whose middleware flushes a 409 alone, and answers a failed flush by [`kept`] with a 503.
pub(crate) async fn conforms_otherwise(server: &Server, effects: &Effects, answered: &str) {
    assert_eq!(server.get("/answer/200").await.0, 200);
    assert_eq!(server.get("/answer/409").await.0, StatusCode::CONFLICT);
    assert_eq!(effects.fates(), ["200: discarded: error", "409: dispatched"]);
    let (status, text) = get(server, "/answer/409", "broken").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains(answered), "{text}");
}

/// A server whose middleware flushes after the response.
pub(crate) async fn conforms_after_response(server: &Server, effects: &Effects) {
    assert_eq!(get(server, "/answer/200", "slow").await.0, 200);
    assert!(effects.left().is_empty(), "the answer is here, and the flush goes on");
    effects.ended(1).await;
    assert_eq!(effects.left(), ["mail(order: 200)"]);
    assert_eq!(get(server, "/answer/200", "broken").await.0, 200);
    effects.ended(2).await;
    assert_eq!(effects.fates()[1], "200: failed: the engine at db-7.internal is down");
}
