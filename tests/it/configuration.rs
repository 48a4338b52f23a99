//! Defaults that are overridden in a block; `tests/installed` is about those of the process.

use airlock::{DropAll, InScope};

use crate::support::{Ran, anote, block_on, note, quiet, yield_once};

#[test]
fn an_override_holds_in_its_block_only() {
    let ran = Ran::new();
    airlock::configure().executor(ran.inline()).run(|| {
        airlock::scope().run(|| note::enqueue(1)).expect("flushed").expect("enqueued");
    });
    assert_eq!(ran.list(), ["note 1"]);
    airlock::scope().run(|| quiet::enqueue(2)).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn an_override_inside_another_takes_its_place_as_a_whole() {
    let (outer, inner) = (Ran::new(), Ran::new());
    airlock::configure().executor(outer.inline()).policy(DropAll).run(|| {
        airlock::configure().executor(inner.inline()).run(|| {
            airlock::scope().run(|| note::enqueue(1)).expect("flushed").expect("enqueued");
        });
        airlock::scope().run(|| note::enqueue(2)).expect("flushed").expect("enqueued");
    });
    assert_eq!(inner.list(), ["note 1"], "no policy was configured there");
    assert!(outer.list().is_empty(), "dropped");
}

#[test]
fn a_scopes_own_settings_come_first() {
    let (configured, own) = (Ran::new(), Ran::new());
    airlock::configure().executor(configured.inline()).policy(DropAll).run(|| {
        let scope = own.scope().policy(airlock::AllowAll);
        scope.run(|| note::enqueue(1)).expect("flushed").expect("enqueued");
    });
    assert_eq!((own.list().len(), configured.list().len()), (1, 0));
}

#[test]
fn the_configured_policy_is_that_of_the_outermost_and_holds_inside() {
    let ran = Ran::new();
    airlock::configure().policy(DropAll).run(|| {
        ran.scope()
            .run(|| {
                airlock::scope()
                    .policy(airlock::AllowAll)
                    .run(|| note::enqueue(1))
                    .expect("captured")
            })
            .expect("flushed")
            .expect("enqueued");
        // A scope with a policy of its own that nothing encloses decides for itself.
        ran.scope()
            .policy(airlock::AllowAll)
            .run(|| note::enqueue(2))
            .expect("flushed")
            .expect("enqueued");
    });
    assert_eq!(ran.list(), ["note 2"]);
}

#[test]
fn an_override_holds_across_polls_and_for_async_scopes() {
    let ran = Ran::new();
    let body = async {
        yield_once().await;
        airlock::scope()
            .run_async(async {
                yield_once().await;
                anote::enqueue(1)
            })
            .await
            .expect("flushed")
    };
    let run = airlock::configure().executor(ran.inline()).run_async(body);
    block_on(run).expect("enqueued");
    assert_eq!(ran.list(), ["anote 1"]);
}

#[test]
fn overrides_of_threads_at_once_do_not_meet() {
    std::thread::scope(|threads| {
        for n in 0..8 {
            threads.spawn(move || {
                for _ in 0..50 {
                    let ran = Ran::new();
                    airlock::configure().executor(ran.inline()).limit(1).run(|| {
                        airlock::scope()
                            .run(|| note::enqueue(n))
                            .expect("flushed")
                            .expect("enqueued");
                    });
                    assert_eq!(ran.list(), [format!("note {n}")]);
                }
            });
        }
    });
}

#[test]
fn a_handle_carries_the_override_to_a_thread() {
    let ran = Ran::new();
    airlock::configure().executor(ran.inline()).run(|| {
        airlock::scope()
            .run(|| {
                let scope = airlock::current().expect("inside");
                let elsewhere = || {
                    scope.run(|| {
                        // A capture is a boundary: what it holds is flushed by the configured executor.
                        let (_, effects) = airlock::testing::capture(|| note::enqueue(1));
                        assert_eq!(effects.len(), 1);
                        note::enqueue(2)
                    })
                };
                std::thread::scope(|threads| threads.spawn(elsewhere).join().expect("no panic"))
            })
            .expect("flushed")
            .expect("enqueued");
    });
    assert_eq!(ran.list(), ["note 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_carries_the_override_to_a_task() {
    let limited = airlock::configure().limit(1).run_async(async {
        let run = airlock::scope().run_async(async {
            let nested = async {
                let nested =
                    airlock::scope().run(|| quiet::enqueue(1).and_then(|()| quiet::enqueue(2)));
                airlock::Success(nested.expect("nothing to flush").is_err())
            };
            tokio::spawn(nested.in_current_scope()).await.expect("no panic")
        });
        run.await.expect("nothing left").0
    });
    assert!(limited.await, "the limit of 1 was carried");
}

#[test]
fn a_panic_in_the_block_ends_the_override() {
    crate::support::panic_of(|| {
        airlock::configure().policy(DropAll).run(|| crate::support::explode("inside"));
    });
    let (_, sealed) = airlock::scope().seal(|| quiet::enqueue(1));
    assert_eq!(sealed.flush().expect("flushed").dispatched(), 1);
}
