//! Where the effects of requests go is checked and said before the first of them.

use std::convert::Infallible;

use airlock::tower::ScopeLayer;
use airlock::{Inline, StatesError, tasks};
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};

use crate::axum_rules::{Smtp, over_smtp};
use crate::log::Log;
use crate::support::mail;

fn inline() -> Inline {
    Inline::builder().state(Smtp).build().expect("it has all states")
}

/// What a layer without an executor says.
fn assert_missing<T: std::fmt::Debug>(checked: Result<T, StatesError>) {
    let Err(error @ StatesError::Missing(_)) = checked else { panic!("{checked:?}") };
    let error = error.to_string();
    for part in ["over_smtp`", "Smtp", "axum_rules.rs", ".executor(", ".serving(tasks![…])"] {
        assert!(error.contains(part), "{error}");
    }
}

macro_rules! checks {
    ($($name:ident: $layer:expr;)+) => {
        $(
            #[test]
            fn $name() {
                assert_missing($layer.check());
                assert_missing($layer.serving(tasks![mail, over_smtp]).check());
                assert!($layer.serving(tasks![mail]).check().is_ok());
                assert!($layer.executor(inline()).check().is_ok());
                airlock::configure().executor(inline()).run(|| assert!($layer.check().is_ok()));
            }
        )+
    };
}

checks! {
    tower_checks_the_states_of_what_requests_run: ScopeLayer::new();
    actix_checks_the_states_of_what_requests_run: airlock::actix::ScopeMiddleware::new();
    poem_checks_the_states_of_what_requests_run: airlock::poem::ScopeMiddleware::new();
    rocket_checks_the_states_of_what_requests_run: airlock::rocket::ScopeRoutes::new();
    salvo_checks_the_states_of_what_requests_run: airlock::salvo::ScopeHoop::new();
}

/// What is said of a layer when it is put around a service, twice.
fn said(layer: &ScopeLayer) -> Vec<String> {
    let (log, _logging) = Log::begin();
    for _ in 0..2 {
        drop(layer.layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(String::new()))
        })));
    }
    log.lines_of("airlock::web")
}

#[test]
fn the_log_says_once_and_at_start_that_requests_run_their_tasks() {
    let lines = said(&ScopeLayer::new().serving(tasks![mail]));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("INFO") && lines[0].contains("run their tasks themselves"));
}

#[test]
fn and_warns_where_they_lack_states() {
    let (log, _logging) = Log::begin();
    drop(ScopeLayer::new().layer(()));
    let lines = log.lines_of("");
    let warned = lines.iter().position(|line| line.contains("WARN")).expect("it warns");
    assert!(lines[warned..].iter().any(|line| line.contains("over_smtp`")), "{lines:#?}");
}

#[test]
fn and_names_the_executor_and_who_named_it() {
    let lines = said(&ScopeLayer::new().executor(inline()));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("Inline") && lines[0].contains("the layer"), "{lines:#?}");

    let lines = airlock::configure().executor(inline()).run(|| said(&ScopeLayer::new()));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("Inline") && lines[0].contains("the configuration"), "{lines:#?}");

    let named = ScopeLayer::new().scope(|_| airlock::scope().executor(inline()));
    let lines = said(&named);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("INFO") && lines[0].contains("`.scope(…)`"), "{lines:#?}");
}

/// Whose scope names no executor, and when it is warned of: before the handler has committed anything.
#[tokio::test]
async fn a_scope_that_names_no_executor_is_warned_of_before_its_handler() {
    let (log, _logging) = Log::begin();
    let warnings = {
        let log = log.clone();
        move || log.lines_of("WARN").len()
    };
    let counted = warnings.clone();
    let layer = ScopeLayer::new().scope(|request| {
        let bare = request.headers.contains_key("x-bare");
        if bare { airlock::scope() } else { airlock::scope().executor(inline()) }
    });
    let service = layer.layer(service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(counted().to_string()))
    }));
    let ask = async |bare: bool| {
        let mut request = Request::new(());
        if bare {
            request.headers_mut().insert("x-bare", "1".parse().expect("a value"));
        }
        let asked = service.clone().oneshot(request).await.expect("infallible");
        let body = http_body_util::BodyExt::collect(asked.into_body()).await.expect("a text");
        String::from_utf8(body.to_bytes().to_vec()).expect("a text")
    };
    assert_eq!(ask(false).await, "0");
    assert_eq!(ask(true).await, "1");
    assert_eq!(ask(true).await, "1", "once");
    assert_eq!(warnings(), 1);
}
