//! poem.

use std::sync::Arc;

use airlock::poem::{CurrentScope, ScopeMiddleware};
use futures_util::{SinkExt, StreamExt};
use poem::endpoint::make;
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::middleware::{CatchPanic, SetHeader};
use poem::web::websocket::{Message, WebSocket};
use poem::web::{Data, Path};
use poem::{Body, Error, FromRequest, IntoResponse, Request, Response, Result, Route};
use poem::{Endpoint, EndpointExt, get, handler};
use tokio::time::timeout;

use crate::frameworks::{
    Framework, Gone, HEADERS, Socketed, TIMEOUT, Told, answer, answers_otherwise, conforms,
    ends_later, heard, kept, panics, rule, scope_of, shown, slow, spawns, stream, upgrades,
    without_mail,
};
use crate::support::{Effects, Server, listen_std, open, request};

struct Poem;

conforms!(Poem);

impl Framework for Poem {
    const GONE: Gone = Gone::RunsOn;
    const PANIC: Option<StatusCode> = None;
    const ADD: Option<&'static str> = Some("`.with(airlock::poem::ScopeMiddleware::new())`");

    const SOCKET: Socketed = Socketed::AtTheUpgrade;

    async fn serve(effects: &Effects, told: Told) -> Server {
        let (noted, executor) = (effects.clone(), effects.executor());
        let scopes = ScopeMiddleware::new()
            .scope(move |request| scope_of(&noted, request.header("x-scope")));
        let scopes = match told {
            Told::Nothing => scopes,
            Told::AfterResponse => scopes.after_response(),
            Told::Executor => scopes.executor(executor),
            Told::Rules => scopes.flush_when(rule).on_flush_error(|error, given| {
                answers_otherwise(given)
                    .then(|| (StatusCode::SERVICE_UNAVAILABLE, kept(error)).into_response())
            }),
        };
        let (listener, address) = listen_std();
        let app = Route::new()
            .at("/answer/:status", get(make(answers)))
            .at("/quiet/:status", get(make(quiet)))
            .at("/error/:status", get(make(fails)))
            .at("/headers/:status", get(make(answers)).with(with_headers()))
            .at("/slow", get(make(async |_| ends_later().await)))
            .at("/stream", get(make(async |_| Body::from_bytes_stream(stream().await))))
            .at("/panic", get(make(async |_| panics().await)))
            .at("/blocked", get(make(async |_| without_mail().await)))
            .at("/spawns", get(make(async |_| spawns().await)))
            .at("/socket", get(socket).data(effects.clone()))
            .at("/scope", get(scope))
            .at("/within/timeout", get(make(async |_| slow().await)).around(in_time))
            .at("/within/catch", get(make(async |_| panics().await)).with(CatchPanic::new()))
            .with(scopes.clone());
        let around = Route::new()
            .at("/timeout", get(make(async |_| slow().await)))
            .at("/answer", get(make(async |_| answer(200).await.to_string())))
            .at("/catch", get(make(async |_| panics().await)))
            .with(scopes)
            .around(in_time)
            .with(CatchPanic::new());
        let app =
            Route::new().at("/outside", get(scope)).nest("/around", around).nest_no_strip("/", app);
        let acceptor = TcpAcceptor::from_std(listener).expect("it is bound");
        Server::new(address, poem::Server::new_with_acceptor(acceptor).run(app))
    }
}

async fn answers(request: Request) -> Result<StatusCode> {
    let status = Path::<u16>::from_request_without_body(&request).await?;
    Ok(StatusCode::from_u16(answer(status.0).await).expect("a status"))
}

fn with_headers() -> SetHeader {
    HEADERS.into_iter().fold(SetHeader::new(), |set, (name, value)| set.appending(name, value))
}

async fn quiet(request: Request) -> Result<Response> {
    Ok(answers(request).await?.with_header("x-effects", "none").into_response())
}

/// poem has no middleware for this.
async fn in_time(endpoint: Arc<impl Endpoint>, request: Request) -> Result<Response> {
    let handled = timeout(TIMEOUT, endpoint.get_response(request)).await;
    handled.map_err(|_| StatusCode::GATEWAY_TIMEOUT.into())
}

#[handler]
fn socket(Data(effects): Data<&Effects>, socket: WebSocket) -> impl IntoResponse {
    upgrades();
    let effects = effects.clone();
    socket.on_upgrade(async move |mut socket| {
        while let Some(Ok(Message::Text(_))) = socket.next().await {
            let found = heard(&effects).await;
            socket.send(Message::text(found)).await.expect("the client reads");
        }
    })
}

#[handler]
fn scope(CurrentScope(scope): CurrentScope) -> String {
    shown(&scope)
}

async fn fails(request: Request) -> Result<Response> {
    Err(Error::from_string("no luck", answers(request).await?))
}

/// A rule may flush for an error, whose response may have headers, too.
#[tokio::test]
async fn an_error_that_a_failed_flush_replaces_keeps_its_headers() {
    let effects = Effects::new();
    let scopes = ScopeMiddleware::new().scope(move |_| effects.failing_scope());
    let (listener, address) = listen_std();
    let conflicts = make(async |request| {
        let given = answers(request).await?.with_header("x-request-id", "r-42");
        Err::<Response, _>(Error::from_response(given.with_header("etag", "7").into_response()))
    });
    let app = Route::new().at("/:status", get(conflicts)).with(scopes.flush_when(rule));
    let acceptor = TcpAcceptor::from_std(listener).expect("it is bound");
    let server = Server::new(address, poem::Server::new_with_acceptor(acceptor).run(app));
    let replaced = open(server.address, request("/409")).await.expect("it answers");
    assert_eq!(replaced.status(), 500);
    assert_eq!(replaced.headers()["x-request-id"], "r-42");
    assert!(!replaced.headers().contains_key("etag"));
}

#[tokio::test]
async fn an_error_of_an_endpoint_stays_one_for_catchers_outside() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let scopes = ScopeMiddleware::new().scope(move |_| scopes.scope());
    let (listener, address) = listen_std();
    let app = Route::new()
        .at("/error/:status", get(make(fails)))
        .with(scopes)
        .catch_all_error(async |error: Error| format!("caught: {error}"));
    let acceptor = TcpAcceptor::from_std(listener).expect("it is bound");
    let server = Server::new(address, poem::Server::new_with_acceptor(acceptor).run(app));
    assert_eq!(server.get("/error/409").await.1, "caught: no luck");
    assert_eq!(effects.fates(), ["409: discarded: error"]);
}
