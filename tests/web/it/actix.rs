//! actix-web.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorGatewayTimeout, ErrorInternalServerError, InternalError};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use actix_ws::Message;
use airlock::actix::{CurrentScope, ScopeMiddleware};
use futures_util::FutureExt;
use tokio::time::timeout;

use crate::frameworks::{
    Framework, Gone, HEADERS, Socketed, TIMEOUT, Told, answer, answers_otherwise, conforms,
    ends_later, heard, kept, panics, rule, scope_of, shown, slow, stream, upgrades, without_mail,
};
use crate::support::{Effects, Server, listen_std, mail, open, request};

struct Actix;

conforms!(Actix);

impl Framework for Actix {
    const GONE: Gone = Gone::RunsOn;
    const PANIC: Option<http::StatusCode> = None;
    const ADD: Option<&'static str> = Some("`.wrap(airlock::actix::ScopeMiddleware::new())`");

    /// A handler writes to its socket through the response's body.
    const SOCKET: Socketed = Socketed::AtItsEnd;

    async fn serve(effects: &Effects, told: Told) -> Server {
        let (noted, executor) = (effects.clone(), effects.executor());
        let scopes = ScopeMiddleware::new().scope(move |request| {
            let header = request.headers().get("x-scope").and_then(|value| value.to_str().ok());
            scope_of(&noted, header)
        });
        let effects = web::Data::new(effects.clone());
        let scopes = match told {
            Told::Nothing => scopes,
            Told::AfterResponse => scopes.after_response(),
            Told::Executor => scopes.executor(executor),
            Told::Rules => scopes.flush_when(rule).on_flush_error(|error, given| {
                answers_otherwise(given)
                    .then(|| HttpResponse::ServiceUnavailable().body(kept(error)))
            }),
        };
        let (listener, address) = listen_std();
        let app = move || {
            let around = web::scope("/around")
                .wrap(scopes.clone())
                .wrap(from_fn(in_time))
                .wrap(from_fn(caught))
                .route("/timeout", web::get().to(|| empty(slow())))
                .route("/answer", web::get().to(|| answers(200.into())))
                .route("/catch", web::get().to(|| empty(panics())));
            let outside = web::resource("/outside").to(extracted);
            App::new().app_data(effects.clone()).service(outside).service(around).service(
                web::scope("")
                    .wrap(scopes.clone())
                    .route("/answer/{status}", web::get().to(answers))
                    .route("/quiet/{status}", web::get().to(quiet))
                    .route("/error/{status}", web::get().to(fails))
                    .service(
                        web::resource("/headers/{status}")
                            .wrap(from_fn(with_headers))
                            .route(web::get().to(answers)),
                    )
                    .route("/slow", web::get().to(|| empty(ends_later())))
                    .route("/stream", web::get().to(streams))
                    .route("/panic", web::get().to(|| empty(panics())))
                    .route("/blocked", web::get().to(|| empty(without_mail())))
                    .route("/spawns", web::get().to(|| empty(crate::frameworks::spawns())))
                    .route("/socket", web::get().to(socket))
                    .route("/scope", web::get().to(extracted))
                    .service(
                        web::scope("/within")
                            .wrap(from_fn(in_time))
                            .wrap(from_fn(caught))
                            .route("/timeout", web::get().to(|| empty(slow())))
                            .route("/catch", web::get().to(|| empty(panics()))),
                    ),
            )
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
        Server::new(address, server.expect("it is bound").run())
    }
}

async fn answers(status: web::Path<u16>) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(answer(*status).await).expect("a status"))
}

async fn quiet(status: web::Path<u16>) -> HttpResponse {
    let mut response = answers(status).await;
    response
        .headers_mut()
        .insert("x-effects".parse().expect("a name"), "none".parse().expect("a value"));
    response
}

async fn with_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        response.headers_mut().append(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn fails(status: web::Path<u16>) -> Result<HttpResponse, Error> {
    let status = answers(status).await.status();
    Err(InternalError::new("no luck", status).into())
}

async fn streams() -> HttpResponse {
    HttpResponse::Ok().streaming(stream().await)
}

async fn empty(handled: impl Future<Output = ()>) -> &'static str {
    handled.await;
    ""
}

async fn socket(
    effects: web::Data<Effects>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Error> {
    upgrades();
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(Message::Text(_))) = messages.recv().await {
            let found = heard(&effects).await;
            session.text(found).await.expect("the client reads");
        }
    });
    Ok(response)
}

/// actix-web has no middleware for this.
async fn in_time(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let late = |_| Err(ErrorGatewayTimeout("too late"));
    timeout(TIMEOUT, next.call(request)).await.unwrap_or_else(late)
}

/// Nor for this.
async fn caught(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let panicked = |_| Err(ErrorInternalServerError("a panic"));
    AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(panicked)
}

async fn extracted(CurrentScope(scope): CurrentScope) -> String {
    shown(&scope)
}

async fn inside(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    mail::enqueue(7).expect("wrapped before, and so inside the scope");
    next.call(request).await
}

async fn outside(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    assert!(mail::enqueue(8).is_err(), "wrapped after, and so outside of the scope");
    next.call(request).await
}

async fn spawns() -> &'static str {
    let spawned = actix_web::rt::spawn(async { mail::enqueue(9).is_err() }).await;
    if spawned.expect("no panic") { "no scope" } else { "in a scope" }
}

/// A rule may flush for an error, whose response may have headers, too.
#[tokio::test]
async fn an_error_that_a_failed_flush_replaces_keeps_its_headers() {
    async fn fails(
        _: ServiceRequest,
        _: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<String>, Error> {
        mail::enqueue(409).expect("inside a scope");
        let mut given = HttpResponse::Conflict();
        let given = given.insert_header(("x-request-id", "r-42")).insert_header(("etag", "7"));
        Err(InternalError::from_response("no luck", given.finish()).into())
    }
    let effects = Effects::new();
    let scopes = ScopeMiddleware::new().scope(move |_| effects.failing_scope()).flush_when(rule);
    let (listener, address) = listen_std();
    let app = move || App::new().wrap(from_fn(fails)).wrap(scopes.clone());
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
    let server = Server::new(address, server.expect("it is bound").run());
    let replaced = open(server.address, request("/")).await.expect("it answers");
    assert_eq!(replaced.status(), 500);
    assert_eq!(replaced.headers()["x-request-id"], "r-42");
    assert!(!replaced.headers().contains_key("etag"));
}

#[tokio::test]
async fn apps_and_resources_are_wrapped_inside_out() {
    let effects = Effects::new();
    let scopes = effects.clone();
    let scopes = ScopeMiddleware::new().scope(move |_| scopes.scope());
    let (listener, address) = listen_std();
    let of_an_app = scopes.clone();
    let app = move || {
        let app = App::new().wrap(from_fn(inside)).wrap(of_an_app.clone()).wrap(from_fn(outside));
        app.route("/", web::get().to(spawns))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
    let server = Server::new(address, server.expect("it is bound").run());
    assert_eq!(server.get("/").await, (http::StatusCode::OK, "no scope".to_owned()));

    let (listener, address) = listen_std();
    let app = move || {
        let resource = web::resource("/").wrap(from_fn(inside)).wrap(scopes.clone());
        App::new().service(resource.wrap(from_fn(outside)).to(spawns))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
    let server = Server::new(address, server.expect("it is bound").run());
    assert_eq!(server.get("/").await, (http::StatusCode::OK, "no scope".to_owned()));
    assert_eq!(effects.left(), ["mail(order: 7)", "mail(order: 7)"]);
}
