//! actix-web.

use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::{App, Error, HttpResponse, HttpServer, web};
use airlock::actix::{CurrentScope, ScopeMiddleware};

use crate::frameworks::{
    Framework, Gone, Told, answer, conforms, kept, panics, scope_of, slow, without_mail,
};
use crate::support::{Effects, Server, listen_std, mail};

struct Actix;

conforms!(Actix);

impl Framework for Actix {
    const GONE: Gone = Gone::RunsOn;
    const PANIC: Option<http::StatusCode> = None;

    async fn serve(effects: &Effects, told: Told) -> Server {
        let effects = effects.clone();
        let scopes = ScopeMiddleware::new().scope(move |request| {
            let header = request.headers().get("x-scope").and_then(|value| value.to_str().ok());
            scope_of(&effects, header)
        });
        let scopes = match told {
            Told::Nothing => scopes,
            Told::AfterResponse => scopes.after_response(),
            Told::Rules => scopes
                .flush_when(|status| status == StatusCode::CONFLICT)
                .on_flush_error(|error| HttpResponse::ServiceUnavailable().body(kept(error))),
        };
        let (listener, address) = listen_std();
        let app = move || {
            App::new().service(web::resource("/outside").to(extracted)).service(
                web::scope("")
                    .wrap(scopes.clone())
                    .route("/answer/{status}", web::get().to(answers))
                    .route("/error/{status}", web::get().to(fails))
                    .route("/slow", web::get().to(async || empty(slow().await)))
                    .route("/panic", web::get().to(async || empty(panics().await)))
                    .route("/blocked", web::get().to(async || empty(without_mail().await)))
                    .route("/scope", web::get().to(extracted)),
            )
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
        Server::new(address, server.expect("it is bound").run())
    }
}

async fn answers(status: web::Path<u16>) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(answer(*status).await).expect("a status"))
}

async fn fails(status: web::Path<u16>) -> Result<HttpResponse, Error> {
    let status = answers(status).await.status();
    Err(InternalError::new("no luck", status).into())
}

fn empty((): ()) -> &'static str {
    ""
}

async fn extracted(CurrentScope(scope): CurrentScope) -> String {
    mail::enqueue(1).expect("inside a scope");
    scope.inspect().own().len().to_string()
}

#[tokio::test]
async fn a_handler_finds_its_scope() {
    let server = Actix::serve(&Effects::new(), Told::Nothing).await;
    assert_eq!(server.get("/scope").await.1, "1");
    let (status, text) = server.get("/outside").await;
    assert_eq!(status, http::StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("`.wrap(airlock::actix::ScopeMiddleware::new())`"), "{text}");
}
