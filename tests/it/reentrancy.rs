//! Code of the user that airlock calls may itself use airlock: arguments that are shown, copied or
//! dropped, policies that go.

use std::fmt;

use airlock::EnqueueError;

use crate::support::{block_on, quiet, unless_it_hangs, yield_once};

/// Uses airlock wherever it is called.
struct Nosy;

fn use_airlock() {
    let scope = airlock::current();
    drop(scope.map(|scope| scope.inspect()));
    let _refused_or_not = quiet::enqueue(1);
    airlock::scope().run(|| ()).expect("nothing to flush");
}

impl fmt::Debug for Nosy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use_airlock();
        f.write_str("Nosy")
    }
}

impl Clone for Nosy {
    fn clone(&self) -> Self {
        use_airlock();
        Self
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        // A second panic would end the process, and hide the first.
        if !std::thread::panicking() {
            use_airlock();
        }
    }
}

#[airlock::task(local)]
fn pry(nosy: Nosy) {
    drop(nosy);
}

#[test]
fn an_argument_that_is_refused_outside_a_scope_may_use_airlock() {
    assert!(matches!(pry::enqueue(Nosy), Err(EnqueueError::NoScope(_))));
}

#[test]
fn an_argument_that_a_full_scope_refuses_may_use_airlock() {
    airlock::scope()
        .limit(0)
        .run(|| assert!(matches!(pry::enqueue(Nosy), Err(EnqueueError::Full(..)))))
        .expect("nothing to flush");
}

#[test]
fn an_argument_that_a_full_shared_scope_refuses_may_use_airlock() {
    unless_it_hangs(|| {
        airlock::scope()
            .limit(0)
            .run(|| {
                let _shared = airlock::current().expect("inside");
                assert!(matches!(pry::enqueue(Nosy), Err(EnqueueError::Full(..))));
            })
            .expect("nothing to flush");
    });
}

#[test]
fn an_argument_that_a_closed_scope_refuses_may_use_airlock() {
    unless_it_hangs(|| {
        let mut kept = None;
        airlock::scope().run(|| kept = airlock::current()).expect("nothing to flush");
        let closed = kept.expect("kept").run(|| pry::enqueue(Nosy));
        assert!(matches!(closed, Err(EnqueueError::Closed(_))));
    });
}

#[test]
fn an_argument_that_is_inspected_through_a_handle_may_use_airlock() {
    unless_it_hangs(|| {
        airlock::scope()
            .run(|| {
                pry::enqueue(Nosy).expect("enqueued");
                let shared = airlock::current().expect("inside");
                assert_eq!(shared.inspect().own().len(), 1);
            })
            .expect("flushed");
    });
}

#[test]
fn an_argument_that_is_refused_by_a_policy_may_use_airlock() {
    airlock::scope()
        .policy(airlock::AssertNoEffects)
        .run(|| assert!(matches!(pry::enqueue(Nosy), Err(EnqueueError::Refused(..)))))
        .expect("nothing to flush");
}

#[test]
fn an_argument_that_is_flushed_discarded_or_dropped_may_use_airlock() {
    let (_, sealed) = airlock::scope().seal(|| pry::enqueue(Nosy));
    assert_eq!(sealed.inspect().own().len(), 1);
    sealed.discard();
    airlock::scope()
        .policy(airlock::DropAll)
        .run(|| pry::enqueue(Nosy))
        .expect("flushed")
        .expect("enqueued");
    airlock::scope().run(|| pry::enqueue(Nosy)).expect("flushed").expect("enqueued");
    crate::support::panic_of(|| {
        airlock::scope().run(|| {
            pry::enqueue(Nosy).expect("enqueued");
            crate::support::explode("inside");
        })
    });
}

impl airlock::Policy for Nosy {}

#[test]
fn a_policy_may_use_airlock_when_it_goes() {
    airlock::scope().policy(Nosy).run(|| quiet::enqueue(1)).expect("flushed").expect("enqueued");
    airlock::scope()
        .run(|| {
            airlock::policy(Nosy).run(|| ());
            airlock::scope().policy(Nosy).run(|| ()).expect("nothing to flush");
        })
        .expect("nothing to flush");
    airlock::configure()
        .policy(Nosy)
        .run(|| airlock::scope().run(|| ()))
        .expect("nothing to flush");
    block_on(airlock::policy(Nosy).run_async(yield_once()));
}

/// The future is first polled under a policy that is gone when it is polled again.
#[test]
fn a_policy_that_only_a_future_remembers_may_use_airlock_when_it_goes() {
    let mut run = Box::pin(airlock::scope().run_async(async {
        yield_once().await;
        quiet::enqueue(1)
    }));
    airlock::policy(Nosy).run(|| {
        assert!(futures::FutureExt::now_or_never(&mut run).is_none());
    });
    block_on(run).expect("flushed").expect("enqueued");
}
