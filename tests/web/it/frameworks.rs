//! What holds for every framework: one list of behaviours, and what a framework says of itself to be held
//! to it.

use std::io;
use std::time::Duration;

use airlock::web::Head;
use airlock::{DropAll, EnqueueError, FlushError, Handle, InScope, Scope};
use http::StatusCode;
use hyper::body::Bytes;
use tokio_stream::{Stream, StreamExt};

use crate::support::{
    Effects, Server, Socket, hang_up, hang_up_in, mail, open, piece, request, send,
};

/// A framework, with a server of these routes:
///
/// ```text
/// /answer/STATUS   a response                 answer(STATUS)
/// /quiet/STATUS    one with `x-effects: none` answer(STATUS)
/// /error/STATUS    an error of the handler's  answer(STATUS)
/// /headers/STATUS  one that a layer inside gives HEADERS  answer(STATUS)
/// /slow                                       slow(), or ends_later()
/// /stream          three pieces               stream()
/// /panic                                      panics()
/// /blocked                                    without_mail()
/// /spawns                                     spawns()
/// /socket          a WebSocket                upgrades(), and for each message heard()
/// /scope           its text                   shown(CurrentScope)
/// /outside         the same without a scope
///
/// /within/timeout  a 504 after TIMEOUT        slow()
/// /within/catch    a 500 for a panic          panics()
/// /around/timeout  the 504 around the scope   slow()
/// /around/answer   the same                   answer(200)
/// /around/catch    the 500 around the scope   panics()
/// ```
pub(crate) trait Framework {
    /// What becomes of a request whose client has gone.
    const GONE: Gone;

    /// What a client hears whose handler panics; that the connection ends, where it is nothing.
    const PANIC: Option<StatusCode>;

    /// The text of a failed flush's answer; another's, where it is nothing.
    const FAILED: Option<&'static str> = Some("the request failed");

    /// What a handler is told to add that asks for a scope where there is none; nothing, where the text is
    /// another's.
    const ADD: Option<&'static str>;

    /// When `after_response` flushes for a WebSocket.
    const SOCKET: Socketed;

    /// A server whose middleware makes scopes by [`scope_of`].
    async fn serve(effects: &Effects, told: Told) -> Server;
}

#[derive(Clone, Copy)]
pub(crate) enum Gone {
    RunsOn,
    IsDropped,
}

#[derive(Clone, Copy)]
pub(crate) enum Socketed {
    /// With the 101, whose body is empty.
    AtTheUpgrade,
    /// When the socket is closed.
    AtItsEnd,
}

/// How long a timeout waits around what does not end.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);

/// What a middleware is told besides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    /// To flush by [`rule`], and to answer a failed flush with a 503 and what [`kept`] says.
    Rules,
    AfterResponse,
    /// An executor for scopes that name none.
    Executor,
}

/// A test for each behaviour.
macro_rules! conforms {
    ($framework:ty) => {
        $crate::frameworks::conforms! { $framework:
            below_400_flushes_and_the_rest_discards
            errors_of_handlers_are_judged_by_their_status
            a_request_says_which_policy_holds
            a_handlers_own_scope_nests_and_its_policy_holds
            the_response_waits_for_the_flush
            a_failed_flush_is_a_500_that_gives_nothing_away
            a_failed_flush_keeps_the_headers_that_do_not_describe_the_replaced_body
            the_executor_of_the_layer_is_that_of_scopes_that_name_none
            a_panic_discards
            a_client_that_goes_away_before_the_answer
            a_flush_that_has_begun_is_finished_without_the_client
            a_handler_finds_its_scope
            the_rule_can_be_replaced
            the_answer_to_a_failed_flush_can_be_replaced
            the_response_can_be_kept_though_the_flush_failed
            after_response_does_not_wait
            after_response_a_failed_flush_changes_nothing_for_the_client
            what_a_handler_enqueued_leaves_before_its_body
            after_response_it_leaves_after_the_last_piece
            after_response_it_leaves_though_the_client_goes_away_within_the_body
            a_timeout_within_the_scope_discards_by_its_status
            a_timeout_around_the_scope_discards_as_cancelled
            a_timeout_around_a_flush_that_has_begun_does_not_break_it_off
            a_panic_caught_within_the_scope_discards_by_its_status
            a_panic_caught_around_the_scope_discards_as_a_panic
            what_is_spawned_has_a_scope_only_if_it_is_handed_one
            a_web_socket_is_outside_the_scope_of_its_request
            after_response_it_leaves_for_a_web_socket
        }
    };
    ($framework:ty: $($behaviour:ident)+) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                $crate::frameworks::$behaviour::<$framework>().await;
            }
        )+
    };
}
pub(crate) use conforms;

