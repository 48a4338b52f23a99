//! A closure is an executor, called with one intent after another.

use airlock::{Executor, Intent, OnFailure};

use crate::support::{Ran, fates, quiet, short};

#[test]
fn a_closure_is_an_executor_called_in_order() {
    let ran = Ran::new();
    airlock::scope()
        .executor(ran.collector())
        .run(|| (0..4).try_for_each(quiet::enqueue))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["quiet(n: 0)", "quiet(n: 1)", "quiet(n: 2)", "quiet(n: 3)"]);
}

fn refuses_odd(ran: &Ran) -> impl Executor + use<> {
    let ran = ran.clone();
    move |intent: Intent| {
        ran.push(short(&intent));
        match intent.arguments_of::<quiet>() {
            Some((n,)) if n % 2 == 1 => Err(format!("{n} is odd")),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_closure_stops_at_the_first_failure_or_continues() {
    for (on_failure, expected) in [
        (
            OnFailure::Stop,
            vec![
                "quiet: dispatched",
                "quiet: failed: 1 is odd",
                "quiet: not attempted",
                "quiet: not attempted",
            ],
        ),
        (
            OnFailure::Continue,
            vec![
                "quiet: dispatched",
                "quiet: failed: 1 is odd",
                "quiet: dispatched",
                "quiet: failed: 3 is odd",
            ],
        ),
    ] {
        let ran = Ran::new();
        let error = airlock::scope()
            .executor(refuses_odd(&ran))
            .on_failure(on_failure)
            .run(|| (0..4).try_for_each(quiet::enqueue))
            .expect_err("1 is odd");
        assert_eq!(fates(error.report()), expected);
    }
}
