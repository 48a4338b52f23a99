//! axum: what flushes and what discards, and what a request can say about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airlock::tower::ScopeLayer;
use airlock::{AssertNoEffects, DropAll, EnqueueError, Task, block_tasks};
use axum::extract::{Path, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use tower::ServiceBuilder;

use crate::support::{Effects, Server, mail, request, send};

/// Answers with the status named, after a mail.
async fn answer(Path(status): Path<u16>) -> StatusCode {
    mail::enqueue(status.into()).expect("inside a scope");
    StatusCode::from_u16(status).expect("a status")
}

fn layer(effects: &Effects) -> ScopeLayer {
    let effects = effects.clone();
    ScopeLayer::new().scope(move |_| effects.scope())
}

fn app() -> Router {
    Router::new().route("/{status}", get(answer))
}

#[tokio::test]
async fn redirects_and_errors_of_handlers_are_responses_like_others() {
    async fn placed() -> Redirect {
        mail::enqueue(1).expect("inside a scope");
        Redirect::to("/orders/1")
    }
    async fn sold_out() -> Result<(), (StatusCode, &'static str)> {
        mail::enqueue(2).expect("inside a scope");
        Err((StatusCode::CONFLICT, "sold out"))
    }
    let effects = Effects::new();
    let app = Router::new().route("/place", get(placed)).route("/sold-out", get(sold_out));
    let server = Server::axum(app.layer(layer(&effects))).await;
    assert_eq!(server.get("/place").await.0, StatusCode::SEE_OTHER);
    assert_eq!(server.get("/sold-out").await.0, StatusCode::CONFLICT);
    assert_eq!(effects.fates(), ["1: dispatched", "2: discarded: error"]);
}

#[tokio::test]
async fn a_request_says_which_policy_holds() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let layer = ScopeLayer::new().scope(move |request| {
        let scope = scopes.scope();
        match request.headers.get("x-admin").map(http::HeaderValue::as_bytes) {
            Some(b"no mail") => scope.policy(block_tasks![mail]),
            Some(_) => scope.policy(DropAll),
            None => scope,
        }
    });
    let server = Server::axum(app().layer(layer)).await;
    for (flag, status) in [(None, 201), (Some("no mail"), 202), (Some("nothing"), 203)] {
        let mut request = request(&format!("/{status}"));
        if let Some(flag) = flag {
            request.headers_mut().insert("x-admin", flag.parse().expect("a value"));
        }
        assert_eq!(server.send(request).await.0, status);
    }
    assert_eq!(
        effects.fates(),
        ["201: dispatched", "202: dropped by BlockTasks", "203: dropped by DropAll"],
    );
}

/// Answers with what would have happened, for those who may ask.
async fn dry_run(request: Request, next: Next) -> Response {
    if !request.headers().contains_key("x-dry-run") {
        return next.run(request).await;
    }
    if request.headers().get("authorization").is_none_or(|token| token != "Bearer admin") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (_, sealed) = airlock::scope().seal_async(next.run(request)).await;
    let table = sealed.to_string();
    sealed.discard();
    table.into_response()
}

#[tokio::test]
async fn a_dry_run_answers_with_the_table_of_what_would_have_happened() {
    let effects = Effects::new();
    let layers = ServiceBuilder::new().layer(layer(&effects)).layer(middleware::from_fn(dry_run));
    let server = Server::axum(app().layer(layers)).await;
    let asked = |authorised: bool| {
        let mut request = request("/201");
        request.headers_mut().insert("x-dry-run", "1".parse().expect("a value"));
        if authorised {
            let token = "Bearer admin".parse().expect("a value");
            request.headers_mut().insert("authorization", token);
        }
        request
    };
    assert_eq!(server.send(asked(false)).await.0, StatusCode::FORBIDDEN);
    let (status, table) = server.send(asked(true)).await;
    assert_eq!(status, 200);
    assert!(table.contains("mail") && table.contains("201"), "{table}");
    assert!(effects.left().is_empty());
    server.get("/201").await;
    assert_eq!(effects.left(), ["mail(order: 201)"]);
}

#[airlock::scoped(policy = BlockTasks(mail))]
async fn without_mail() -> StatusCode {
    mail::enqueue(1).expect("inside a scope");
    StatusCode::OK
}

#[airlock::scoped]
async fn fails() -> Result<StatusCode, FlushFailed> {
    mail::enqueue(2).expect("inside a scope");
    Err(FlushFailed)
}

struct FlushFailed;

impl From<airlock::FlushError> for FlushFailed {
    fn from(_: airlock::FlushError) -> Self {
        Self
    }
}