// ---- what the routes do

pub(crate) async fn answer(status: u16) -> u16 {
    mail::enqueue(status.into()).expect("inside a scope");
    tokio::task::yield_now().await;
    status
}

pub(crate) async fn slow() {
    mail::enqueue(1).expect("inside a scope");
    std::future::pending::<()>().await;
}

/// The same where a server does not drop it, whose request would never end.
pub(crate) async fn ends_later() {
    mail::enqueue(1).expect("inside a scope");
    tokio::time::sleep(Duration::from_millis(300)).await;
    mail::enqueue(2).expect("inside a scope");
}

/// Three pieces, some time apart, each with what it found when it enqueued.
pub(crate) async fn stream() -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    mail::enqueue(5).expect("inside a scope");
    tokio_stream::iter(1..=3).then(async |piece| {
        if piece > 1 {
            tokio::time::sleep(Duration::from_millis(if piece == 2 { 300 } else { 1_000 })).await;
        }
        let found = if mail::enqueue(6).is_err() { "no scope" } else { "a scope" };
        Ok(Bytes::from(format!("{piece}: {found}")))
    })
}

pub(crate) async fn panics() {
    mail::enqueue(3).expect("inside a scope");
    tokio::task::yield_now().await;
    panic!("the stock is negative");
}

pub(crate) fn shown(scope: &Handle) -> String {
    mail::enqueue(7).expect("inside a scope");
    scope.inspect().own().iter().map(ToString::to_string).collect()
}

/// A scope of the handler's own, with a policy of its own.
#[airlock::scoped(policy = BlockTasks(mail))]
pub(crate) async fn without_mail() {
    mail::enqueue(4).expect("inside a scope");
}

/// What is spawned starts without a scope.
pub(crate) async fn spawns() {
    let lost = tokio::spawn(async { mail::enqueue(8) }).await.expect("no panic");
    assert!(matches!(lost, Err(EnqueueError::NoScope(..))));
    let lost = tokio::task::spawn_blocking(|| mail::enqueue(8)).await.expect("no panic");
    assert!(matches!(lost, Err(EnqueueError::NoScope(..))));

    let carried = async { mail::enqueue(9) }.in_current_scope();
    tokio::spawn(carried).await.expect("no panic").expect("handed a scope");
    let scope = airlock::current().expect("inside a scope");
    let blocking = tokio::task::spawn_blocking(move || scope.run(|| mail::enqueue(10)));
    blocking.await.expect("no panic").expect("handed a scope");
}

/// What the request of a WebSocket does.
pub(crate) fn upgrades() {
    mail::enqueue(11).expect("inside a scope");
}

/// What a WebSocket answers to a message: what it found when it enqueued. It has effects all the same, in a
/// scope of its own.
pub(crate) async fn heard(effects: &Effects) -> &'static str {
    let found = if mail::enqueue(12).is_err() { "no scope" } else { "a scope" };
    let own = effects.scope().run_async(async { mail::enqueue(13) }).await;
    own.expect("it flushes").expect("inside a scope");
    found
}

// ---- what the middlewares are told

/// The scope of a request that carries this in `x-scope`.
pub(crate) fn scope_of(effects: &Effects, header: Option<&str>) -> Scope {
    match header {
        Some("dry run") => effects.scope().policy(DropAll),
        Some("broken") => effects.failing_scope(),
        Some("slow") => effects.held_scope(),
        Some("bare") => airlock::scope(),
        _ => effects.scope(),
    }
}

/// Flushes a 202 and a 409 alone, and neither if it says so.
pub(crate) fn rule(response: &Head<'_>) -> bool {
    matches!(response.status(), 202 | 409) && response.header("X-Effects") != Some("none")
}

