//! A flush whose future is dropped reports what had left, what may have left, and what is discarded.

use std::time::Duration;

use airlock::{Backoff, Batch, DispatchError, Executor, Fate, OnFailure, Retry, Route, Timeout};
use futures::FutureExt;
use futures::future::pending;

use crate::support::{Ran, Reports, afail, anote, assert_adds_up, fates, note, quiet, yield_once};

/// Never ends, and says when it was begun.
#[airlock::task]
async fn hang(#[state] ran: &Ran) {
    ran.push("hang");
    pending::<()>().await;
}

fn hanging(ran: &Ran) -> airlock::Inline {
    let tasks = airlock::tasks![note, anote, afail, hang];
    airlock::Inline::builder().state(ran.clone()).serving(tasks).build().expect("given")
}

#[test]
fn a_flush_dropped_half_way_reports_what_had_left() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let scope = airlock::scope().executor(hanging(&ran)).on_report(reports.keep());
    let mut run = Box::pin(scope.run_async(async {
        note::enqueue(1)?;
        anote::enqueue(2)?;
        hang::enqueue()?;
        note::enqueue(3)
    }));
    while ran.list().len() < 3 {
        assert!(run.as_mut().now_or_never().is_none());
    }
    drop(run);
    assert_eq!(ran.list(), ["note 1", "anote 2", "hang"]);
    let report = reports.only();
    assert_adds_up(&report, 4);
    assert_eq!(
        fates(&report),
        [
            "note: dispatched",
            "anote: dispatched",
            "hang: discarded: cancelled",
            "note: discarded: cancelled",
        ]
    );
}

#[test]
fn a_flush_dropped_half_way_does_not_count_a_failure_as_dispatched() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let scope = airlock::scope()
        .executor(hanging(&ran))
        .on_failure(OnFailure::Continue)
        .on_report(reports.keep());
    let mut run = Box::pin(scope.run_async(async {
        afail::enqueue(1)?;
        note::enqueue(2)?;
        hang::enqueue()
    }));
    while ran.list().len() < 3 {
        assert!(run.as_mut().now_or_never().is_none());
    }
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 3);
    assert!(!matches!(report.entries()[0].fate(), Fate::Dispatched), "{report}");
    assert!(matches!(report.entries()[1].fate(), Fate::Dispatched), "{report}");
}

/// Sends two at a time, and never hears of the second two.
struct TwoByTwo;

impl Executor for TwoByTwo {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.sending(0..2);
        yield_once().await;
        batch.sending(2..4);
        pending().await
    }
}

const IN_DOUBT: &str = "failed: nobody waited for the answer: it may have left all the same";

/// What is reported of five notes whose flush is dropped at its second wait.
fn dropped_half_way(scope: airlock::Scope) -> Vec<String> {
    let reports = Reports::new();
    let mut run = Box::pin(
        scope.on_report(reports.keep()).run_async(async { (0..5).try_for_each(note::enqueue) }),
    );
    for _ in 0..3 {
        assert!(run.as_mut().now_or_never().is_none());
    }
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 5);
    report.entries().iter().map(|entry| entry.fate().to_string()).collect()
}

#[test]
fn what_was_on_its_way_when_the_flush_was_dropped_is_not_called_discarded() {
    let told = ["dispatched", "dispatched", IN_DOUBT, IN_DOUBT, "discarded: cancelled"];
    let scope = airlock::scope;
    let hour = Duration::from_hours(1);
    assert_eq!(dropped_half_way(scope().executor(TwoByTwo)), told);
    assert_eq!(dropped_half_way(scope().executor(Timeout::new(TwoByTwo, hour))), told);
    assert_eq!(dropped_half_way(scope().executor(Retry::new(TwoByTwo))), told);
    let all = Route::to(TwoByTwo).when(|_| true).otherwise(TwoByTwo);
    assert_eq!(dropped_half_way(scope().executor(all)), told);
    // Of the first chunk nobody has heard.
    let in_chunks = dropped_half_way(scope().chunks(4).executor(TwoByTwo));
    assert_eq!(in_chunks, told);
}

#[test]
fn what_was_on_its_way_in_an_attempt_that_has_failed_is_not_in_doubt() {
    struct Refuses;
    impl Executor for Refuses {
        async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
            batch.sending(0..batch.len());
            Err(DispatchError::refused("not now"))
        }
    }
    let retry = Retry::new(Refuses).backoff(Backoff::new(Duration::from_hours(1)));
    let told = dropped_half_way(airlock::scope().executor(retry));
    assert_eq!(told, ["discarded: cancelled"; 5]);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_over_is_the_reason_and_not_the_doubt() {
    let executor = Timeout::new(TwoByTwo, Duration::from_millis(5));
    let run =
        airlock::scope().executor(executor).run_async(async { (0..5).try_for_each(note::enqueue) });
    let error = run.await.expect_err("it takes too long");
    let told: Vec<_> = error.report().entries().iter().map(|e| e.fate().to_string()).collect();
    let late = "failed: not done within 5ms: it may have left all the same";
    assert_eq!(told, ["dispatched", "dispatched", late, late, late]);
}

#[test]
fn a_flush_of_a_sealed_scope_that_is_never_polled_discards() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let (_, sealed) = ran.scope().on_report(reports.keep()).seal(|| note::enqueue(1));
    drop(sealed.flush_async());
    assert!(ran.list().is_empty());
    let report = reports.only();
    assert!(matches!(report.entries()[0].fate(), Fate::Discarded(_)), "{report}");
}

#[test]
fn a_cancelled_flush_reports_what_the_running_task_had_enqueued() {
    #[airlock::task]
    async fn half() -> Result<(), airlock::EnqueueError> {
        quiet::enqueue(5)?;
        std::future::pending().await
    }
    let reports = Reports::new();
    let mut run =
        Box::pin(airlock::scope().on_report(reports.keep()).run_async(async { half::enqueue() }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(run.as_mut().poll(&mut context).is_pending());
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 2);
    assert_eq!(report.discarded(), 2);
}
