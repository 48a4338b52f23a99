//! Law 13: **Tests see what production would do.** A capture holds every effect that the code under test would
//! have sent, by whatever way, rows of a transaction included; an assertion that can't see is an error, not a
//! pass.
//!
//! For rows of a transaction it is shown with each library in `tests/transactions/it/captured`, and with requests in
//! `tests/web/it/commits.rs`. That a capture refuses a future is shown in `ui-tests/ui/body`.
//!
//! A capture follows its own closure or future. It does not see threads and tasks that these spawn without a handle,
//! a worker, which spawns its tasks, what goes through the handle of a scope outside into that scope, and a
//! transaction that is committed when the capture has ended.

use airlock::testing::{assert_no_effects, assert_no_effects_async, capture, capture_async};
use airlock::{DropAll, assert_effects, assert_enqueued, assert_not_enqueued, block_tasks};

use crate::support::{Ran, block_on, note, panic_of, quiet, yield_once};
use crate::testing_kit::{checkout, mail};

#[test]
fn a_capture_keeps_everything_and_dispatches_nothing() {
    let ran = Ran::new();
    let (result, effects) = airlock::configure().executor(ran.inline()).run(|| {
        capture(|| {
            note::enqueue(1)?;
            checkout()
        })
    });
    result.expect("enqueued");
    assert!(ran.list().is_empty());
    assert_eq!((effects.len(), effects.is_empty()), (4, false));
    assert_effects!(effects, [note(1), quiet(1), mail::send(2, "ann".into()), quiet(3)]);
}

#[test]
fn an_async_capture_keeps_everything_and_dispatches_nothing() {
    let (result, effects) = block_on(capture_async(async {
        quiet::enqueue(1)?;
        yield_once().await;
        airlock::scope().run_async(async { quiet::enqueue(2) }).await.expect("captured")
    }));
    result.expect("enqueued");
    assert_effects!(effects, [quiet(1), quiet(2)]);
}

#[test]
fn what_a_policy_would_drop_is_kept_and_said() {
    let (_, effects) = capture(|| airlock::policy(DropAll).run(|| quiet::enqueue(1)));
    assert_enqueued!(effects, quiet(1));
    assert!(!effects.inspection().own()[0].passes());
    let (result, effects) =
        capture(|| airlock::policy(block_tasks![quiet].refuse()).run(|| quiet::enqueue(1)));
    assert!(result.is_err());
    assert_not_enqueued!(effects, quiet);
}

#[test]
fn parallel_captures_see_only_their_own() {
    std::thread::scope(|threads| {
        for n in 0..8 {
            threads.spawn(move || {
                for _ in 0..100 {
                    let (_, effects) = capture(|| quiet::enqueue(n));
                    assert_effects!(effects, [quiet(n)]);
                }
            });
        }
    });
}

/// As documented: these follow other scopes, and law 6 says why.
#[test]
fn what_a_capture_does_not_see() {
    let ran = Ran::new();
    let scope = || airlock::scope().executor(ran.collector());
    scope()
        .run(|| {
            let outside = airlock::current().expect("inside a scope");
            let ((), effects) = capture(|| {
                outside.run(|| quiet::enqueue(1)).expect("into the scope outside");
                std::thread::scope(|threads| {
                    threads.spawn(|| {
                        scope().run(|| quiet::enqueue(2)).expect("flushed").expect("enqueued");
                    });
                    threads.spawn(|| quiet::enqueue(3).expect_err("no scope"));
                });
            });
            assert!(effects.is_empty(), "{effects}");
        })
        .expect("flushed");
    assert_eq!(ran.list().len(), 2, "{:?}", ran.list());
}

#[test]
fn a_swallowed_refusal_is_caught_however_deep() {
    type Body = fn() -> bool;
    let bodies: [Body; 4] = [
        || airlock::scope().run(|| quiet::enqueue(1)).expect("nothing to flush").is_ok(),
        || airlock::policy(airlock::AllowAll).run(|| quiet::enqueue(1)).is_ok(),
        || capture(|| quiet::enqueue(1)).0.is_ok(),
        || {
            let scope = airlock::current().expect("inside");
            std::thread::spawn(move || scope.run(|| quiet::enqueue(1)).is_ok())
                .join()
                .expect("no panic")
        },
    ];
    for body in bodies {
        panic_of(|| assert_no_effects(body));
    }
}

/// An inner policy refuses first, and the outer one is not asked; the code still tried.
#[test]
fn a_refusal_by_a_policy_of_the_code_itself_is_caught_too() {
    let said = panic_of(|| {
        assert_no_effects(|| {
            airlock::policy(block_tasks![quiet].refuse()).run(|| quiet::enqueue(7).is_ok())
        })
    });
    assert!(said.contains("quiet(n: 7)"), "{said}");
}

#[test]
fn pure_code_passes_and_gives_its_value() {
    assert_eq!(assert_no_effects(|| 2 + 2), 4);
    assert_eq!(block_on(assert_no_effects_async(async { 2 + 2 })), 4);
}
