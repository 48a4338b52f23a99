//! poem.

use airlock::poem::ScopeMiddleware;
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::web::Path;
use poem::{Endpoint, EndpointExt, FromRequest, IntoResponse, Request, Route, get};

use crate::frameworks::{
    Gone, answer, conforms, conforms_after_response, conforms_otherwise, kept, panics, scope_of,
    slow, without_mail,
};
use crate::support::{Effects, Server, listen_std, mail};

fn scopes(effects: &Effects) -> ScopeMiddleware {
    let effects = effects.clone();
    ScopeMiddleware::new().scope(move |request| scope_of(&effects, request.header("x-scope")))
}

/// An endpoint of a closure.
fn at<F, R>(answer: F) -> impl Endpoint
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = poem::Result<StatusCode>> + Send + 'static,
{
    poem::endpoint::make(answer)
}

async fn answers(request: Request) -> poem::Result<StatusCode> {
    let status = Path::<u16>::from_request_without_body(&request).await?;
    Ok(StatusCode::from_u16(answer(status.0).await).expect("a status"))
}

fn serve(scopes: ScopeMiddleware) -> Server {
    let (listener, address) = listen_std();
    let ok = StatusCode::OK;
    let app = Route::new()
        .at("/answer/:status", get(at(answers)))
        .at(
            "/slow",
            get(at(move |_| async move {
                slow().await;
                Ok(ok)
            })),
        )
        .at(
            "/panic",
            get(at(move |_| async move {
                panics().await;
                Ok(ok)
            })),
        )
        .at(
            "/blocked",
            get(at(move |_| async move {
                without_mail().await;
                Ok(ok)
            })),
        )
        .at(
            "/error",
            get(at(async |_| {
                mail::enqueue(5).expect("inside a scope");
                Err(poem::Error::from_string("gone", StatusCode::GONE))
            })),
        )
        .with(scopes);
    let acceptor = TcpAcceptor::from_std(listener).expect("it is bound");
    Server::new(address, poem::Server::new_with_acceptor(acceptor).run(app))
}

#[tokio::test]
async fn conforms_by_itself() {
    let effects = Effects::new();
    conforms(&serve(scopes(&effects)), &effects, Gone::RunsOn).await;
}

#[tokio::test]
async fn conforms_with_rules_of_the_users() {
    let effects = Effects::new();
    let scopes = scopes(&effects)
        .flush_when(|status| status == StatusCode::CONFLICT)
        .on_flush_error(|error| (StatusCode::SERVICE_UNAVAILABLE, kept(error)).into_response());
    conforms_otherwise(&serve(scopes), &effects, "kept: mail(order: 409)").await;
}

#[tokio::test]
async fn conforms_when_it_flushes_after_the_response() {
    let effects = Effects::new();
    conforms_after_response(&serve(scopes(&effects).after_response()), &effects).await;
}

#[tokio::test]
async fn errors_of_endpoints_discard() {
    let effects = Effects::new();
    let server = serve(scopes(&effects));
    assert_eq!(server.get("/error").await.0, StatusCode::GONE);
    assert_eq!(effects.fates(), ["5: discarded: error"]);
}
