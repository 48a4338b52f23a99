//! Law 7: **Nothing is lost in silence.** Every intent ends as exactly one of: dispatched; dropped (by which
//! policy); discarded (why: error, panic, cancelled, on request); captured; failed or not attempted (handed
//! back to the caller inside the error). The report's counts add up to what was enqueued.

mod dropped_flushes;
mod executors;
mod ledger;
mod panics;
mod scopes;
mod users_code;

use airlock::{Fate, block_tasks};

use crate::support::{Ran, Reports, assert_adds_up, fail, fates, note, quiet};

#[test]
fn the_counts_add_up_to_what_was_enqueued() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let error = ran
        .scope()
        .policy(airlock::block_tasks![quiet])
        .on_report(reports.keep())
        .run(|| {
            note::enqueue(1)?;
            quiet::enqueue(2)?;
            fail::enqueue(3)?;
            quiet::enqueue(4)?;
            note::enqueue(5)
        })
        .expect_err("one fails");
    let expected = [
        "note: dispatched",
        "quiet: dropped by BlockTasks",
        "fail: failed: no luck with 3",
        "quiet: dropped by BlockTasks",
        "note: not attempted",
    ];
    assert_eq!(fates(error.report()), expected);
    assert_adds_up(error.report(), 5);
    assert_eq!(fates(&reports.only()), expected);
    assert_eq!(ran.list(), ["note 1", "fail 3"]);
}

#[test]
fn a_refused_enqueue_was_never_enqueued() {
    let reports = Reports::new();
    airlock::scope()
        .policy(airlock::block_tasks![quiet].refuse())
        .on_report(reports.keep())
        .run(|| assert!(quiet::enqueue(1).is_err(), "it is blocked"))
        .expect("nothing to flush");
    assert_adds_up(&reports.only(), 0);
}

#[test]
fn a_sealed_scope_that_is_dropped_undecided_is_discarded() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let (_, sealed) = ran.scope().on_report(reports.keep()).seal(|| note::enqueue(1));
    drop(sealed);
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: undecided"]);
}

/// The inner of two releasing scopes has ended when a nested one, entered through its handle,
/// flushes: positions in the report are given to those refused, captured and dropped.
#[test]
fn a_report_ends_also_where_some_are_handed_back_some_captured_and_some_dropped() {
    let (outer, _sealed) = airlock::scope()
        .release(|intent| matches!(intent.arguments_of::<note>(), Some((4 | 5,))))
        .seal(|| {
            let (handle, inner) = airlock::scope()
                .release(|intent| matches!(intent.arguments_of::<note>(), Some((0 | 3..=5,))))
                .seal(|| airlock::current().expect("inside"));
            inner.discard();
            handle.run(|| {
                airlock::scope()
                    .policy(block_tasks![note])
                    .run(|| (0..6).try_for_each(|n| note::enqueue(n)))
            })
        });
    let error = outer.expect_err("the inner one has ended");
    assert_adds_up(error.report(), 6);
    let kept = error.report().entries().iter().filter(|entry| *entry.fate() == Fate::Captured);
    assert_eq!(kept.count(), 2, "{}", error.report());
}
