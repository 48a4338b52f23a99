//! A scope whose future is dropped discards; a flush that has begun does not end in silence.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::{
    Backoff, Batch, DispatchError, Executor, Fate, InScope, OnFailure, Retry, Route, Timeout, Why,
};
use futures::FutureExt;
use futures::future::pending;

use crate::support::{
    Ran, Reports, afail, anote, assert_adds_up, block_on, fates, note, quiet, yield_once,
};

#[test]
fn dropped_before_its_first_poll_nothing_was_enqueued() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let scope = ran.scope().on_report(reports.keep());
    drop(scope.run_async(async { note::enqueue(1) }));
    assert!(ran.list().is_empty());
    assert!(reports.all().is_empty());
}

#[test]
fn dropped_half_way_it_discards() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let mut run = Box::pin(ran.scope().on_report(reports.keep()).run_async(async {
        note::enqueue(1)?;
        pending::<()>().await;
        note::enqueue(2)
    }));
    assert!(run.as_mut().now_or_never().is_none());
    assert!(reports.all().is_empty());
    drop(run);
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: cancelled"]);
}

/// Enqueues when it is dropped.
struct Parting(u64);

impl Drop for Parting {
    fn drop(&mut self) {
        note::enqueue(self.0).expect("the scope is still current");
    }
}

#[test]
fn what_the_bodys_destructors_enqueue_belongs_to_the_scope() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let run = ran.scope().on_report(reports.keep()).run_async(async {
        let _parting = Parting(2);
        note::enqueue(1)
    });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2"]);

    let (ran, reports) = (Ran::new(), Reports::new());
    let mut run = Box::pin(ran.scope().on_report(reports.keep()).run_async(async {
        let _parting = Parting(2);
        note::enqueue(1).expect("enqueued");
        pending::<()>().await;
    }));
    assert!(run.as_mut().now_or_never().is_none());
    drop(run);
    assert!(ran.list().is_empty());
    let cancelled = ["note: discarded: cancelled", "note: discarded: cancelled"];
    assert_eq!(fates(&reports.only()), cancelled);
}

#[test]
fn a_future_dropped_inside_another_scope_does_not_spill_into_that() {
    let (ran, dropped) = (Ran::new(), Reports::new());
    let mut lost = Box::pin(airlock::scope().on_report(dropped.keep()).run_async(async {
        let _parting = Parting(2);
        note::enqueue(1).expect("enqueued");
        pending::<()>().await;
    }));
    assert!(lost.as_mut().now_or_never().is_none());
    ran.scope()
        .run(|| {
            drop(lost);
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 3"]);
    assert_eq!(dropped.only().discarded(), 2);
}

#[test]
fn a_nested_future_dropped_half_way_discards_its_own_only() {
    let ran = Ran::new();
    let run = ran.scope().run_async(async {
        note::enqueue(1)?;
        let mut nested = Box::pin(airlock::scope().run_async(async {
            note::enqueue(2).expect("enqueued");
            pending::<()>().await;
        }));
        assert!(futures::poll!(&mut nested).is_pending());
        drop(nested);
        note::enqueue(3)
    });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 3"]);
}

#[tokio::test]
async fn the_loser_of_a_select_discards() {
    let (ran, slow) = (Ran::new(), Reports::new());
    tokio::select! {
        biased;
        _ = ran.scope().on_report(slow.keep()).run_async(async {
            note::enqueue(1).expect("enqueued");
            pending::<()>().await;
        }) => unreachable!("it never ends"),
        fast = ran.scope().run_async(async {
            yield_once().await;
            note::enqueue(2)
        }) => fast.expect("flushed").expect("enqueued"),
    }
    assert_eq!(ran.list(), ["note 2"]);
    assert_eq!(fates(&slow.only()), ["note: discarded: cancelled"]);
}

#[tokio::test]
async fn a_timeout_discards() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let run = ran.scope().on_report(reports.keep()).run_async(async {
        note::enqueue(1).expect("enqueued");
        pending::<()>().await;
    });
    let timeout = std::time::Duration::from_millis(5);
    assert!(tokio::time::timeout(timeout, run).await.is_err());
    assert_eq!(fates(&reports.only()), ["note: discarded: cancelled"]);
    assert!(ran.list().is_empty());
}

#[tokio::test]
async fn an_aborted_task_discards() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let run = ran.scope().on_report(reports.keep()).run_async(async {
        note::enqueue(1).expect("enqueued");
        pending::<()>().await;
    });
    let task = tokio::spawn(run);
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.expect_err("aborted").is_cancelled());
    assert_eq!(fates(&reports.only()), ["note: discarded: cancelled"]);
}

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

#[test]
fn a_time_that_is_over_is_the_reason_and_not_the_doubt() {
    let executor = Timeout::new(TwoByTwo, Duration::from_millis(5));
    let run =
        airlock::scope().executor(executor).run_async(async { (0..5).try_for_each(note::enqueue) });
    let error = block_on(run).expect_err("it takes too long");
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
fn a_scope_whose_future_is_forgotten_half_way_leaves_nothing_behind() {
    let mut run = Box::pin(airlock::scope().run_async(async {
        quiet::enqueue(1).expect("enqueued");
        pending::<()>().await;
    }));
    assert!(run.as_mut().now_or_never().is_none());
    std::mem::forget(run);
    assert!(airlock::current().is_none());
    assert!(quiet::enqueue(2).is_err());
}

#[test]
fn a_carried_future_dropped_half_way_keeps_what_it_enqueued_in_the_scope() {
    let ran = Ran::new();
    let run = ran.scope().run_async(async {
        let mut carried = Box::pin(
            async {
                let _parting = Parting(2);
                note::enqueue(1).expect("enqueued");
                pending::<()>().await;
            }
            .in_current_scope(),
        );
        assert!(futures::poll!(&mut carried).is_pending());
        drop(carried);
        note::enqueue(3)
    });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2", "note 3"], "the scope succeeded, and owns them");
}

#[test]
fn cancelling_names_the_scope() {
    let seen = Arc::new(Mutex::new(None));
    let tell = seen.clone();
    let scope = airlock::scope().named("checkout").on_report(move |report| {
        *tell.lock().expect("not poisoned") = report.scope().map(str::to_owned);
        let why = report.entries().iter().map(airlock::ReportEntry::fate);
        assert!(why.clone().all(|fate| *fate == Fate::Discarded(Why::Cancelled)));
    });
    let mut run = Box::pin(scope.run_async(async {
        quiet::enqueue(1).expect("enqueued");
        pending::<()>().await;
    }));
    assert!(run.as_mut().now_or_never().is_none());
    drop(run);
    assert_eq!(seen.lock().expect("not poisoned").as_deref(), Some("checkout"));
}
