//! A panic discards, is told, and goes on; a task's panic is that task's failure.

use std::panic::AssertUnwindSafe;

use airlock::{Fate, OnFailure, Why};
use futures::FutureExt;

use crate::support::{
    Ran, Reports, aboom, anote, assert_adds_up, block_on, boom, explode, fates, note, panic_of,
    quiet, said, yield_once,
};

#[test]
fn a_panic_in_the_body_discards_and_goes_on() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let said = panic_of(|| {
        ran.scope().on_report(reports.keep()).run(|| {
            note::enqueue(1).expect("enqueued");
            explode("out of paper");
        })
    });
    assert_eq!(said, "out of paper");
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: panic"]);
    assert!(airlock::current().is_none(), "the scope has been left");
}

#[test]
fn a_panic_discards_whatever_flush_if_says() {
    let ran = Ran::new();
    panic_of(|| {
        ran.scope().flush_if(|_| true).run(|| {
            note::enqueue(1).expect("enqueued");
            explode("out of paper");
        })
    });
    assert!(ran.list().is_empty());
}

#[test]
fn a_panic_that_is_caught_around_a_nested_scope_leaves_the_outer_whole() {
    let (ran, inner) = (Ran::new(), Reports::new());
    ran.scope()
        .run(|| {
            note::enqueue(1).expect("enqueued");
            panic_of(|| {
                airlock::scope().policy(airlock::DropAll).on_report(inner.keep()).run(|| {
                    note::enqueue(2).expect("enqueued");
                    explode("inside");
                })
            });
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 3"], "the inner policy is gone with its scope");
    assert_eq!(fates(&inner.only()), ["note: discarded: panic"]);
}

#[test]
fn a_panic_through_two_scopes_discards_both() {
    let (ran, inner, outer) = (Ran::new(), Reports::new(), Reports::new());
    panic_of(|| {
        ran.scope().on_report(outer.keep()).run(|| {
            note::enqueue(1).expect("enqueued");
            airlock::scope().on_report(inner.keep()).run(|| {
                note::enqueue(2).expect("enqueued");
                explode("inside");
            })
        })
    });
    assert_eq!(fates(&inner.only()), ["note: discarded: panic"]);
    assert_eq!(fates(&outer.only()), ["note: discarded: panic"]);
    assert!(ran.list().is_empty());
}

#[test]
fn a_panic_under_a_local_policy_lifts_it() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            panic_of(|| airlock::policy(airlock::DropAll).run(|| explode("inside")));
            note::enqueue(1)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn a_panic_in_an_async_body_discards_and_goes_on() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let scope = ran.scope().on_report(reports.keep());
    let run = scope.run_async(async {
        note::enqueue(1).expect("enqueued");
        yield_once().await;
        note::enqueue(2).expect("enqueued");
        explode("out of paper");
    });
    let panic = block_on(AssertUnwindSafe(run).catch_unwind()).expect_err("it panics");
    assert_eq!(said(&*panic), "out of paper");
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: panic", "note: discarded: panic"]);
    assert!(airlock::current().is_none());
}

#[tokio::test]
async fn a_panic_in_a_spawned_scope_stays_in_its_task() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let scope = ran.scope().on_report(reports.keep());
    let task = tokio::spawn(scope.run_async(async {
        note::enqueue(1).expect("enqueued");
        tokio::task::yield_now().await;
        explode("out of paper");
    }));
    assert!(task.await.expect_err("it panics").is_panic());
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: panic"]);
}

#[test]
fn a_panic_in_a_sync_task_is_its_failure() {
    let ran = Ran::new();
    let error = ran
        .scope()
        .run(|| {
            note::enqueue(1)?;
            boom::enqueue(2)?;
            note::enqueue(3)
        })
        .expect_err("the task panics");
    assert_eq!(
        fates(error.report()),
        ["note: dispatched", "boom: failed: the task panicked: boom 2", "note: not attempted"]
    );
    assert_eq!(ran.list(), ["note 1"]);
    let handed_back: Vec<_> = error.into_intents().iter().map(crate::support::short).collect();
    assert_eq!(handed_back, ["boom(n: 2)", "note(n: 3)"]);
}

#[test]
fn a_panic_in_an_async_task_is_its_failure_however_it_is_flushed() {
    let body = || {
        anote::enqueue(1)?;
        aboom::enqueue(2)?;
        anote::enqueue(3)
    };
    let expected =
        ["anote: dispatched", "aboom: failed: the task panicked: aboom 2", "anote: dispatched"];
    for awaited in [false, true] {
        let ran = Ran::new();
        let scope = ran.scope().on_failure(OnFailure::Continue);
        let error =
            if awaited { block_on(scope.run_async(async { body() })) } else { scope.run(body) };
        assert_eq!(fates(error.expect_err("the task panics").report()), expected);
        assert_eq!(ran.list(), ["anote 1", "anote 3"]);
    }
}

#[airlock::task]
fn enqueues_and_panics() {
    quiet::enqueue(1).expect("a task has a scope");
    panic!("after enqueuing");
}

#[airlock::task]
async fn enqueues_and_panics_later() {
    quiet::enqueue(1).expect("a task has a scope");
    yield_once().await;
    panic!("after enqueuing");
}

#[test]
fn the_effects_of_a_task_that_panicked_are_discarded_for_that_reason() {
    for asynchronous in [false, true] {
        let error = airlock::scope()
            .run(|| {
                if asynchronous {
                    enqueues_and_panics_later::enqueue()
                } else {
                    enqueues_and_panics::enqueue()
                }
            })
            .expect_err("the task panics");
        let report = error.report();
        assert_adds_up(report, 2);
        assert_eq!(*report.entries()[1].fate(), Fate::Discarded(Why::Panic), "{report}");
    }
}

#[test]
fn a_scope_can_be_used_while_unwinding() {
    struct Cleanup(Ran);
    impl Drop for Cleanup {
        fn drop(&mut self) {
            self.0.scope().run(|| note::enqueue(1)).expect("flushed").expect("enqueued");
        }
    }
    let ran = Ran::new();
    panic_of(|| {
        let _cleanup = Cleanup(ran.clone());
        panic!("unwind");
    });
    assert_eq!(ran.list(), ["note 1"]);
}
