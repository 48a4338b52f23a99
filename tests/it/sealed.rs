//! A sealed scope: its intents are inspected before they are flushed or discarded.

use airlock::{AllowAll, EnqueueError, Fate, block_tasks};

use crate::support::{Ran, note, quiet};

#[test]
fn sealing_looks_before_it_decides() {
    let ran = Ran::new();
    let (sent, sealed) = ran.scope().policy(block_tasks![quiet]).seal(|| {
        note::enqueue(1)?;
        quiet::enqueue(2)
    });
    sent.expect("enqueued");
    assert_eq!((sealed.len(), sealed.is_empty()), (2, false));
    let inspection = sealed.inspect();
    assert_eq!(
        inspection.own().iter().map(airlock::Inspected::passes).collect::<Vec<_>>(),
        [true, false]
    );
    let report = sealed.discard();
    assert!(
        report
            .entries()
            .iter()
            .all(|entry| *entry.fate() == Fate::Discarded(airlock::Why::Request))
    );
    assert!(ran.list().is_empty());
}

#[test]
fn own_and_captured_intents_are_listed_separately() {
    airlock::scope()
        .run(|| {
            quiet::enqueue(1)?;
            airlock::scope().run(|| quiet::enqueue(2)).expect("captured")?;
            airlock::policy(AllowAll).run(|| quiet::enqueue(3))?;
            let inspection = airlock::current().expect("inside").inspect();
            let listed = |intents: &[airlock::Inspected]| -> Vec<_> {
                intents.iter().map(|intent| intent.arguments()["n"].as_u64().unwrap_or(0)).collect()
            };
            assert_eq!(listed(inspection.own()), [1, 3]);
            assert_eq!(listed(inspection.captured()), [2]);
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
}

/// A scope that was sealed outside, with a nested one in it, is captured whole.
#[test]
fn everything_a_sealed_scope_brings_along_counts_as_captured() {
    let ((), sealed) = airlock::scope().seal(|| {
        quiet::enqueue(1).expect("enqueued");
        airlock::scope().run(|| quiet::enqueue(2)).expect("captured").expect("enqueued");
        quiet::enqueue(3).expect("enqueued");
    });
    airlock::scope()
        .run(|| {
            airlock::scope().run(|| {
                sealed.flush().expect("captured");
                let inspection = airlock::current().expect("inside").inspect();
                assert_eq!(inspection.own().len(), 0, "{inspection}");
                assert_eq!(inspection.captured().len(), 3, "{inspection}");
            })
        })
        .expect("flushed")
        .expect("captured");
}