/// What layers inside the scope set, and what describes a body.
pub(crate) const HEADERS: [(&str, &str); 9] = [
    ("access-control-allow-origin", "https://shop.example"),
    ("x-request-id", "r-42"),
    ("set-cookie", "theme=dark"),
    ("set-cookie", "seen=1"),
    ("content-language", "en"),
    ("content-disposition", "inline"),
    ("etag", "\"7\""),
    ("last-modified", "Sun, 29 Nov 2026 10:00:00 GMT"),
    ("cache-control", "max-age=3600"),
];

/// What a replaced answer says.
pub(crate) fn kept(error: FlushError) -> String {
    let kept: Vec<_> = error.into_intents().iter().map(ToString::to_string).collect();
    format!("kept: {}", kept.join(", "))
}

/// Whether a response is replaced whose effects could not leave: one of an order that is accepted is kept.
pub(crate) fn answers_otherwise(given: &Head<'_>) -> bool {
    given.status() != 202
}

// ---- the behaviours

async fn serve<F: Framework>(told: Told) -> (Effects, Server) {
    let effects = Effects::new();
    let server = F::serve(&effects, told).await;
    (effects, server)
}

async fn get_in(server: &Server, scope: &str, path: &str) -> (StatusCode, String) {
    let mut request = request(path);
    request.headers_mut().insert("x-scope", scope.parse().expect("a value"));
    server.send(request).await
}

pub(crate) async fn below_400_flushes_and_the_rest_discards<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    for status in [200, 204, 303, 399, 400, 404, 500] {
        assert_eq!(server.get(&format!("/answer/{status}")).await.0, status);
    }
    let told = [
        "200: dispatched",
        "204: dispatched",
        "303: dispatched",
        "399: dispatched",
        "400: discarded: error",
        "404: discarded: error",
        "500: discarded: error",
    ];
    assert_eq!(effects.fates(), told);
}

pub(crate) async fn errors_of_handlers_are_judged_by_their_status<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/error/409").await.0, StatusCode::CONFLICT);
    assert_eq!(effects.fates(), ["409: discarded: error"]);

    let (effects, server) = serve::<F>(Told::Rules).await;
    assert_eq!(server.get("/error/409").await.0, StatusCode::CONFLICT);
    assert_eq!(server.get("/error/410").await.0, StatusCode::GONE);
    assert_eq!(effects.fates(), ["409: dispatched", "410: discarded: error"]);
    let (status, _) = get_in(&server, "broken", "/error/409").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

pub(crate) async fn a_request_says_which_policy_holds<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(get_in(&server, "dry run", "/answer/200").await.0, 200);
    assert_eq!(effects.fates(), ["200: dropped by DropAll"]);
}

pub(crate) async fn a_handlers_own_scope_nests_and_its_policy_holds<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/blocked").await.0, 200);
    assert_eq!(effects.fates(), ["4: dropped by BlockTasks"]);
}

pub(crate) async fn the_response_waits_for_the_flush<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    let mut answer = std::pin::pin!(get_in(&server, "slow", "/answer/202"));
    tokio::select! {
        answer = &mut answer => panic!("it does not wait: {answer:?}"),
        () = effects.flushing(1) => effects.let_go(),
    }
    assert_eq!(answer.await.0, StatusCode::ACCEPTED);
    assert_eq!(effects.left(), ["mail(order: 202)"]);
}

pub(crate) async fn a_failed_flush_is_a_500_that_gives_nothing_away<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    let (status, text) = get_in(&server, "broken", "/answer/200").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!text.contains("db-7"), "{text}");
    assert!(F::FAILED.is_none_or(|failed| text == failed), "{text}");
    assert_eq!(effects.fates(), ["200: failed: the engine at db-7.internal is down"]);
}

pub(crate) async fn a_failed_flush_keeps_the_headers_that_do_not_describe_the_replaced_body<
    F: Framework,
