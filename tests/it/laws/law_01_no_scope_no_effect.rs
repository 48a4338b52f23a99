//! Law 1: **No scope, no effect.** Enqueuing outside a scope is an error (`NoScope`), never an immediate run.

use airlock::{DropAll, EnqueueError};

use crate::support::{Ran, block_on, note, quiet};

#[test]
fn an_enqueue_outside_a_scope_is_an_error_and_runs_nothing() {
    let line = line!() + 1;
    let error = quiet::enqueue(7).expect_err("there is no scope");
    assert!(matches!(error, EnqueueError::NoScope(_)));
    assert!(std::ptr::eq(error.task(), quiet::intent(7).task()));
    assert_eq!(error.arguments(), "n: 7");
    assert_eq!((error.origin().file(), error.origin().line()), (file!(), line));
    let text = error.to_string();
    assert!(
        text.starts_with("`it::support::quiet(n: 7)` was enqueued outside any scope"),
        "{text}"
    );
    assert!(
        text.contains("airlock::scope().run(") && text.contains("#[airlock::scoped]"),
        "{text}"
    );
    assert!(text.ends_with(&format!("({})", error.origin())), "{text}");
    assert_eq!(format!("{error:?}"), text);
}

#[test]
fn it_holds_after_a_scope_and_under_a_local_policy_alone() {
    airlock::scope().run(|| ()).expect("nothing to flush");
    assert!(matches!(quiet::enqueue(1), Err(EnqueueError::NoScope(_))));
    let alone = airlock::policy(DropAll).run(|| quiet::enqueue(1));
    assert!(matches!(alone, Err(EnqueueError::NoScope(_))));
    let configured = airlock::configure().limit(3).run(|| quiet::enqueue(1));
    assert!(matches!(configured, Err(EnqueueError::NoScope(_))));
}

#[test]
fn it_holds_between_two_polls_of_a_scoped_future() {
    let ran = Ran::new();
    let mut future = Box::pin(ran.scope().run_async(async {
        note::enqueue(1)?;
        crate::support::yield_once().await;
        note::enqueue(2)
    }));
    assert!(futures::FutureExt::now_or_never(&mut future).is_none());
    assert!(matches!(note::enqueue(9), Err(EnqueueError::NoScope(_))));
    assert!(airlock::current().is_none());
    block_on(future).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2"]);
}

#[test]
fn a_scope_on_a_thread_that_is_being_torn_down_is_none() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            airlock::scope()
                .run(|| assert!(quiet::enqueue(1).is_err(), "nothing is current any more"))
                .expect("nothing to flush");
        }
    }
    thread_local!(static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) });
    let thread = std::thread::spawn(|| {
        LATE.with(|late| *late.borrow_mut() = Some(Late));
        // Made later, so torn down earlier.
        airlock::scope().run(|| quiet::enqueue(1)).expect("flushed").expect("enqueued");
    });
    thread.join().expect("no panic");
}
