//! Handles: a scope that is carried to other threads and tasks.

use airlock::{AllowAll, Bound, EnqueueError, InScope, Intent, Policy, PolicyViolation};

use crate::support::{Ran, block_on, note, quiet, yield_once};

fn here() -> airlock::Handle {
    airlock::current().expect("inside a scope")
}

#[test]
fn there_is_none_outside_a_scope() {
    assert!(airlock::current().is_none());
    assert!(airlock::policy(AllowAll).run(airlock::current).is_none());
}

#[test]
fn a_thread_has_no_scope_until_it_is_handed_one() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            let scope = here();
            std::thread::scope(|threads| {
                threads
                    .spawn(|| assert!(matches!(note::enqueue(1), Err(EnqueueError::NoScope(_)))));
                threads.spawn(|| scope.run(|| note::enqueue(2)).expect("handed one"));
            });
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 2", "note 3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spawned_future_has_no_scope_until_it_is_handed_one() {
    let ran = Ran::new();
    let run = ran.scope().run_async(async {
        let bare = tokio::spawn(async { note::enqueue(1) }).await.expect("no panic");
        assert!(matches!(bare, Err(EnqueueError::NoScope(_))));
        let carried = async {
            yield_once().await;
            note::enqueue(2)
        };
        tokio::spawn(carried.in_current_scope()).await.expect("no panic")?;
        tokio::spawn(async { note::enqueue(3) }.in_scope(here())).await.expect("no panic")
    });
    run.await.expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 2", "note 3"]);
}

#[test]
fn a_future_carried_from_no_scope_has_none() {
    let carried = async { quiet::enqueue(1) }.in_current_scope();
    assert!(matches!(block_on(carried), Err(EnqueueError::NoScope(_))));
}

#[test]
fn a_handle_on_a_scope_that_has_ended_is_closed() {
    let ran = Ran::new();
    let mut kept = None;
    ran.scope().run(|| kept = Some(here())).expect("flushed");
    let kept = kept.expect("kept");
    let error = kept.run(|| note::enqueue(1)).expect_err("it has ended");
    assert!(matches!(error, EnqueueError::Closed(_)));
    assert!(error.to_string().contains("whose scope has ended"), "{error}");
    assert_eq!(kept.inspect().own().len(), 0);
    assert!(ran.list().is_empty());
}

#[test]
fn a_handle_is_closed_however_the_scope_ended() {
    let handles = std::sync::Mutex::new(Vec::new());
    let keep = || handles.lock().expect("not poisoned").push(here());
    let _failed = airlock::scope().run(|| {
        keep();
        Err::<(), _>(())
    });
    crate::support::panic_of(|| {
        airlock::scope().run(|| {
            keep();
            crate::support::explode("inside");
        })
    });
    airlock::scope().seal(keep).1.discard();
    let ((), undecided) = airlock::scope().seal(keep);
    let mut lost = Box::pin(airlock::scope().run_async(async {
        keep();
        futures::future::pending::<()>().await;
    }));
    assert!(futures::FutureExt::now_or_never(&mut lost).is_none());
    drop(lost);
    let handles = handles.into_inner().expect("not poisoned");
    assert_eq!(handles.len(), 5);
    for handle in handles {
        assert!(matches!(handle.run(|| quiet::enqueue(1)), Err(EnqueueError::Closed(_))));
    }
    assert!(undecided.is_empty());
    undecided.discard();
}

#[test]
fn a_nested_scope_under_a_handle_is_captured_by_the_handles_scope() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            let scope = here();
            std::thread::scope(|threads| {
                let nested =
                    || scope.run(|| airlock::scope().run(|| note::enqueue(1)).expect("captured"));
                threads.spawn(nested).join().expect("no panic").expect("enqueued");
            });
            let inspection = scope.inspect();
            assert_eq!((inspection.own().len(), inspection.captured().len()), (0, 1));
        })
        .expect("flushed");
    assert_eq!(ran.list(), ["note 1"]);
}

