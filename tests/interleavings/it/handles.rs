//! Handles on a scope, on other threads than its own.

use airlock::{Coalesce, EnqueueError, Inline, Success};
use shuttle::check_random;
use shuttle::thread::spawn;

use crate::ORDERS;
use crate::counted::{Ran, count};

/// Each intent is accepted and runs, or the scope has ended and the enqueue says so.
#[test]
fn what_a_handle_enqueues_runs_or_is_refused_as_the_scope_ends() {
    check_random(
        || {
            let ran = Ran::default();
            let inline = Inline::builder().state(ran.clone()).build().expect("an executor");
            let helpers = airlock::scope().executor(inline).run(|| {
                let helpers: Vec<_> = (0..2_u64)
                    .map(|helper| {
                        let handle = airlock::current().expect("a scope");
                        spawn(move || {
                            let enqueue = |number| count::enqueue(10 * helper + number);
                            handle.run(|| (0..3).map(enqueue).collect::<Vec<_>>())
                        })
                    })
                    .collect();
                count::enqueue(100).expect("it is open");
                airlock::scope().run(|| count::enqueue(101)).expect("captured").expect("open");
                Success(helpers)
            });
            let mut accepted = vec![100, 101];
            for (helper, results) in (0..).zip(helpers.expect("flushed").0) {
                for (number, result) in (0..).zip(results.join().expect("it ends")) {
                    match result {
                        Ok(()) => accepted.push(10 * helper + number),
                        Err(EnqueueError::Closed(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
            accepted.sort_unstable();
            assert_eq!(ran.sorted(), accepted);
        },
        ORDERS,
    );
}

/// A scope nested in a handle's is captured whole or handed back whole.
#[test]
fn a_nested_scope_on_another_thread_is_captured_or_handed_back() {
    check_random(
        || {
            let ran = Ran::default();
            let inline = Inline::builder().state(ran.clone()).build().expect("an executor");
            let helper = airlock::scope().executor(inline).run(|| {
                let handle = airlock::current().expect("a scope");
                Success(spawn(move || {
                    handle.run(|| {
                        let nested = airlock::scope().run(|| (0..3).try_for_each(count::enqueue));
                        nested.map_err(|error| error.into_intents().len())
                    })
                }))
            });
            match helper.expect("flushed").0.join().expect("it ends") {
                Ok(enqueued) => {
                    enqueued.expect("its own scope is open");
                    assert_eq!(ran.sorted(), [0, 1, 2]);
                }
                Err(handed_back) => assert_eq!((handed_back, ran.count()), (3, 0)),
            }
        },
        ORDERS,
    );
}

/// A policy's memory is the scope's, whichever thread enqueues.
#[test]
fn what_two_threads_enqueue_alike_runs_once() {
    check_random(
        || {
            let ran = Ran::default();
            let inline = Inline::builder().state(ran.clone()).build().expect("an executor");
            let scope = airlock::scope().policy(Coalesce::default()).executor(inline);
            let flushed = scope.run(|| {
                let helpers: Vec<_> = (0..2)
                    .map(|_| {
                        let handle = airlock::current().expect("a scope");
                        spawn(move || handle.run(|| count::enqueue(7)))
                    })
                    .collect();
                helpers.into_iter().try_for_each(|helper| helper.join().expect("it ends"))
            });
            flushed.expect("flushed").expect("enqueued");
            assert_eq!(ran.sorted(), [7]);
        },
        ORDERS,
    );
}
