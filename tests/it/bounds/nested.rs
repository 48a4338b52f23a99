//! A nested scope holds no more than the scopes around it have room for.

use airlock::{PolicyViolation, Verdict};

use super::{enqueue_all, limit_of};
use crate::support::{Ran, quiet};

/// A policy that refuses and drops nothing.
struct OnEnqueue<F>(F);

impl<F> airlock::Policy for OnEnqueue<F>
where
    F: Fn(&airlock::Intent) -> Result<(), PolicyViolation> + Send + Sync + 'static,
{
    fn on_enqueue(&self, intent: &airlock::Intent) -> Result<(), PolicyViolation> {
        (self.0)(intent)
    }

    fn allows(&self, _: &airlock::Intent) -> Verdict {
        Verdict::Allow
    }
}

#[test]
fn a_nested_scope_holds_no_more_than_the_outer_has_room_for() {
    let ((), sealed) = airlock::scope().limit(3).seal(|| {
        quiet::enqueue(1).expect("there is room");
        let full = airlock::scope().run(|| {
            enqueue_all(2..=3).expect("there is room");
            let full = quiet::enqueue(4);
            let text = full.as_ref().expect_err("it is full").to_string();
            assert!(text.contains("quiet(n: 4)") && text.contains("nested.rs"), "{text}");
            assert!(text.contains("its limit of 3 intents: raise `.limit(…)`"), "{text}");
            assert_eq!(limit_of(full), 3);
        });
        full.expect("captured");
        assert_eq!(limit_of(quiet::enqueue(5)), 3);
    });
    assert_eq!(sealed.len(), 3);
    sealed.discard();
}

#[test]
fn of_two_limits_the_one_that_was_reached_is_named() {
    let of = |outer: usize, inner: usize| {
        let scope = airlock::scope().limit(outer);
        let (limit, sealed) = scope.seal(|| {
            let (full, sealed) = airlock::scope().limit(inner).seal(|| enqueue_all(1..=10));
            sealed.discard();
            limit_of(full)
        });
        sealed.discard();
        limit
    };
    assert_eq!((of(2, 5), of(5, 2), of(4, 4)), (2, 2, 4));
}

#[test]
fn the_limit_holds_however_deep_the_scope_is_nested() {
    let (limit, sealed) = airlock::scope().limit(2).seal(|| {
        airlock::scope().run(|| {
            quiet::enqueue(1).expect("there is room");
            let inner = || {
                quiet::enqueue(2).expect("there is room");
                airlock::Success(limit_of(quiet::enqueue(3)))
            };
            airlock::scope().run(inner)
        })
    });
    let limit = limit.expect("captured").expect("captured");
    assert_eq!((limit.0, sealed.len()), (2, 2));
    sealed.discard();
}

#[test]
fn the_limit_holds_for_a_scope_inside_a_handles() {
    let ((), sealed) = airlock::scope().limit(2).seal(|| {
        quiet::enqueue(1).expect("there is room");
        let scope = airlock::current().expect("inside");
        let elsewhere =
            move || scope.run(|| airlock::scope().run(|| airlock::Success(enqueue_all(2..=3))));
        let nested = std::thread::spawn(elsewhere).join().expect("no panic");
        assert_eq!(limit_of(nested.expect("captured").0), 2);
    });
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn what_a_nested_scope_discards_leaves_its_room() {
    let (result, sealed) = airlock::scope().limit(2).seal(|| {
        let inner: Result<(), &str> = airlock::scope()
            .run(|| {
                enqueue_all(1..=2).expect("there is room");
                Err("no")
            })
            .expect("nothing to flush");
        assert!(inner.is_err());
        enqueue_all(3..=4)
    });
    result.expect("there is room again");
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn a_scope_that_releases_sets_no_limit_to_those_inside() {
    let ran = Ran::new();
    let scope = airlock::scope().limit(1).release_all().executor(ran.collector());
    let nested = scope.run(|| airlock::scope().run(|| enqueue_all(1..=3)));
    nested.expect("flushed").expect("released").expect("enqueued");
    assert_eq!(ran.list().len(), 3);
}

#[test]
fn the_configured_limit_is_that_of_each_scope_that_has_none() {
    airlock::configure().limit(2).run(|| {
        let ((), sealed) = airlock::scope().seal(|| {
            let nested = airlock::scope().run(|| airlock::Success(enqueue_all(1..=3)));
            assert_eq!(limit_of(nested.expect("captured").0), 2);
        });
        sealed.discard();
        let (own, sealed) = airlock::scope().limit(3).seal(|| enqueue_all(1..=3));
        own.expect("its own comes first");
        sealed.discard();
    });
}

#[test]
fn a_list_that_a_refusal_left_empty_has_no_room_of_its_own() {
    let refuse_first = |intent: &airlock::Intent| -> Result<(), PolicyViolation> {
        if intent.is_same(&quiet::intent(0)) {
            Err(PolicyViolation::new("not this one"))
        } else {
            Ok(())
        }
    };
    let ((), sealed) = airlock::scope().policy(OnEnqueue(refuse_first)).limit(3).seal(|| {
        quiet::enqueue(0).expect_err("refused, and the list stays allocated");
        airlock::scope().run(|| enqueue_all(1..=3)).expect("captured").expect("there is room");
        assert_eq!(limit_of(quiet::enqueue(4)), 3);
    });
    assert_eq!(sealed.len(), 3);
    sealed.discard();
}
