//! A scope holds so many intents and no more.

use airlock::{Bound, EnqueueError};

use crate::support::{Ran, block_on, note, quiet};

#[test]
fn a_full_scope_refuses_and_says_what_to_write() {
    let ran = Ran::new();
    ran.scope()
        .limit(2)
        .run(|| {
            note::enqueue(1)?;
            note::enqueue(2)?;
            let error = note::enqueue(3).expect_err("it is full");
            assert!(matches!(error, EnqueueError::Full(_, Bound::Intents(2))));
            let text = error.to_string();
            assert!(
                text.contains("its limit of 2 intents") && text.contains("`.limit(…)`"),
                "{text}"
            );
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2"]);
}

#[test]
fn a_limit_of_nothing_takes_nothing() {
    let result = airlock::scope().limit(0).run(|| quiet::enqueue(1));
    assert!(matches!(
        result.expect("nothing to flush"),
        Err(EnqueueError::Full(_, Bound::Intents(0)))
    ));
}

#[test]
fn the_limit_holds_across_polls_policies_and_handles() {
    let run = airlock::scope().limit(3).run_async(async {
        quiet::enqueue(1)?;
        crate::support::yield_once().await;
        airlock::policy(airlock::AllowAll).run(|| quiet::enqueue(2))?;
        let scope = airlock::current().expect("inside");
        std::thread::scope(|threads| {
            threads.spawn(|| scope.run(|| quiet::enqueue(3))).join().expect("no panic")
        })?;
        assert!(matches!(quiet::enqueue(4), Err(EnqueueError::Full(_, Bound::Intents(3)))));
        Ok::<_, EnqueueError>(())
    });
    block_on(run).expect("flushed").expect("enqueued");
}

#[test]
fn what_was_captured_counts() {
    let result = airlock::scope().limit(2).run(|| {
        airlock::scope().run(|| (0..2).try_for_each(quiet::enqueue)).expect("captured")?;
        assert!(matches!(quiet::enqueue(3), Err(EnqueueError::Full(_, Bound::Intents(2)))));
        Ok::<_, EnqueueError>(())
    });
    result.expect("flushed").expect("enqueued");
}

#[test]
fn a_scopes_own_limit_comes_before_the_configured_one() {
    airlock::configure().limit(1).run(|| {
        let result = airlock::scope().run(|| quiet::enqueue(1).and_then(|()| quiet::enqueue(2)));
        assert!(matches!(
            result.expect("nothing to flush"),
            Err(EnqueueError::Full(_, Bound::Intents(1)))
        ));
        let result =
            airlock::scope().limit(2).run(|| quiet::enqueue(1).and_then(|()| quiet::enqueue(2)));
        result.expect("flushed").expect("enqueued");
    });
}
