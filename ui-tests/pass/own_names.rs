//! The user's own items, named like airlock's and like what is generated.

use airlock::{assert_effects, testing::capture};

struct Intent;
struct Scope;
struct TaskInfo;
struct States;
struct DropAll;
struct Registration;
struct Ended;
struct OnFailure;

trait Task {
    fn info(&self) -> &'static str;
}

impl Task for u64 {
    fn info(&self) -> &'static str {
        "a number"
    }
}

mod airlock_macros {}
mod inventory {}

/// Tasks named like what they are made of, one of them with a parameter of its own name.
mod named {
    #[airlock::task]
    pub(super) fn task(task: u64) {
        let _ = task;
    }

    #[airlock::task]
    pub(super) fn intent(intent: u64, enqueue: u64) {
        let _ = (intent, enqueue);
    }

    #[airlock::task]
    pub(super) async fn enqueue(arguments: u64, #[state] states: &u8, future: u64) {
        let _ = (arguments, states, future);
    }

    #[airlock::task(local)]
    pub(super) fn info(a: u64, b: u64, info: u64) {
        let _ = (a, b, info);
    }

    #[airlock::task]
    pub(super) fn states(#[state] arguments: &u8, states: u64) {
        let _ = (arguments, states);
    }

    #[airlock::task]
    pub(super) async fn arguments(#[state] states: &u8, arguments: u64) {
        let _ = (states, arguments);
    }

    #[airlock::task(local)]
    pub(super) fn a(b: u64) {
        let _ = b;
    }

    #[airlock::task]
    pub(super) fn call(self_: u64, krate: u64) {
        let _ = (self_, krate);
    }
}

/// Constants named like the parameters that are generated: where one is in scope, no parameter can have its name.
mod constants {
    #![allow(non_upper_case_globals, reason = "named like parameters")]

    const states: u64 = 1;
    static arguments: u64 = 2;
    const a: u64 = 3;
    static b: u64 = 4;

    #[airlock::task(local)]
    pub(super) fn sum(#[state] start: &u8, number: u64) {
        assert_eq!(u64::from(*start) + number, states + arguments + a + b);
    }

    #[airlock::task]
    pub(super) async fn sum_later(#[state] start: &u8, number: u64) {
        assert_eq!(u64::from(*start) + number, states + arguments + a + b);
    }
}

/// Variables named like those that are generated.
#[airlock::scoped(policy = BlockTasks(named::task, "named::info"))]
fn variables(
    value: u64,
    sealed: u64,
    succeeded: bool,
    error: u64,
) -> Result<u64, airlock::FlushError> {
    let _ = (Intent, Scope, TaskInfo, States, DropAll, Registration, Ended, OnFailure);
    assert!(succeeded && value.info() == "a number");
    Ok(value + sealed + error)
}

#[airlock::scoped(on_flush_error = flush_failed)]
async fn variables_async(value: u64, sealed: u64, policy: u64) -> u64 {
    async { value + sealed + policy }.await
}

fn flush_failed(error: airlock::FlushError) -> u64 {
    error.into_intents().len() as u64
}

#[test]
fn they_stay_apart() {
    let (enqueued, effects) = capture(|| {
        named::task::enqueue(1)?;
        named::intent::enqueue(1, 2)?;
        named::enqueue::enqueue(1, 2)?;
        named::info::enqueue(1, 2, 3)?;
        named::states::enqueue(1)?;
        named::arguments::enqueue(1)?;
        named::a::enqueue(1)?;
        constants::sum::enqueue(8)?;
        constants::sum_later::enqueue(8)?;
        named::call::enqueue(1, 2)
    });
    enqueued.expect("in a scope");
    assert_effects!(
        effects,
        [
            named::task(1),
            named::intent(1, 2),
            named::enqueue(1, 2),
            named::info,
            named::states(1),
            named::arguments(1),
            named::a,
            constants::sum,
            constants::sum_later(8),
            named::call(1, 2)
        ]
    );
    assert_eq!(variables(1, 2, true, 3).expect("nothing to flush"), 6);
    drop(variables_async(1, 2, 3));
}
