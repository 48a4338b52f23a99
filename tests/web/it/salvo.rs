//! salvo.

use airlock::salvo::ScopeHoop;
use salvo_core::conn::tcp::TcpAcceptor;
use salvo_core::http::StatusCode;
use salvo_core::{Request, Response, Router, Server as SalvoServer, handler};

use crate::frameworks::{
    Gone, answer, conforms, conforms_after_response, conforms_otherwise, kept, scope_of,
};
use crate::support::{Effects, Server, listen, mail};

fn scopes(effects: &Effects) -> ScopeHoop {
    let effects = effects.clone();
    ScopeHoop::new().scope(move |request| scope_of(&effects, request.header("x-scope")))
}

#[handler]
async fn answers(request: &mut Request, response: &mut Response) {
    let status = request.param("status").expect("the route has one");
    response.status_code(StatusCode::from_u16(answer(status).await).expect("a status"));
}

#[handler]
async fn slow() {
    crate::frameworks::slow().await;
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
async fn silent() {
    mail::enqueue(5).expect("inside a scope");
}

async fn serve(scopes: ScopeHoop) -> Server {
    let (listener, address) = listen().await;
    let router = Router::new()
        .hoop(scopes)
        .push(Router::with_path("answer/{status}").get(answers))
        .push(Router::with_path("slow").get(slow))
        .push(Router::with_path("panic").get(panics))
        .push(Router::with_path("silent").get(silent))
        .push(Router::with_path("blocked").get(blocked));
    let acceptor = TcpAcceptor::try_from(listener).expect("it is bound");
    Server::new(address, async move {
        SalvoServer::new(acceptor).serve(router).await;
        Ok::<_, ()>(())
    })
}

#[tokio::test]
async fn conforms_by_itself() {
    let effects = Effects::new();
    conforms(&serve(scopes(&effects)).await, &effects, Gone::IsDropped).await;
}

#[tokio::test]
async fn conforms_with_rules_of_the_users() {
    let effects = Effects::new();
    let scopes = scopes(&effects)
        .flush_when(|status| status == StatusCode::CONFLICT)
        .on_flush_error(|error| {
            let mut response = Response::new();
            response.status_code(StatusCode::SERVICE_UNAVAILABLE);
            response.render(kept(error));
            response
        });
    conforms_otherwise(&serve(scopes).await, &effects, "kept: mail(order: 409)").await;
}

#[tokio::test]
async fn conforms_when_it_flushes_after_the_response() {
    let effects = Effects::new();
    conforms_after_response(&serve(scopes(&effects).after_response()).await, &effects).await;
}

#[tokio::test]
async fn a_handler_that_names_no_status_flushes() {
    let effects = Effects::new();
    let server = serve(scopes(&effects)).await;
    assert_eq!(server.get("/silent").await.0, 200);
    assert_eq!(effects.left(), ["mail(order: 5)"]);
}