>() {
    for (told, given, answered) in [
        (Told::Nothing, 200, StatusCode::INTERNAL_SERVER_ERROR),
        (Told::Rules, 409, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let (_, server) = serve::<F>(told).await;
        let path = format!("/headers/{given}");
        let whole = open(server.address, request(&path)).await.expect("it answers");
        assert_eq!(whole.status(), given);
        let mut broken = request(&path);
        broken.headers_mut().insert("x-scope", "broken".parse().expect("a value"));
        let replaced = open(server.address, broken).await.expect("it answers");
        assert_eq!(replaced.status(), answered);
        for (number, (name, value)) in HEADERS.into_iter().enumerate() {
            let set = |response: &http::Response<_>| {
                response.headers().get_all(name).iter().any(|found| found == value)
            };
            assert!(set(&whole), "{name}: {:?}", whole.headers());
            assert_eq!(set(&replaced), number < 4, "{name}: {:?}", replaced.headers());
        }
        assert!(replaced.headers().get_all("content-type").iter().count() <= 1);
    }
}

pub(crate) async fn the_executor_of_the_layer_is_that_of_scopes_that_name_none<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Executor).await;
    assert_eq!(get_in(&server, "bare", "/answer/200").await.0, 200);
    assert_eq!(effects.left(), ["mail(order: 200)"]);
    assert_eq!(get_in(&server, "broken", "/answer/201").await.0, 500, "that names one of its own");
    assert_eq!(effects.left().len(), 1);
}

pub(crate) async fn a_panic_discards<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    let heard = send(server.address, request("/panic")).await;
    assert_eq!(heard.ok().map(|(status, _)| status), F::PANIC);
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["3: discarded: panic"]);
    assert_eq!(server.get("/answer/200").await.0, 200, "the service goes on");
}

pub(crate) async fn a_client_that_goes_away_before_the_answer<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    hang_up(server.address, "/slow", effects.begun(1)).await;
    effects.ended(1).await;
    match F::GONE {
        Gone::RunsOn => assert_eq!(effects.fates(), ["1: dispatched", "2: dispatched"]),
        Gone::IsDropped => assert_eq!(effects.fates(), ["1: discarded: cancelled"]),
    }
}

pub(crate) async fn a_flush_that_has_begun_is_finished_without_the_client<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    hang_up_in(server.address, "slow", "/answer/200", effects.flushing(1)).await;
    // For the server to notice; where it has not, this shows less.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(effects.left().is_empty(), "the flush is still on its way");
    effects.let_go();
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["200: dispatched"]);
}

pub(crate) async fn a_handler_finds_its_scope<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/scope").await.1, "mail(order: 7)");
    assert_eq!(effects.fates(), ["7: dispatched"]);
    let (status, text) = server.get("/outside").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(F::ADD.is_none_or(|add| text.contains(add)), "{text}");
}

pub(crate) async fn the_rule_can_be_replaced<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Rules).await;
    assert_eq!(server.get("/answer/200").await.0, 200);
    assert_eq!(server.get("/answer/409").await.0, StatusCode::CONFLICT);
    assert_eq!(server.get("/quiet/409").await.0, StatusCode::CONFLICT);
    let told = ["200: discarded: error", "409: dispatched", "409: discarded: error"];
    assert_eq!(effects.fates(), told);
}

pub(crate) async fn the_answer_to_a_failed_flush_can_be_replaced<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Rules).await;
    let (status, text) = get_in(&server, "broken", "/answer/409").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text, "kept: mail(order: 409)");
    assert_eq!(effects.fates(), ["409: failed: the engine at db-7.internal is down"]);
}

pub(crate) async fn the_response_can_be_kept_though_the_flush_failed<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Rules).await;
    let whole = server.get("/answer/202").await;
    assert_eq!(whole.0, StatusCode::ACCEPTED);
    assert_eq!(get_in(&server, "broken", "/answer/202").await, whole);
    let failed = "202: failed: the engine at db-7.internal is down";
    assert_eq!(effects.fates(), ["202: dispatched", failed]);
}

pub(crate) async fn after_response_does_not_wait<F: Framework>() {
    let (effects, server) = serve::<F>(Told::AfterResponse).await;
    assert_eq!(get_in(&server, "slow", "/answer/200").await.0, 200);
    assert!(effects.left().is_empty(), "the answer is here, and the flush goes on");
    effects.let_go();
    effects.ended(1).await;
    assert_eq!(server.get("/answer/500").await.0, 500);
    assert_eq!(effects.fates(), ["200: dispatched", "500: discarded: error"]);
}

pub(crate) async fn after_response_a_failed_flush_changes_nothing_for_the_client<F: Framework>() {
    let (effects, server) = serve::<F>(Told::AfterResponse).await;
    assert_eq!(get_in(&server, "broken", "/answer/200").await.0, 200);
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["200: failed: the engine at db-7.internal is down"]);
}

