//! salvo.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airlock::salvo::{CurrentScope, ScopeHoop};
use airlock::tower::ScopeLayer;
use salvo_core::conn::tcp::TcpAcceptor;
use salvo_core::http::{StatusCode, StatusError};
use salvo_core::{Depot, Request, Response, Router, Server as SalvoServer, Writer, handler};
use salvo_extra::TowerLayerCompat;
use salvo_extra::affix_state::inject;
use salvo_extra::catch_panic::CatchPanic;
use salvo_extra::timeout::Timeout;
use salvo_extra::websocket::{Message, WebSocket, WebSocketUpgrade};

use crate::frameworks::{
    Framework, Gone, HEADERS, Socketed, TIMEOUT, Told, answer, answers_otherwise, conforms, heard,
    kept, rule, scope_of, shown, upgrades,
};
use crate::support::{Effects, Server, listen, mail};

struct Salvo;

conforms!(Salvo);

impl Framework for Salvo {
    const GONE: Gone = Gone::IsDropped;
    const PANIC: Option<StatusCode> = None;
    const ADD: Option<&'static str> = Some("`.hoop(airlock::salvo::ScopeHoop::new())`");

    const SOCKET: Socketed = Socketed::AtTheUpgrade;

    async fn serve(effects: &Effects, told: Told) -> Server {
        let (noted, executor) = (effects.clone(), effects.executor());
        let scopes =
            ScopeHoop::new().scope(move |request| scope_of(&noted, request.header("x-scope")));
        let scopes = match told {
            Told::Nothing => scopes,
            Told::AfterResponse => scopes.after_response(),
            Told::Executor => scopes.executor(executor),
            Told::Rules => scopes.flush_when(rule).on_flush_error(|error, given| {
                answers_otherwise(given).then(|| {
                    let mut response = Response::new();
                    response.status_code(StatusCode::SERVICE_UNAVAILABLE);
                    response.render(kept(error));
                    response
                })
            }),
        };
        let timeout = || Timeout::new(TIMEOUT).error(StatusError::gateway_timeout);
        let around = Router::with_path("around")
            .hoop(CatchPanic::new())
            .hoop(timeout())
            .hoop(scopes.clone())
            .push(Router::with_path("timeout").get(slow))
            .push(Router::with_path("answer").get(placed))
            .push(Router::with_path("catch").get(panics));
        let within = Router::with_path("within")
            .push(Router::with_path("timeout").hoop(timeout()).get(slow))
            .push(Router::with_path("catch").hoop(CatchPanic::new()).get(panics));
        let inside = Router::new()
            .hoop(scopes)
            .push(within)
            .push(Router::with_path("answer/{status}").get(answers))
            .push(Router::with_path("quiet/{status}").get(quiet))
            .push(Router::with_path("error/{status}").get(fails))
            .push(Router::with_path("headers/{status}").hoop(with_headers).get(answers))
            .push(Router::with_path("slow").get(slow))
            .push(Router::with_path("stream").get(stream))
            .push(Router::with_path("panic").get(panics))
            .push(Router::with_path("silent").get(silent))
            .push(Router::with_path("blocked").get(blocked))
            .push(Router::with_path("spawns").get(spawns))
            .push(Router::with_path("socket").hoop(inject(effects.clone())).get(socket))
            .push(Router::with_path("scope").get(shows));
        let router = Router::new().push(Router::with_path("outside").get(shows));
        serve(router.push(around).push(inside)).await
    }
}

async fn serve(router: Router) -> Server {
    let (listener, address) = listen().await;
    let acceptor = TcpAcceptor::try_from(listener).expect("it is bound");
    Server::new(address, async move {
        SalvoServer::new(acceptor).serve(router).await;
        Ok::<_, ()>(())
    })
}

async fn status_of(request: &Request) -> StatusCode {
    let status = request.param("status").expect("the route has one");
    StatusCode::from_u16(answer(status).await).expect("a status")
}

#[handler]
async fn answers(request: &mut Request, response: &mut Response) {
    response.status_code(status_of(request).await);
}

#[handler]
async fn quiet(request: &mut Request, response: &mut Response) {
    response.status_code(status_of(request).await);
    response.add_header("x-effects", "none", true).expect("a header");
}

#[handler]
async fn with_headers(response: &mut Response) {
    for (name, value) in HEADERS {
        response.add_header(name, value, false).expect("a header");
    }
}

#[handler]
async fn shows(scope: CurrentScope) -> String {
    shown(&scope.0)
}

#[handler]
async fn fails(request: &mut Request) -> Result<(), StatusError> {
    let error = StatusError::from_code(status_of(request).await);
    Err(error.expect("it is one of an error"))
}

#[handler]
async fn slow() {
    crate::frameworks::slow().await;
}

#[handler]
async fn stream(response: &mut Response) {
    response.stream(crate::frameworks::stream().await);
}

#[handler]
async fn panics() {
    crate::frameworks::panics().await;
}

#[handler]
async fn blocked() {
    crate::frameworks::without_mail().await;
}

#[handler]
async fn placed() {
    answer(200).await;
}

#[handler]
async fn spawns() {
    crate::frameworks::spawns().await;
}

#[handler]
async fn socket(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), StatusError> {
    upgrades();
    let effects = depot.get_typed::<Effects>().expect("it is injected").clone();
    let upgrade = WebSocketUpgrade::new();
    let talks = async move |mut talk: WebSocket| {
        while let Some(Ok(message)) = talk.recv().await
            && message.is_text()
        {
            let found = heard(&effects).await;
            talk.send(Message::text(found)).await.expect("the client reads");
        }
    };
    upgrade.upgrade(request, response, talks).await
}

#[handler]
async fn silent() {
    mail::enqueue(5).expect("inside a scope");
}

#[tokio::test]
async fn a_handler_that_names_no_status_flushes() {
    let effects = Effects::new();
    let server = Salvo::serve(&effects, Told::Nothing).await;
    assert_eq!(server.get("/silent").await.0, 200);
    assert_eq!(effects.left(), ["mail(order: 5)"]);
}

#[handler]
async fn outside(response: &mut Response) {
    let enqueued = mail::enqueue(6);
    response.render(if enqueued.is_err() { "no scope" } else { "in a scope" });
}

/// Why there is a hoop.
#[tokio::test]
async fn towers_layer_is_not_around_a_handler_of_salvo() {
    let scopes = Arc::new(AtomicUsize::new(0));
    let made = scopes.clone();
    let layer = ScopeLayer::new().scope(move |_| {
        made.fetch_add(1, Ordering::Relaxed);
        airlock::scope()
    });
    let server = serve(Router::new().hoop(layer.compat()).get(outside)).await;
    assert_eq!(server.get("/").await.1, "no scope");
    assert_eq!(scopes.load(Ordering::Relaxed), 1, "there was one, around something else");
}
