//! Rocket.

use airlock::rocket::ScopeRoutes;
use rocket::config::{LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::{Config, get, routes};
use tokio::sync::oneshot;

use crate::frameworks::{
    Gone, conforms, conforms_after_response, conforms_otherwise, kept, scope_of,
};
use crate::support::{Effects, Server, mail};

fn scopes(effects: &Effects) -> ScopeRoutes {
    let effects = effects.clone();
    ScopeRoutes::new()
        .scope(move |request| scope_of(&effects, request.headers().get_one("x-scope")))
}

#[get("/answer/<status>")]
async fn answer(status: u16) -> Result<(Status, &'static str), Status> {
    let status = Status::new(crate::frameworks::answer(status).await);
    // Both of Rocket's ways to answer with an error: a response, and a catcher's.
    if status.code == 500 { Err(status) } else { Ok((status, "")) }
}

#[get("/slow")]
async fn slow() {
    crate::frameworks::slow().await;
}

#[get("/panic")]
async fn panics() {
    crate::frameworks::panics().await;
}

#[get("/blocked")]
async fn blocked() {
    crate::frameworks::without_mail().await;
}

/// A guard that enqueues, and forwards.
struct Forwards;

#[rocket::async_trait]
impl<'r> rocket::request::FromRequest<'r> for Forwards {
    type Error = ();

    async fn from_request(_: &'r rocket::Request<'_>) -> rocket::request::Outcome<Self, ()> {
        mail::enqueue(6).expect("inside a scope");
        rocket::request::Outcome::Forward(Status::NotFound)
    }
}

#[get("/forwarded", rank = 1)]
fn forwards(_guard: Forwards) {}

#[get("/forwarded", rank = 2)]
fn forwarded() {
    mail::enqueue(7).expect("inside a scope");
}

async fn serve(scopes: ScopeRoutes) -> Server {
    let config = Config {
        port: 0,
        workers: 1,
        log_level: LogLevel::Off,
        shutdown: Shutdown { ctrlc: false, ..Shutdown::default() },
        ..Config::debug_default()
    };
    let (told, address) = oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    let routes = routes![answer, slow, panics, blocked, forwards, forwarded];
    let app = rocket::custom(config).mount("/", scopes.around(routes)).attach(AdHoc::on_liftoff(
        "address",
        move |rocket| {
            let told = told.lock().expect("no panic").take();
            let address = (rocket.config().address, rocket.config().port).into();
            Box::pin(async move {
                told.expect("once").send(address).expect("the test waits");
            })
        },
    ));
    let launched = tokio::spawn(async move { app.launch().await.map(drop) });
    let address = address.await.expect("it lifts off");
    Server::new(address, async move { launched.await.expect("no panic") })
}

#[tokio::test]
async fn conforms_by_itself() {
    let effects = Effects::new();
    conforms(&serve(scopes(&effects)).await, &effects, Gone::RunsOn).await;
}

#[tokio::test]
async fn conforms_with_rules_of_the_users() {
    let effects = Effects::new();
    let scopes =
        scopes(&effects).flush_when(|status| status == Status::Conflict).on_flush_error(|error| {
            assert_eq!(kept(error), "kept: mail(order: 409)");
            Status::ServiceUnavailable
        });
    conforms_otherwise(&serve(scopes).await, &effects, "503").await;
}

#[tokio::test]
async fn conforms_when_it_flushes_after_the_response() {
    let effects = Effects::new();
    conforms_after_response(&serve(scopes(&effects).after_response()).await, &effects).await;
}

#[tokio::test]
async fn a_forward_discards_and_the_next_route_is_a_scope_of_its_own() {
    let effects = Effects::new();
    let server = serve(scopes(&effects)).await;
    assert_eq!(server.get("/forwarded").await.0, 200);
    assert_eq!(effects.fates(), ["6: discarded: on request", "7: dispatched"]);
}
