//! Policies that remember what they let out.

use std::sync::Arc;
use std::time::Duration;

use airlock::{AllowAll, Coalesce, EnqueueError, Intent, Limit, Policy, Verdict};

use super::{flush_numbers, mail};
use crate::support::{fates, note, quiet};

#[test]
fn a_limit_lets_the_first_out_and_drops_the_rest() {
    let report = flush_numbers(Limit::per_flush(2), &[1, 2, 3]);
    assert_eq!(
        fates(&report),
        ["quiet: dispatched", "quiet: dispatched", "quiet: dropped by Limit"]
    );
    assert_eq!(flush_numbers(Limit::per_flush(0), &[1]).dropped(), 1);
}

#[test]
fn a_limit_does_not_count_what_an_inner_policy_dropped() {
    let drop_even = |intent: &Intent| match intent.arguments_of::<quiet>() {
        Some((n,)) if n % 2 == 0 => Verdict::Drop,
        _ => Verdict::Allow,
    };
    let report = flush_numbers((drop_even, Limit::per_flush(2)), &[0, 1, 2, 3, 5]);
    assert_eq!((report.dispatched(), report.dropped()), (2, 3));
    let (_, sealed) = airlock::scope().policy(Limit::per_flush(2)).seal(|| {
        airlock::policy(drop_even).run(|| [0, 1, 2, 3, 5].into_iter().try_for_each(quiet::enqueue))
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!((report.dispatched(), report.dropped()), (2, 3));
}

#[test]
fn coalesce_lets_identical_intents_out_once_and_keeps_the_first() {
    let report = flush_numbers(Coalesce, &[1, 2, 1, 1, 3, 2]);
    assert_eq!((report.dispatched(), report.dropped()), (3, 3));
    assert_eq!(fates(&report)[2], "quiet: dropped by Coalesce");
    let (_, sealed) =
        airlock::scope().policy(Coalesce).executor(|_: Intent| Ok::<_, String>(())).seal(|| {
            quiet::enqueue(1)?;
            note::enqueue(1)?;
            quiet::intent(1).queue("bulk").enqueue()?;
            quiet::intent(1).delay(Duration::from_secs(1)).enqueue()?;
            mail::enqueue(1, "a".into())?;
            mail::enqueue(1, "b".into())
        });
    assert_eq!(sealed.flush().expect("flushed").dropped(), 0, "not one of them is like another");
}

#[derive(Clone, Debug, PartialEq)]
struct Plan(Vec<u8>);

struct Opaque;

#[airlock::task(local)]
fn draw(plan: Plan) {
    let Plan(lines) = plan;
    drop(lines);
}

#[airlock::task(local)]
fn bury(treasure: Opaque) {
    let Opaque = treasure;
}

#[test]
fn coalesce_compares_local_arguments_where_it_can() {
    let (_, sealed) = airlock::scope().policy(Coalesce).seal(|| {
        draw::enqueue(Plan(vec![1]))?;
        draw::enqueue(Plan(vec![2]))?;
        draw::enqueue(Plan(vec![1]))?;
        bury::enqueue(Opaque)?;
        bury::enqueue(Opaque)
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!(
        fates(&report),
        [
            "draw: dispatched",
            "draw: dispatched",
            "draw: dropped by Coalesce",
            "bury: dispatched",
            "bury: dispatched",
        ]
    );
}

#[test]
fn every_scope_counts_from_zero_and_inspecting_does_not_count() {
    let shared: Arc<dyn Policy> = Arc::new((Limit::per_flush(2), Coalesce));
    for _ in 0..3 {
        let (_, sealed) = airlock::scope().policy(shared.clone()).seal(|| {
            for n in 0..4 {
                quiet::enqueue(n)?;
                let inspection = airlock::current().expect("inside").inspect();
                let passing = inspection.own().iter().filter(|own| own.passes()).count();
                assert_eq!(passing, inspection.own().len().min(2));
            }
            Ok::<_, EnqueueError>(())
        });
        let looks = [sealed.inspect(), sealed.inspect()];
        for inspection in &looks {
            let passes: Vec<_> = inspection.own().iter().map(airlock::Inspected::passes).collect();
            assert_eq!(passes, [true, true, false, false]);
        }
        assert_eq!(sealed.flush().expect("flushed").dispatched(), 2);
    }
}

#[test]
fn a_limit_in_force_at_several_places_counts_a_flush_once() {
    let (_, sealed) = airlock::scope().policy(Limit::per_flush(3)).seal(|| {
        quiet::enqueue(1)?;
        airlock::policy(AllowAll).run(|| quiet::enqueue(2))?;
        airlock::scope().policy(AllowAll).run(|| quiet::enqueue(3)).expect("captured")?;
        quiet::enqueue(4)
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!((report.dispatched(), report.dropped()), (3, 1), "{report}");
}

#[test]
fn concurrent_flushes_under_one_policy_do_not_share_its_memory() {
    let shared = Arc::new((Limit::per_flush(50), Coalesce));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            let shared = shared.clone();
            threads.spawn(move || {
                for _ in 0..20 {
                    let numbers: Vec<_> = (0..100).map(|n| n % 60).collect();
                    assert_eq!(flush_numbers(shared.clone(), &numbers).dispatched(), 50);
                }
            });
        }
    });
}
