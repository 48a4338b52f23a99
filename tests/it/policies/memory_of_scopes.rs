//! What a policy remembers is its scope's, however the scope's intents leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use airlock::{
    Batch, Coalesce, DispatchError, EnqueueError, Executor, InScope, Inline, Intent, Limit, Policy,
    Verdict, tasks,
};

use crate::support::{Ran, block_on, note, quiet};

/// Enqueues in a nested scope, which flushes by itself where the outer one releases.
fn nested(n: u64) {
    let flushed = airlock::scope().run(|| note::enqueue(n)).expect("flushed");
    flushed.expect("enqueued");
}

#[test]
fn those_that_are_released_early_count() {
    for (policy, expected) in [
        (Arc::new(Limit::per_flush(100)) as Arc<dyn Policy>, 100),
        (Arc::new(Coalesce), 7),
        (Arc::new((Coalesce, Limit::per_flush(5))), 5),
    ] {
        let ran = Ran::new();
        let outer = ran.scope().policy(policy).release_all();
        outer
            .run(|| (0..500).for_each(|n| nested(n % if expected == 100 { 500 } else { 7 })))
            .expect("flushed");
        assert_eq!(ran.list().len(), expected);
    }
}

#[test]
fn part_of_them_early_and_the_rest_at_the_end() {
    let ran = Ran::new();
    let even = |intent: &Intent| intent.arguments_of::<note>().is_some_and(|(n,)| n % 2 == 0);
    let outer = ran.scope().policy(Limit::per_flush(3)).release(even);
    outer.run(|| (1..=6).for_each(nested)).expect("flushed");
    // 2, 4 and 6 leave at once: nothing is left for 1, 3 and 5.
    assert_eq!(ran.list(), ["note 2", "note 4", "note 6"]);
    let ran = Ran::new();
    let outer = ran.scope().policy(Coalesce).release(even);
    outer.run(|| [2, 1, 2, 1].into_iter().for_each(nested)).expect("flushed");
    assert_eq!(ran.list(), ["note 2", "note 1"]);
}

#[test]
fn through_handles_on_other_threads() {
    let ran = Ran::new();
    let outer = ran.scope().policy(Limit::per_flush(10)).release_all();
    outer
        .run(|| {
            let scope = airlock::current().expect("inside");
            std::thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| (0..25).for_each(|n| scope.run(|| nested(n))));
                }
            });
        })
        .expect("flushed");
    assert_eq!(ran.list().len(), 10);
}

#[test]
fn of_futures_beside_one_another() {
    let ran = Ran::new();
    let outer = ran.scope().policy(Limit::per_flush(3)).release_all();
    let nested = |n| async move {
        tokio::task::yield_now().await;
        let flushed = airlock::scope().run_async(async move { note::enqueue(n) }).await;
        flushed.expect("flushed").expect("enqueued");
    };
    block_on(outer.run_async(async {
        tokio::join!(nested(1), nested(2), nested(3), nested(4));
        let elsewhere = nested(5).in_current_scope();
        std::thread::spawn(|| block_on(elsewhere)).join().expect("no panic");
    }))
    .expect("flushed");
    assert_eq!(ran.list().len(), 3);
}

#[test]
fn of_sealed_scopes_that_are_flushed_later() {
    let ran = Ran::new();
    let (sealed, outer) = ran.scope().policy(Coalesce).release_all().seal(|| {
        let seal = |n| airlock::scope().executor(ran.inline()).seal(|| note::enqueue(n)).1;
        [seal(1), seal(1), seal(2)]
    });
    drop(outer);
    let left: usize =
        sealed.map(|sealed| sealed.flush().expect("flushed").dispatched()).iter().sum();
    assert_eq!((left, ran.list()), (2, vec!["note 1".to_owned(), "note 2".to_owned()]));
}

#[test]
fn of_local_policies_too() {
    let ran = Ran::new();
    let outer = ran.scope().release_all();
    outer
        .run(|| {
            airlock::policy(Limit::per_flush(2)).run(|| (1..=3).for_each(nested));
            airlock::policy(Limit::per_flush(1)).run(|| (4..=5).for_each(nested));
        })
        .expect("flushed");
    assert_eq!(ran.list(), ["note 1", "note 2", "note 4"]);
}

