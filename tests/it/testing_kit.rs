//! `airlock::testing`: captures, assertions and what they say when they fail.

use airlock::testing::{assert_no_effects, assert_no_effects_async, capture};
use airlock::{EnqueueError, assert_effects, assert_enqueued, assert_not_enqueued};
use serde_json::json;

use crate::support::{Ran, block_on, note, panic_of, quiet, yield_once};

pub(crate) mod mail {
    #[airlock::task(name = "kit.mail")]
    pub(crate) fn send(order_id: u64, to: String) {
        let _ = (order_id, to);
    }
}

pub(crate) fn checkout() -> Result<(), EnqueueError> {
    quiet::enqueue(1)?;
    mail::send::enqueue(2, "ann".into())?;
    airlock::scope().run(|| quiet::enqueue(3)).expect("captured")
}

#[test]
fn a_capture_inside_a_scope_hands_nothing_to_it() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            let (_, effects) = capture(|| note::enqueue(1));
            assert_enqueued!(effects, note(1));
            note::enqueue(2)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 2"]);
}

#[test]
fn assertions_take_paths_arguments_expressions_and_options() {
    let (_, effects) = capture(checkout);
    assert_enqueued!(effects, quiet);
    assert_enqueued!(effects, quiet(1));
    assert_enqueued!(effects, quiet(1 + 2));
    assert_enqueued!(effects, crate::testing_kit::mail::send);
    assert_enqueued!(effects, self::mail::send(2, format!("{}n", "an"),));
    assert_enqueued!(&effects, quiet(1));
    assert_not_enqueued!(effects, quiet(2));
    assert_not_enqueued!(effects, note);
    assert_effects!(effects, [quiet, mail::send, quiet(3)]);
    assert_effects!(capture(|| ()).1, []);
}

#[test]
fn assert_enqueued_says_what_there_was() {
    let (_, effects) = capture(checkout);
    let origins: Vec<_> = effects.iter().map(|intent| intent.origin().to_string()).collect();
    assert_eq!(
        panic_of(|| assert_enqueued!(effects, mail::send(3, "bob".into()))),
        format!(
            "`kit.mail(order_id: 3, to: \"bob\")` was not enqueued; these were enqueued:\n  \
             it::support::quiet(n: 1)  at {}\n  \
             kit.mail(order_id: 2, to: \"ann\")  at {}\n  \
             it::support::quiet(n: 3)  at {}",
            origins[0], origins[1], origins[2],
        )
    );
    let ((), nothing) = capture(|| ());
    assert_eq!(
        panic_of(|| assert_enqueued!(nothing, mail::send)),
        "`kit.mail(…)` was not enqueued; nothing was enqueued"
    );
}

#[test]
fn assert_not_enqueued_says_what_there_was() {
    let (_, effects) = capture(|| quiet::enqueue(1));
    let said = panic_of(|| assert_not_enqueued!(effects, quiet));
    assert!(said.starts_with("`it::support::quiet(…)` was enqueued; these were enqueued:\n  it::support::quiet(n: 1)  at "), "{said}");
    let said = panic_of(|| assert_not_enqueued!(effects, quiet(1)));
    assert!(said.starts_with("`it::support::quiet(n: 1)` was enqueued;"), "{said}");
}

#[test]
fn assert_effects_shows_a_difference_that_a_person_can_read() {
    let (_, effects) = capture(|| (1..=4).try_for_each(|n| quiet::enqueue(n)));
    let origin = effects.iter().next().expect("one").origin();
    assert_eq!(
        panic_of(|| assert_effects!(effects, [quiet(1), quiet(3), note, quiet(4)])),
        format!(
            "the effects differ (- expected, + enqueued):\n    \
             it::support::quiet(n: 1)\n  \
             + it::support::quiet(n: 2)  at {origin}\n    \
             it::support::quiet(n: 3)\n  \
             - it::support::note(…)\n    \
             it::support::quiet(n: 4)"
        )
    );
    let (_, swapped) = capture(|| quiet::enqueue(2).and_then(|()| quiet::enqueue(1)));
    panic_of(|| assert_effects!(swapped, [quiet(1), quiet(2)]));
    panic_of(|| assert_effects!(swapped, [quiet(2)]));
    panic_of(|| assert_effects!(swapped, []));
}

#[test]
fn a_failure_points_at_the_test() {
    use std::sync::{Arc, Mutex};
    let places = Arc::new(Mutex::new(Vec::new()));
    let note_place = places.clone();
    let thread = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == thread {
            let place = info.location().map(|at| (at.file().to_owned(), at.line()));
            note_place.lock().expect("not poisoned").extend(place);
        } else {
            before(info);
        }
    }));
    let (_, effects) = capture(|| quiet::enqueue(1));
    let line = line!();
    panic_of(|| assert_enqueued!(effects, quiet(2)));
    panic_of(|| assert_not_enqueued!(effects, quiet(1)));
    panic_of(|| assert_effects!(effects, []));
    panic_of(|| assert_no_effects(|| quiet::enqueue(1).is_ok()));
    let expected: Vec<_> = (1..=4).map(|after| (file!().to_owned(), line + after)).collect();
    assert_eq!(*places.lock().expect("not poisoned"), expected);
}

#[test]
fn effects_hold_nothing_that_moves() {
    let effects = || capture(checkout).1;
    assert_eq!(
        effects().to_json(),
        json!([
            { "task": "it::support::quiet", "arguments": { "n": 1 } },
            { "task": "kit.mail", "arguments": { "order_id": 2, "to": "ann" } },
            { "task": "it::support::quiet", "arguments": { "n": 3 } },
        ])
    );
    assert_eq!(
        effects().to_string(),
        "it::support::quiet(n: 1)\nkit.mail(order_id: 2, to: \"ann\")\nit::support::quiet(n: 3)"
    );
    assert_eq!(
        format!("{:?}", effects()),
        "[it::support::quiet(n: 1), kit.mail(order_id: 2, to: \"ann\"), it::support::quiet(n: 3)]"
    );
    assert!(!format!("{:#?}", effects()).contains("tests/it"), "no places");
}

#[test]
fn a_swallowed_refusal_is_caught_with_the_line_that_enqueued() {
    let line = line!() + 2;
    let said = panic_of(|| {
        assert_no_effects(|| quiet::enqueue(7).is_ok());
    });
    let place = format!("it::support::quiet(n: 7) was enqueued at {}:{line}:", file!());
    assert!(
        said.starts_with("no effects are expected here, but:\n  ") && said.contains(&place),
        "{said}"
    );
    panic_of(|| {
        block_on(assert_no_effects_async(async {
            yield_once().await;
            quiet::enqueue(7).is_ok()
        }))
    });
}

/// What cascades from a task that was dispatched is not in the test's own scope.
#[test]
#[airlock::scoped(policy = AssertNoEffects)]
fn a_test_may_be_scoped() {
    let error = quiet::enqueue(7).expect_err("refused");
    assert!(error.to_string().contains("no effects are expected here"), "{error}");
}

#[airlock::scoped(policy = AssertNoEffects)]
fn an_impure_test() -> Result<(), Box<dyn std::error::Error>> {
    quiet::enqueue(7)?;
    Ok(())
}

#[test]
fn a_scoped_test_that_enqueues_fails_with_task_arguments_and_line() {
    let error = an_impure_test().expect_err("it enqueues");
    let text = error.to_string();
    assert!(
        text.contains("`it::support::quiet(n: 7)`") && text.contains("tests/it/testing_kit.rs:"),
        "{text}"
    );
}
