//! A scope whose future is dropped discards; a flush that has begun does not end in silence.

use std::sync::{Arc, Mutex};

use airlock::{Fate, InScope, Why};
use futures::FutureExt;
use futures::future::pending;

use crate::support::{Ran, Reports, block_on, fates, note, quiet, yield_once};

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
