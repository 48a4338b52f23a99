//! Calls of a source whose engine may not answer.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use ::tokio::select;
use ::tokio::time::sleep;

use crate::core::backoff::Backoff;
use crate::core::panics::{Contained, panic_message};
use crate::core::task::called::BoxError;
use crate::worker::run::Run;
use crate::worker::run::shutdown::{ENGINE_TIMEOUT, Phase};
use crate::worker::{Source, log};

/// How long to wait before an engine that does not answer is asked again.
pub(super) const OUTAGE_BACKOFF: Backoff =
    Backoff::new(Duration::from_millis(100)).longest(Duration::from_secs(10));

/// Calls a source. A panic in it is an error, as its engine's are.
pub(super) async fn call<T>(
    answer: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    match Contained(pin!(answer)).await {
        Ok(answer) => answer,
        Err(panic) => Err(format!("the source panicked: {}", panic_message(&*panic)).into()),
    }
}

/// Calls a source until it succeeds, with backoff.
pub(super) async fn call_until_ok<F: Future<Output = Result<(), BoxError>>>(
    doing: &'static str,
    ask: impl Fn() -> F,
) {
    let mut failures = 0;
    while let Err(error) = call(ask()).await {
        failures += 1;
        log::engine_trouble(doing, &error);
        sleep(OUTAGE_BACKOFF.after(failures)).await;
    }
}

/// Sends heartbeats, forever.
pub(super) async fn keep_alive<S: Source>(source: &S) {
    let Some(interval) = source.heartbeat() else { return pending().await };
    loop {
        sleep(interval).await;
        if let Err(error) = call(source.keep_alive()).await {
            log::engine_trouble("keep alive", &error);
        }
    }
}

/// Closes the source. It is called even if no time is left to wait for its answer.
pub(super) async fn close<S: Source>(run: &Run<S>) {
    let closed = select! {
        biased;
        closed = call(run.source.close()) => closed,
        () = sleep(ENGINE_TIMEOUT) => Err("it took too long".into()),
        () = run.shutdown.reached(Phase::Abandoning) => Err("it took too long".into()),
    };
    if let Err(error) = closed {
        log::engine_trouble("close", &error);
    }
}