#[test]
fn each_scope_under_a_configured_policy_has_its_own() {
    let ran = Ran::new();
    airlock::configure().policy((Limit::per_flush(2), Coalesce)).executor(ran.inline()).run(|| {
        for _ in 0..2 {
            let scope = airlock::scope().release_all();
            scope.run(|| [1, 2, 3].into_iter().for_each(nested)).expect("flushed");
        }
        let scope = airlock::scope().release_all();
        block_on(scope.run_async(async { [1, 2, 3].into_iter().for_each(nested) }))
            .expect("flushed");
    });
    assert_eq!(ran.list().len(), 6);
}

/// Enqueues three times, each in a scope of its own.
#[airlock::task]
fn thrice(n: u64) -> Result<(), EnqueueError> {
    (1..=3).try_for_each(|m| airlock::scope().run(|| note::enqueue(10 * n + m)).expect("captured"))
}

#[airlock::task]
#[expect(clippy::unused_async, reason = "the scope of a future is what it is about")]
async fn thrice_async(n: u64) -> Result<(), EnqueueError> {
    (1..=3).try_for_each(|m| airlock::scope().run(|| note::enqueue(10 * n + m)).expect("captured"))
}

#[test]
fn each_task_s_own_scope_has_its_own() {
    let ran = Ran::new();
    let inline = Inline::builder()
        .serving(tasks![note, thrice, thrice_async])
        .state(ran.clone())
        .build()
        .expect("states");
    let (_, sealed) = airlock::scope().policy(Limit::per_flush(2)).executor(inline).seal(|| {
        thrice::enqueue(1)?;
        thrice_async::enqueue(2)?;
        thrice::enqueue(3)
    });
    block_on(sealed.flush_async()).expect("flushed");
    assert_eq!(ran.list(), ["note 11", "note 12", "note 21", "note 22"]);
}

/// Fails as long as it is told to.
struct Failing(Arc<AtomicBool>, Ran);

impl Executor for Failing {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(DispatchError::refused("away"));
        }
        batch.iter().for_each(|intent| self.1.push(intent.to_string()));
        Ok(())
    }
}

#[test]
fn what_was_handed_back_may_be_enqueued_again() {
    let (away, ran) = (Arc::new(AtomicBool::new(true)), Ran::new());
    let outer = airlock::scope()
        .policy((Coalesce, Limit::per_flush(2)))
        .release_all()
        .executor(Failing(away.clone(), ran.clone()));
    outer
        .run(|| {
            let failed = airlock::scope().run(|| quiet::enqueue(1)).expect_err("away");
            away.store(false, Ordering::Relaxed);
            for intent in failed.into_intents() {
                airlock::scope().run(|| intent.enqueue()).expect("flushed").expect("enqueued");
            }
            for n in [1, 2, 3] {
                airlock::scope().run(|| quiet::enqueue(n)).expect("flushed").expect("enqueued");
            }
        })
        .expect("flushed");
    assert_eq!(ran.list().len(), 2, "{:?}", ran.list());
}

#[test]
fn what_a_panicking_policy_discards_is_not_counted() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let once = |_: &Intent| {
        assert!(ASKED.fetch_add(1, Ordering::Relaxed) != 1, "the second one");
        Verdict::Allow
    };
    let ran = Ran::new();
    let outer = ran.scope().policy(once).policy((Coalesce, Limit::per_flush(2))).release_all();
    outer
        .run(|| {
            let both = || {
                airlock::scope().run(|| {
                    note::enqueue(1)?;
                    note::enqueue(2)
                })
            };
            std::panic::catch_unwind(both).map(drop).expect_err("a panic");
            nested(1);
        })
        .expect("flushed");
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn an_inspection_shows_what_is_left_of_it() {
    let ran = Ran::new();
    let outer = ran.scope().policy(Limit::per_flush(2)).release_all();
    outer
        .run(|| {
            nested(1);
            (2..=3).try_for_each(note::enqueue)?;
            let seen = airlock::current().expect("inside").inspect();
            let passing: Vec<_> = seen.own().iter().map(airlock::Inspected::passes).collect();
            assert_eq!(passing, [true, false]);
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2"]);
}
