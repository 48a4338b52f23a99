//! axum.

use airlock::axum::CurrentScope;
use airlock::tower::ScopeLayer;
use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::frameworks::{
    Framework, Gone, HEADERS, Socketed, TIMEOUT, Told, answer, answers_otherwise, conforms, heard,
    kept, panics, rule, scope_of, shown, slow, spawns, stream, upgrades, without_mail,
};
use crate::support::{Effects, Server};

struct Axum;

conforms!(Axum);

impl Framework for Axum {
    const GONE: Gone = Gone::IsDropped;
    const PANIC: Option<StatusCode> = None;
    const ADD: Option<&'static str> = Some("`.layer(airlock::tower::ScopeLayer::new())`");

    const SOCKET: Socketed = Socketed::AtTheUpgrade;

    async fn serve(effects: &Effects, told: Told) -> Server {
        let noted = effects.clone();
        let layer = ScopeLayer::new().scope(move |request| {
            let header = request.headers.get("x-scope").and_then(|value| value.to_str().ok());
            scope_of(&noted, header)
        });
        let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, TIMEOUT);
        let around = Router::new()
            .route("/around/timeout", get(slow))
            .route("/around/answer", get(async || answers(Path(200)).await))
            .route("/around/catch", get(panics))
            .layer(layer.clone())
            .layer(timeout)
            .layer(CatchPanicLayer::new());
        let routes = Router::new()
            .route("/answer/{status}", get(answers))
            .route("/quiet/{status}", get(async |status| (answers(status).await, QUIET)))
            .route("/error/{status}", get(async |status| Err::<(), _>(answers(status).await)))
            .route("/headers/{status}", get(answers).layer(map_response(with_headers)))
            .route("/slow", get(slow))
            .route("/stream", get(async || Body::from_stream(stream().await)))
            .route("/panic", get(panics))
            .route("/blocked", get(without_mail))
            .route("/spawns", get(spawns))
            .route("/socket", get(socket).with_state(effects.clone()))
            .route("/scope", get(scope))
            .route("/within/timeout", get(slow).layer(timeout))
            .route("/within/catch", get(panics).layer(CatchPanicLayer::new()));
        let scoped = match told {
            Told::Nothing => routes.layer(layer),
            Told::AfterResponse => routes.layer(layer.after_response()),
            Told::Executor => routes.layer(layer.executor(effects.executor())),
            Told::Rules => routes.layer(layer.flush_when(rule).on_flush_error(|error, given| {
                answers_otherwise(given)
                    .then(|| (StatusCode::SERVICE_UNAVAILABLE, kept(error)).into_response())
            })),
        };
        Server::axum(scoped.route("/outside", get(scope)).merge(around)).await
    }
}

const QUIET: [(&str, &str); 1] = [("x-effects", "none")];

async fn scope(CurrentScope(scope): CurrentScope) -> String {
    shown(&scope)
}

async fn answers(Path(status): Path<u16>) -> StatusCode {
    StatusCode::from_u16(answer(status).await).expect("a status")
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        response.headers_mut().append(name, HeaderValue::from_static(value));
    }
    response
}

async fn socket(State(effects): State<Effects>, upgrade: WebSocketUpgrade) -> Response {
    upgrades();
    upgrade.on_upgrade(async move |mut socket: WebSocket| {
        while let Some(Ok(Message::Text(_))) = socket.recv().await {
            let found = heard(&effects).await;
            socket.send(found.into()).await.expect("the client reads");
        }
    })
}
