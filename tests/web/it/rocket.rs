//! Rocket.

use std::panic::AssertUnwindSafe;

use airlock::rocket::{CurrentScope, ScopeRoutes};
use futures_util::{FutureExt, SinkExt};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use rocket::config::{LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::http::{ContentType, Status};
use rocket::response::stream::ByteStream;
use rocket::response::{Responder, Response};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Config, Data, Request, State, catch, catchers, get, post, routes, uri};
use rocket_ws::{Channel, Message, WebSocket};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt};

use crate::frameworks::{
    Framework, Gone, HEADERS, Socketed, TIMEOUT, Told, answers_otherwise, conforms, heard, kept,
    rule, scope_of, shown, upgrades,
};
use crate::support::{Effects, Server, mail, open, request};

struct Rocket;

conforms!(Rocket);

impl Framework for Rocket {
    const GONE: Gone = Gone::RunsOn;
    const PANIC: Option<http::StatusCode> = Some(http::StatusCode::INTERNAL_SERVER_ERROR);
    const ADD: Option<&'static str> = None;
    /// A catcher's.
    const FAILED: Option<&'static str> = None;

    /// Rocket keeps a request as long as its socket.
    const SOCKET: Socketed = Socketed::AtItsEnd;

    async fn serve(effects: &Effects, told: Told) -> Server {
        let (noted, executor) = (effects.clone(), effects.executor());
        let scopes = ScopeRoutes::new()
            .scope(move |request| scope_of(&noted, request.headers().get_one("x-scope")));
        let scopes = match told {
            Told::Nothing => scopes,
            Told::AfterResponse => scopes.after_response(),
            Told::Executor => scopes.executor(executor),
            Told::Rules => scopes.flush_when(rule).on_flush_error(|error, given| {
                answers_otherwise(given).then(|| {
                    assert_eq!(kept(error), "kept: mail(order: 409)");
                    Status::ServiceUnavailable
                })
            }),
        };
        let routes = routes![
            answer, quiet, headers, fails, scope, slow, stream, panics, blocked, noted, forwards,
            forwarded, spawns, socket
        ];
        let catchers = catchers![unavailable];
        let around = scopes.around(routes![in_time, placed, panics_too]);
        let app = rocket::custom(config())
            .manage(effects.clone())
            .mount("/", scopes.around(routes))
            .mount("/within", scopes.around(InTime::around(routes![in_time])))
            .mount("/within", scopes.around(routes![catches]))
            .mount("/around", InTime::around(around));
        serve(app.mount("/", routes![outside]).register("/", catchers)).await
    }
}

fn config() -> Config {
    Config {
        port: 0,
        workers: 1,
        log_level: LogLevel::Off,
        shutdown: Shutdown { ctrlc: false, ..Shutdown::default() },
        ..Config::debug_default()
    }
}

async fn serve(app: rocket::Rocket<rocket::Build>) -> Server {
    let (told, address) = oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    let app = app.attach(AdHoc::on_liftoff("address", move |rocket| {
        let told = told.lock().expect("no panic").take();
        let address = (rocket.config().address, rocket.config().port).into();
        Box::pin(async move {
            told.expect("once").send(address).expect("the test waits");
        })
    }));
    let launched = tokio::spawn(async move { app.launch().await.map(drop) });
    let address = address.await.expect("it lifts off");
    Server::new(address, async move { launched.await.expect("no panic") })
}

#[get("/answer/<status>")]
async fn answer(status: u16) -> (Status, &'static str) {
    (Status::new(crate::frameworks::answer(status).await), "")
}

struct Quiet(Status);

impl<'r> Responder<'r, 'static> for Quiet {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        Ok(Response::build().status(self.0).raw_header("x-effects", "none").finalize())
    }
}

#[get("/quiet/<status>")]
async fn quiet(status: u16) -> Quiet {
    Quiet(Status::new(crate::frameworks::answer(status).await))
}

struct WithHeaders(Status);

impl<'r> Responder<'r, 'static> for WithHeaders {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        let mut response = Response::build();
        for (name, value) in HEADERS {
            response.raw_header_adjoin(name, value);
        }
        Ok(response.status(self.0).header(ContentType::JSON).finalize())
    }
}

#[get("/headers/<status>")]
async fn headers(status: u16) -> WithHeaders {
    WithHeaders(Status::new(crate::frameworks::answer(status).await))
}

#[get("/scope")]
fn scope(scope: CurrentScope) -> String {
    let CurrentScope(scope) = scope;
    shown(&scope)
}

#[get("/outside")]
fn outside(scope: CurrentScope) -> String {
    let CurrentScope(scope) = scope;
    shown(&scope)
}

#[get("/error/<status>")]
async fn fails(status: u16) -> Result<(), Status> {
    Err(Status::new(crate::frameworks::answer(status).await))
}

#[get("/slow")]
async fn slow() {
    crate::frameworks::ends_later().await;
}

#[get("/stream")]
async fn stream() -> ByteStream<impl Stream<Item = Bytes>> {
    let pieces = crate::frameworks::stream().await;
    ByteStream(pieces.map(|piece| piece.expect("there is no error in it")))
}

#[get("/panic")]
async fn panics() {
    crate::frameworks::panics().await;
}

#[get("/blocked")]
async fn blocked() {
    crate::frameworks::without_mail().await;
}

