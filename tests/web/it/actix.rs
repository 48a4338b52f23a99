//! actix-web.

use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, ResponseError, web};
use airlock::actix::{CurrentScope, ScopeMiddleware};

use crate::frameworks::{
    Gone, answer, conforms, conforms_after_response, conforms_otherwise, kept, panics, scope_of,
    slow, without_mail,
};
use crate::support::{Effects, Server, listen_std, mail};

fn scopes(effects: &Effects) -> ScopeMiddleware {
    let effects = effects.clone();
    ScopeMiddleware::new().scope(move |request| {
        let header = request.headers().get("x-scope").and_then(|value| value.to_str().ok());
        scope_of(&effects, header)
    })
}

fn serve(scopes: ScopeMiddleware) -> Server {
    let (listener, address) = listen_std();
    let app = move || {
        let answers = async |status: web::Path<u16>| {
            HttpResponse::new(StatusCode::from_u16(answer(*status).await).expect("a status"))
        };
        App::new().service(web::resource("/outside").to(extracted)).service(
            web::scope("")
                .wrap(scopes.clone())
                .route("/answer/{status}", web::get().to(answers))
                .route(
                    "/slow",
                    web::get().to(async || {
                        slow().await;
                        ""
                    }),
                )
                .route(
                    "/panic",
                    web::get().to(async || {
                        panics().await;
                        ""
                    }),
                )
                .route(
                    "/blocked",
                    web::get().to(async || {
                        without_mail().await;
                        ""
                    }),
                )
                .route("/scope", web::get().to(extracted))
                .route("/error", web::get().to(fails)),
        )
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
    Server::new(address, server.expect("it is bound").run())
}

async fn extracted(CurrentScope(scope): CurrentScope) -> String {
    mail::enqueue(1).expect("inside a scope");
    scope.inspect().own().len().to_string()
}

/// An error of the handler's that is no failure.
#[derive(Debug)]
struct Elsewhere;

impl std::fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("elsewhere")
    }
}

impl ResponseError for Elsewhere {
    fn status_code(&self) -> StatusCode {
        StatusCode::GONE
    }
}

async fn fails() -> Result<HttpResponse, Elsewhere> {
    mail::enqueue(5).expect("inside a scope");
    Err(Elsewhere)
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
        .on_flush_error(|error| HttpResponse::ServiceUnavailable().body(kept(error)));
    conforms_otherwise(&serve(scopes), &effects, "kept: mail(order: 409)").await;
}

#[tokio::test]
async fn conforms_when_it_flushes_after_the_response() {
    let effects = Effects::new();
    conforms_after_response(&serve(scopes(&effects).after_response()), &effects).await;
}

#[tokio::test]
async fn errors_of_handlers_discard() {
    let effects = Effects::new();
    let server = serve(scopes(&effects));
    assert_eq!(server.get("/error").await.0, http::StatusCode::GONE);
    assert_eq!(effects.fates(), ["5: discarded: error"]);
}

#[tokio::test]
async fn a_handler_finds_its_scope() {
    let server = serve(scopes(&Effects::new()));
    assert_eq!(server.get("/scope").await.1, "1");
    let (status, text) = server.get("/outside").await;
    assert_eq!(status, http::StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("`.wrap(airlock::actix::ScopeMiddleware::new())`"), "{text}");
}
