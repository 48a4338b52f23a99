//! Law 2: **Effects leave at flush only**, in the order they were enqueued.

use airlock::EnqueueError;
use proptest::prelude::*;

use super::programs::{Release, Rule, Tally, run, run_async, steps_in_order};
use crate::support::{Ran, anote, note};

#[test]
fn effects_leave_at_flush_only_and_in_the_order_of_enqueue() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            for n in 0..20 {
                note::enqueue(n)?;
                assert_eq!(ran.list().len(), 0, "nothing has left yet");
            }
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), (0..20).map(|n| format!("note {n}")).collect::<Vec<_>>());
}

#[test]
fn the_order_is_kept_across_sync_and_async_tasks_local_policies_and_nested_scopes() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            note::enqueue(0)?;
            anote::enqueue(1)?;
            airlock::policy(airlock::AllowAll).run(|| note::enqueue(2))?;
            note::enqueue(3)?;
            airlock::scope()
                .run(|| {
                    anote::enqueue(4)?;
                    airlock::scope()
                        .policy(airlock::AllowAll)
                        .run(|| note::enqueue(5))
                        .expect("captured")?;
                    note::enqueue(6)
                })
                .expect("captured")?;
            note::enqueue(7)
        })
        .expect("flushed")
        .expect("enqueued");
    let order = ["note 0", "anote 1", "note 2", "note 3", "anote 4", "note 5", "note 6", "note 7"];
    assert_eq!(ran.list(), order);
}

#[test]
fn a_failed_body_lets_nothing_leave() {
    let ran = Ran::new();
    let result = ran.scope().run(|| {
        note::enqueue(1).expect("enqueued");
        Err::<(), _>("out of stock")
    });
    assert_eq!(result.expect("nothing to flush"), Err("out of stock"));
    assert!(ran.list().is_empty());
}

/// Each flush is in the order of enqueue.
fn check_order(tally: &Tally) -> Result<(), TestCaseError> {
    tally.with(|counts| {
        for report in &counts.reports {
            let order: Vec<_> = report
                .entries()
                .iter()
                .filter_map(|entry| entry.arguments()["n"].as_u64())
                .collect();
            prop_assert!(order.is_sorted(), "{:?}", order);
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_flush_is_in_the_order_of_enqueue(steps in steps_in_order()) {
        let tally = Tally::default();
        tally.scope(Rule::None, Release::None).run(|| run(&tally, &steps)).expect("nothing fails");
        check_order(&tally)?;
        let tally = Tally::default();
        let run = tally.scope(Rule::None, Release::None).run_async(run_async(&tally, &steps));
        crate::support::block_on(run).expect("nothing fails");
        check_order(&tally)?;
    }
}