pub(crate) async fn what_a_handler_enqueued_leaves_before_its_body<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    let response = open(server.address, request("/stream")).await.expect("it begins");
    assert_eq!(effects.left(), ["mail(order: 5)"]);
    let mut body = response.into_body();
    for said in ["1: no scope", "2: no scope", "3: no scope"] {
        assert_eq!(piece(&mut body).await.as_deref(), Some(said));
    }
    assert_eq!(piece(&mut body).await, None);
}

pub(crate) async fn after_response_it_leaves_after_the_last_piece<F: Framework>() {
    let (effects, server) = serve::<F>(Told::AfterResponse).await;
    let response = open(server.address, request("/stream")).await.expect("it begins");
    let mut body = response.into_body();
    assert_eq!(piece(&mut body).await.as_deref(), Some("1: no scope"));
    assert_eq!(piece(&mut body).await.as_deref(), Some("2: no scope"));
    // A flush that does not wait began with the first.
    assert!(effects.reports().is_empty(), "the response has not ended");
    assert_eq!(piece(&mut body).await.as_deref(), Some("3: no scope"));
    assert_eq!(piece(&mut body).await, None);
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["5: dispatched"]);
}

pub(crate) async fn after_response_it_leaves_though_the_client_goes_away_within_the_body<
    F: Framework,
>() {
    let (effects, server) = serve::<F>(Told::AfterResponse).await;
    let response = open(server.address, request("/stream")).await.expect("it begins");
    let mut body = response.into_body();
    assert_eq!(piece(&mut body).await.as_deref(), Some("1: no scope"));
    drop(body);
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["5: dispatched"]);
}

pub(crate) async fn a_timeout_within_the_scope_discards_by_its_status<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/within/timeout").await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(effects.fates(), ["1: discarded: error"], "there was a 504");
}

pub(crate) async fn a_timeout_around_the_scope_discards_as_cancelled<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/around/timeout").await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(effects.fates(), ["1: discarded: cancelled"], "the request was dropped");
}

pub(crate) async fn a_timeout_around_a_flush_that_has_begun_does_not_break_it_off<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    let (status, _) = get_in(&server, "slow", "/around/answer").await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    assert!(effects.left().is_empty(), "the flush is still on its way");
    effects.let_go();
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["200: dispatched"], "the client was told of a timeout, no more");
}

pub(crate) async fn a_panic_caught_within_the_scope_discards_by_its_status<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/within/catch").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(effects.fates(), ["3: discarded: error"], "there was a 500");
}

pub(crate) async fn a_panic_caught_around_the_scope_discards_as_a_panic<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/around/catch").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(effects.fates(), ["3: discarded: panic"]);
}

pub(crate) async fn what_is_spawned_has_a_scope_only_if_it_is_handed_one<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    assert_eq!(server.get("/spawns").await.0, 200);
    assert_eq!(effects.fates(), ["9: dispatched", "10: dispatched"]);
}

pub(crate) async fn a_web_socket_is_outside_the_scope_of_its_request<F: Framework>() {
    let (effects, server) = serve::<F>(Told::Nothing).await;
    let mut socket = Socket::open(server.address, "/socket").await;
    assert_eq!(effects.fates(), ["11: dispatched"], "101 is below 400");
    assert_eq!(socket.ask("hello").await, "no scope");
    assert_eq!(effects.fates(), ["11: dispatched", "13: dispatched"]);
}

pub(crate) async fn after_response_it_leaves_for_a_web_socket<F: Framework>() {
    let (effects, server) = serve::<F>(Told::AfterResponse).await;
    let mut socket = Socket::open(server.address, "/socket").await;
    match F::SOCKET {
        Socketed::AtTheUpgrade => {
            effects.ended(1).await;
            assert_eq!(effects.fates(), ["11: dispatched"]);
        }
        Socketed::AtItsEnd => {
            // Long enough for a flush that does not wait.
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(effects.reports().is_empty(), "the socket is open");
        }
    }
    assert_eq!(socket.ask("hello").await, "no scope");
    drop(socket);
    effects.ended(2).await;
    let mut left = effects.left();
    left.sort();
    assert_eq!(left, ["mail(order: 11)", "mail(order: 13)"]);
}