#[get("/spawns")]
async fn spawns() {
    crate::frameworks::spawns().await;
}

#[get("/socket")]
fn socket(socket: WebSocket, effects: &State<Effects>) -> Channel<'_> {
    upgrades();
    socket.channel(move |mut socket| {
        Box::pin(async move {
            while let Some(Ok(Message::Text(_))) = socket.next().await {
                let found = heard(effects).await;
                socket.send(found.into()).await?;
            }
            Ok(())
        })
    })
}

#[get("/timeout")]
async fn in_time() {
    crate::frameworks::slow().await;
}

#[get("/answer")]
async fn placed() {
    crate::frameworks::answer(200).await;
}

/// Rocket itself is around it, and catches.
#[get("/catch")]
async fn panics_too() {
    crate::frameworks::panics().await;
}

#[get("/catch")]
async fn catches() -> Result<(), Status> {
    let handled = AssertUnwindSafe(crate::frameworks::panics()).catch_unwind().await;
    handled.map_err(|_| Status::InternalServerError)
}

/// Rocket has nothing of the kind.
#[derive(Clone)]
struct InTime(Box<dyn Handler>);

impl InTime {
    fn around(mut routes: Vec<Route>) -> Vec<Route> {
        for route in &mut routes {
            route.handler = Box::new(Self(route.handler.clone()));
        }
        routes
    }
}

#[rocket::async_trait]
impl Handler for InTime {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let late = |_| Outcome::Error(Status::GatewayTimeout);
        timeout(TIMEOUT, self.0.handle(request, data)).await.unwrap_or_else(late)
    }
}

/// A failed flush is a status: what it says is a catcher's. Outside the scope, as it finds.
#[catch(503)]
fn unavailable() -> &'static str {
    if mail::enqueue(8).is_err() { "kept: mail(order: 409)" } else { "in a scope" }
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

/// A data guard that enqueues.
struct Noted;

#[rocket::async_trait]
impl<'r> rocket::data::FromData<'r> for Noted {
    type Error = ();

    async fn from_data(
        _: &'r rocket::Request<'_>,
        _: rocket::Data<'r>,
    ) -> rocket::data::Outcome<'r, Self> {
        mail::enqueue(5).expect("inside a scope");
        rocket::data::Outcome::Success(Self)
    }
}

#[post("/noted", data = "<_noted>")]
fn noted(_noted: Noted) -> String {
    // Wrapped, a route has the URI that it had.
    uri!(answer(7)).to_string()
}

/// Its headers can only be kept if its catcher is called by the scope.
#[tokio::test]
async fn a_failed_flush_is_caught_by_the_catcher_that_rocket_would_choose() {
    #[catch(default)]
    fn default() -> &'static str {
        "default"
    }
    #[catch(500)]
    fn general() -> &'static str {
        "500"
    }
    #[catch(500)]
    fn of_orders() -> &'static str {
        "orders' 500"
    }
    #[catch(default)]
    fn of_bills() -> &'static str {
        "bills' default"
    }
    #[catch(500)]
    fn fails() -> Result<(), Status> {
        Err(Status::ServiceUnavailable)
    }
    #[get("/place")]
    fn place() -> Quiet {
        mail::enqueue(1).expect("inside a scope");
        Quiet(Status::Ok)
    }
    #[get("/fails")]
    fn rockets() -> Status {
        Status::InternalServerError
    }
    let effects = Effects::new();
    let scopes = ScopeRoutes::new().scope(move |_| effects.failing_scope());
    let bases = ["/", "/orders", "/orders/7", "/bills", "/ordersandmore", "/broken"];
    let mut app = rocket::custom(config())
        .register("/", catchers![default, general])
        .register("/orders", catchers![of_orders])
        .register("/bills", catchers![of_bills])
        .register("/broken", catchers![fails]);
    for base in bases {
        app = app.mount(base, scopes.around(routes![place])).mount(base, routes![rockets]);
    }
    let server = serve(app).await;
    for base in bases {
        let base = base.trim_end_matches('/');
        let ours =
            open(server.address, request(&format!("{base}/place"))).await.expect("it answers");
        let broken = base == "/broken";
        assert_eq!(ours.headers().contains_key("x-effects"), !broken, "{base}");
        let ours = (ours.status(), ours.into_body().collect().await.expect("it ends").to_bytes());
        let theirs = server.get(&format!("{base}/fails")).await;
        assert_eq!(ours.0, theirs.0, "{base}");
        assert_eq!(ours.1, theirs.1, "{base}");
    }
}

#[tokio::test]
async fn data_guards_are_in_the_scope_and_routes_keep_their_uris() {
    let effects = Effects::new();
    let server = Rocket::serve(&effects, Told::Nothing).await;
    let mut request = request("/noted");
    *request.method_mut() = http::Method::POST;
    assert_eq!(server.send(request).await.1, "/answer/7");
    assert_eq!(effects.fates(), ["5: dispatched"]);
}

#[tokio::test]
async fn a_forward_discards_and_the_next_route_is_a_scope_of_its_own() {
    let effects = Effects::new();
    let server = Rocket::serve(&effects, Told::Nothing).await;
    assert_eq!(server.get("/forwarded").await.0, 200);
    assert_eq!(effects.fates(), ["6: discarded: on request", "7: dispatched"]);
}