/// Nobody would flush what a scope that has ended captured: the flush fails and hands it back.
#[test]
fn a_nested_scope_under_a_closed_handle_is_handed_back() {
    let ran = Ran::new();
    let mut kept = None;
    ran.scope().run(|| kept = Some(here())).expect("flushed");
    let error = kept
        .expect("kept")
        .run(|| airlock::scope().executor(ran.inline()).run(|| note::enqueue(1)))
        .expect_err("its parent has ended");
    assert!(error.to_string().contains("has ended"), "{error}");
    assert_eq!(error.report().not_attempted(), 1);
    assert!(ran.list().is_empty());
    let intents = error.into_intents();
    ran.scope()
        .run(|| intents.into_iter().try_for_each(Intent::enqueue))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
}

/// Counts how often it was asked at enqueue.
struct Count(Ran);

impl Policy for Count {
    fn on_enqueue(&self, _: &Intent) -> Result<(), PolicyViolation> {
        self.0.push("asked");
        Ok(())
    }
}

#[test]
fn a_policy_is_asked_once_where_a_handle_is_used_inside_its_own_scope() {
    let (ran, asked) = (Ran::new(), Ran::new());
    ran.scope()
        .policy(Count(asked.clone()))
        .run(|| {
            let outer = here();
            airlock::policy(AllowAll).run(|| outer.run(|| note::enqueue(1)))
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(asked.list().len(), 1);
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn a_handle_on_an_outer_scope_enqueues_there() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            let outer = here();
            let failed = airlock::scope().run(|| {
                outer.run(|| note::enqueue(1)).expect("the outer takes it");
                note::enqueue(2).expect("enqueued");
                Err::<(), _>(())
            });
            assert!(failed.expect("nothing to flush").is_err());
        })
        .expect("flushed");
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn a_handle_carries_the_configuration() {
    airlock::configure().limit(1).run(|| {
        airlock::scope()
            .run(|| {
                let scope = here();
                std::thread::scope(|threads| {
                    threads.spawn(|| {
                        scope.run(|| {
                            let inner = airlock::scope().run(|| {
                                quiet::enqueue(1)?;
                                quiet::enqueue(2)
                            });
                            let inner = inner.expect("nothing to flush");
                            assert!(matches!(inner, Err(EnqueueError::Full(_, Bound::Intents(1)))));
                        });
                    });
                });
            })
            .expect("nothing left");
    });
}

#[test]
fn many_threads_fill_one_scope() {
    let ran = Ran::new();
    let run = airlock::scope().executor(ran.collector()).run(|| {
        let scope = here();
        std::thread::scope(|threads| {
            for thread in 0..8 {
                let scope = scope.clone();
                threads.spawn(move || {
                    scope.run(|| (0..500).try_for_each(|n| quiet::enqueue(thread * 1000 + n)))
                });
            }
        });
    });
    run.expect("flushed");
    let list = ran.list();
    assert_eq!(list.len(), 8 * 500);
    // Each thread's own are in its order.
    for thread in 0..8 {
        let own: Vec<u64> =
            list.iter().filter_map(|call| number(call)).filter(|n| n / 1000 == thread).collect();
        assert_eq!(own, (0..500).map(|n| thread * 1000 + n).collect::<Vec<_>>());
    }
}

fn number(call: &str) -> Option<u64> {
    call.strip_prefix("quiet(n: ")?.strip_suffix(')')?.parse().ok()
}

#[test]
fn a_handle_shows_the_scope() {
    airlock::scope()
        .run(|| {
            quiet::enqueue(1)?;
            let scope = here();
            assert_eq!(scope.to_string(), scope.inspect().to_string());
            assert!(scope.to_string().starts_with("scope: 1 own, 0 captured\n"), "{scope}");
            assert_eq!(format!("{scope:?}"), "Handle { .. }");
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
}

#[test]
fn a_handle_can_be_sent_and_shared() {
    fn can<T: Send + Sync + Clone + 'static>() {}
    can::<airlock::Handle>();
}
