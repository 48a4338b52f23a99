//! What is in the log of a flush that failed.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use airlock::tower::ScopeLayer;
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use tracing::subscriber::DefaultGuard;

use crate::support::{Effects, Server, mail};

/// What is logged on this thread at INFO, as most programs log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines of flushes.
    fn lines(&self) -> Vec<String> {
        self.lines_of("airlock::flush")
    }

    pub(crate) fn lines_of(&self, target: &str) -> Vec<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(text).expect("text");
        text.lines().filter(|line| line.contains(target)).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn broken(effects: &Effects) -> ScopeLayer {
    let effects = effects.clone();
    ScopeLayer::new().scope(move |_| effects.failing_scope())
}

fn routes() -> Router {
    Router::new().route("/", get(async || mail::enqueue(42).expect("inside a scope")))
}

/// The verdict on each effect, and the error as a whole where nobody was given it.
fn assert_failed(lines: &[String], whole: usize) {
    assert_eq!(lines.len(), 1 + whole, "{lines:#?}");
    for line in lines {
        for part in ["ERROR", "mail(order: 42)", "the engine at db-7.internal is down"] {
            assert!(line.contains(part), "{lines:#?}");
        }
    }
    let of_all = lines.iter().filter(|line| line.contains("of 1 intent: 1 failed"));
    assert_eq!(of_all.count(), whole, "{lines:#?}");
}

#[tokio::test]
async fn a_failed_flush_is_in_the_log_with_what_did_not_leave() {
    let (log, _logging) = Log::begin();
    let server = Server::axum(routes().layer(broken(&Effects::new()))).await;
    assert_eq!(server.get("/").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_failed(&log.lines(), 1);
}

#[tokio::test]
async fn so_is_one_after_the_response() {
    let (log, _logging) = Log::begin();
    let effects = Effects::new();
    let server = Server::axum(routes().layer(broken(&effects).after_response())).await;
    assert_eq!(server.get("/").await.0, 200);
    effects.ended(1).await;
    tokio::task::yield_now().await;
    assert_failed(&log.lines(), 1);
}

#[tokio::test]
async fn whoever_is_given_the_error_logs_it() {
    let (log, _logging) = Log::begin();
    let layer = broken(&Effects::new())
        .on_flush_error(|_, _| Some(StatusCode::SERVICE_UNAVAILABLE.into_response()));
    let server = Server::axum(routes().layer(layer)).await;
    assert_eq!(server.get("/").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_failed(&log.lines(), 0);
}