impl IntoResponse for FlushFailed {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

#[tokio::test]
async fn a_scoped_handler_nests_and_its_policy_holds() {
    let effects = Effects::new();
    let app = Router::new().route("/blocked", get(without_mail)).route("/fails", get(fails));
    let server = Server::axum(app.layer(layer(&effects))).await;
    assert_eq!(server.get("/blocked").await.0, 200);
    assert_eq!(effects.fates(), ["1: dropped by BlockTasks"]);
    assert_eq!(server.get("/fails").await.0, 500);
    assert_eq!(effects.fates().len(), 1, "the handler's own scope discarded the second");
}

#[tokio::test]
async fn a_layer_inside_a_layer_is_a_nested_scope() {
    let (outer, inner) = (Effects::new(), Effects::new());
    let nested = Router::new().route("/{status}", get(answer)).layer(layer(&inner));
    let app = Router::new().route("/own/{status}", get(answer)).nest("/nested", nested);
    let strict = outer.clone();
    let layer = ScopeLayer::new().scope(move |request| {
        let scope = strict.scope();
        if request.headers.contains_key("x-strict") { scope.policy(DropAll) } else { scope }
    });
    let server = Server::axum(app.layer(layer)).await;
    server.get("/nested/200").await;
    assert_eq!(inner.fates(), ["200: captured by the enclosing scope"]);
    assert_eq!(outer.fates(), ["200: dispatched"]);

    server.get("/nested/500").await;
    assert_eq!(inner.fates()[1..], ["500: discarded: error"]);
    assert_eq!(outer.left().len(), 1);

    let mut request = request("/nested/201");
    request.headers_mut().insert("x-strict", "1".parse().expect("a value"));
    server.send(request).await;
    assert_eq!(outer.fates().last().expect("a third"), "201: dropped by DropAll");
    assert!(inner.left().is_empty());
}

#[tokio::test]
async fn an_outer_layer_that_releases_lets_the_inner_one_flush() {
    let effects = Effects::new();
    let outer = effects.clone();
    let nested = app().layer(ScopeLayer::new());
    let app = Router::new().nest("/nested", nested);
    let layer = ScopeLayer::new().scope(move |_| outer.scope().release_all());
    let server = Server::axum(app.layer(layer)).await;
    assert_eq!(server.get("/nested/200").await.0, 200);
    assert_eq!(effects.left(), ["mail(order: 200)"], "by the executor of the scope around");
}

#[airlock::task(name = "quota_reached")]
fn quota_reached(order: u64) {
    unreachable!("order {order} is noted, not mailed");
}

#[tokio::test]
async fn the_mail_of_a_refusal_leaves_where_the_request_releases_it() {
    async fn publish() -> StatusCode {
        mail::enqueue(1).expect("inside a scope");
        let refusal = airlock::scope().run_async(async { quota_reached::enqueue(2) });
        refusal.await.expect("it is flushed").expect("inside a scope");
        StatusCode::TOO_MANY_REQUESTS
    }
    let effects = Effects::new();
    let scopes = effects.clone();
    let at_once = |intent: &airlock::Intent| intent.name() == quota_reached::NAME;
    let layer = ScopeLayer::new().scope(move |_| scopes.scope().release(at_once));
    let server = Server::axum(Router::new().route("/", get(publish)).layer(layer)).await;
    assert_eq!(server.get("/").await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(effects.left(), ["quota_reached(order: 2)"]);
    assert_eq!(effects.fates(), ["1: discarded: error"]);
}

#[tokio::test]
async fn what_rewrites_a_status_goes_around_the_layer() {
    async fn all_is_well(mut response: Response) -> Response {
        *response.status_mut() = StatusCode::OK;
        response
    }
    let (inside, outside) = (Effects::new(), Effects::new());
    let app = app().layer(layer(&inside)).layer(middleware::map_response(all_is_well));
    assert_eq!(Server::axum(app).await.get("/409").await.0, StatusCode::OK);
    assert_eq!(inside.fates(), ["409: discarded: error"]);

    let app = self::app().layer(middleware::map_response(all_is_well));
    assert_eq!(Server::axum(app.layer(layer(&outside))).await.get("/409").await.0, StatusCode::OK);
    assert_eq!(outside.fates(), ["409: dispatched"], "it sees what the client sees");
}

#[tokio::test]
async fn what_is_of_best_effort_fails_no_request() {
    async fn place() -> StatusCode {
        mail::intent(1).best_effort().enqueue().expect("inside a scope");
        StatusCode::CREATED
    }
    let effects = Effects::new();
    let scopes = effects.clone();
    let layer = ScopeLayer::new().scope(move |_| scopes.failing_scope());
    let server = Server::axum(Router::new().route("/", get(place)).layer(layer)).await;
    assert_eq!(server.get("/").await.0, StatusCode::CREATED);
    assert_eq!(effects.fates(), ["1: failed: the engine at db-7.internal is down"]);
}

/// Counts the scopes that it makes.
fn counting(effects: &Effects, scopes: &Arc<AtomicUsize>) -> ScopeLayer {
    let (effects, scopes) = (effects.clone(), scopes.clone());
    ScopeLayer::new().scope(move |_| {
        scopes.fetch_add(1, Ordering::Relaxed);
        effects.scope()
    })
}

#[tokio::test]
async fn whatever_takes_a_layer_takes_this_one() {
    let (effects, scopes) = (Effects::new(), Arc::new(AtomicUsize::new(0)));
    let server = Server::axum(app().route_layer(counting(&effects, &scopes))).await;
    assert_eq!(server.get("/201").await.0, 201);
    assert_eq!(server.get("/not/there").await.0, StatusCode::NOT_FOUND);
    assert_eq!(scopes.load(Ordering::Relaxed), 1, "what matches no route is no scope");

    let built = ServiceBuilder::new().layer(Extension(7_u64)).layer(layer(&effects));
    let server = Server::axum(app().layer(built)).await;
    assert_eq!(server.get("/202").await.0, 202);

    let method = get(answer).layer(layer(&effects));
    let server = Server::axum(Router::new().route("/{status}", method)).await;
    assert_eq!(server.get("/203").await.0, 203);
    assert_eq!(effects.left(), ["mail(order: 201)", "mail(order: 202)", "mail(order: 203)"]);
}

#[tokio::test]
async fn what_a_layer_outside_has_put_into_the_request_chooses_the_policy() {
    /// Put there by the layer that checks who asks.
    #[derive(Clone)]
    struct Admin;
    let effects = Effects::new();
    let scopes = effects.clone();
    let layer = ScopeLayer::new().scope(move |request| {
        let admin = request.extensions.get::<Admin>().is_some();
        if admin { scopes.scope().policy(block_tasks![mail]) } else { scopes.scope() }
    });
    let admin = app().layer(layer.clone()).layer(Extension(Admin));
    let server = Server::axum(app().layer(layer).nest("/admin", admin)).await;
    assert_eq!(server.get("/201").await.0, 201);
    assert_eq!(server.get("/admin/202").await.0, 202);
    assert_eq!(effects.fates(), ["201: dispatched", "202: dropped by BlockTasks"]);
}

/// An extractor that enqueues.
struct Noted;

impl<S: Sync> axum::extract::FromRequestParts<S> for Noted {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        _: &mut http::request::Parts,
        _: &S,
    ) -> Result<Self, std::convert::Infallible> {
        mail::enqueue(2).expect("inside the scope");
        Ok(Self)
    }
}

#[tokio::test]
async fn extractors_and_middleware_inside_enqueue_into_the_scope() {
    async fn notes(request: Request, next: Next) -> Response {
        mail::enqueue(1).expect("inside the scope");
        let response = next.run(request).await;
        mail::enqueue(3).expect("inside the scope");
        response
    }
    let effects = Effects::new();
    let routes = Router::new().route("/", get(async |_: Noted| ()));
    let app = routes.layer(middleware::from_fn(notes)).layer(layer(&effects));
    assert_eq!(Server::axum(app).await.get("/").await.0, 200);
    assert_eq!(effects.fates(), ["1: dispatched", "2: dispatched", "3: dispatched"]);
}

pub(crate) struct Smtp;

#[airlock::task]
pub(crate) fn over_smtp(#[state] _smtp: &Smtp, order: u64) {
    unreachable!("order {order} finds no such state");
}

#[tokio::test]
async fn a_layer_without_an_executor_runs_tasks_itself_and_without_states() {
    async fn runs() {
        let inner = airlock::scope().executor(|_| Ok::<_, std::convert::Infallible>(()));
        let captured = inner.run_async(async { over_smtp::enqueue(1) }).await;
        captured.expect("captured, whatever its executor").expect("inside a scope");
    }
    let layer = ScopeLayer::new().on_flush_error(|error, _| {
        Some((StatusCode::BAD_GATEWAY, error.to_string()).into_response())
    });
    let server = Server::axum(Router::new().route("/", get(runs)).layer(layer)).await;
    let (status, text) = server.get("/").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(text.contains("over_smtp") && text.contains("Smtp"), "{text}");
}

#[tokio::test]
async fn no_rule_flushes_a_panic() {
    async fn panics() {
        mail::enqueue(1).expect("inside a scope");
        panic!("the stock is negative");
    }
    let effects = Effects::new();
    let app = Router::new().route("/", get(panics)).layer(layer(&effects).flush_when(|_| true));
    let server = Server::axum(app).await;
    assert!(send(server.address, request("/")).await.is_err(), "the connection ends");
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["1: discarded: panic"]);
}

#[tokio::test]
async fn a_refusal_is_the_handlers_to_answer() {
    async fn refused() -> Result<(), (StatusCode, String)> {
        mail::enqueue(1).map_err(|error| {
            assert!(matches!(error, EnqueueError::Refused(..)));
            (StatusCode::FORBIDDEN, error.to_string())
        })
    }
    let layer = ScopeLayer::new().scope(|_| airlock::scope().policy(AssertNoEffects));
    let server = Server::axum(Router::new().route("/", get(refused)).layer(layer)).await;
    let (status, text) = server.get("/").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("`mail`") || text.contains("mail("), "{text}");
}
