//! Calls of a source whose engine may not answer.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use crate::core::backoff::Backoff;
use crate::core::panics::Contained;
use crate::core::task::called::BoxError;
use crate::core::threads::tokio::select;
use crate::core::threads::tokio::time::{sleep, timeout};
use crate::worker::run::Run;
use crate::worker::run::lease::Moment;
use crate::worker::run::shutdown::{ENGINE_TIMEOUT, Phase};
use crate::worker::{Source, log};

/// How long to wait before an engine that does not answer is asked again.
pub(super) const OUTAGE_BACKOFF: Backoff =
    Backoff::new(Duration::from_millis(100)).longest(Duration::from_secs(10));

/// Calls a source. A panic in it is an error, as its engine's are.
pub(super) async fn call<T>(
    answer: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    match Contained::new(pin!(answer)).await {
        Ok(answer) => answer,
        Err(panic) => Err(format!("the source panicked: {}", panic.message()).into()),
    }
}

/// Calls a source until it succeeds, with backoff. Returns its answer, and how often it failed before.
pub(super) async fn call_until_ok<T, F: Future<Output = Result<T, BoxError>>>(
    doing: &'static str,
    ask: impl Fn() -> F,
) -> (T, u32) {
    let mut failures = 0;
    loop {
        match call(ask()).await {
            Ok(answer) => return (answer, failures),
            Err(error) => {
                failures += 1;
                log::engine_trouble(doing, &error);
                sleep(OUTAGE_BACKOFF.after(failures)).await;
            }
        }
    }
}

/// Sends heartbeats, forever. One that fails is sent again soon: the worker has to say that it lives as soon as its
/// engine answers again.
pub(super) async fn keep_alive<S: Source>(run: &Run<S>) {
    let Some(interval) = run.source.heartbeat() else { return pending().await };
    let mut failures = 0;
    loop {
        select! {
            () = sleep(pause_after(failures, interval)) => {}
            () = run.lease.asked_for(), if failures == 0 => {}
        }
        let sent = Moment::now();
        // By then others have taken over, whatever it answers.
        let answer = timeout(interval * 4, call(run.source.keep_alive())).await;
        match answer.unwrap_or_else(|_| Err("no answer: it is asked again".into())) {
            Ok(()) => {
                failures = 0;
                run.lease.renew(sent);
            }
            Err(error) => {
                failures += 1;
                log::engine_trouble("keep alive", &error);
            }
        }
    }
}

fn pause_after(failures: u32, interval: Duration) -> Duration {
    if failures == 0 { interval } else { OUTAGE_BACKOFF.after(failures).min(interval / 2) }
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
