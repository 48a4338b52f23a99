//! What nested scopes, handles and futures hold counts as well.

use airlock::DropAll;

use super::counting::pair;
use super::{assert_full, letters, within};

#[test]
fn what_nested_scopes_hold_counts() {
    let (enqueued, sealed) = within(1_000).policy(DropAll).seal(|| {
        airlock::scope().run(|| letters(1)).expect("it is captured")?;
        let (full, nested) = airlock::scope().seal(|| letters(2));
        assert_full(&full, 1_000);
        nested.flush().expect("it is captured");
        letters(1)
    });
    assert_full(&enqueued, 1_000);
    assert_eq!(sealed.flush().expect("nothing runs").dropped(), 2);
}

#[test]
fn what_a_nested_scope_discards_leaves_its_room() {
    let (enqueued, sealed) = within(1_000).seal(|| {
        let (full, nested) = airlock::scope().seal(|| letters(2));
        full.expect("there is room");
        nested.discard();
        letters(2)
    });
    enqueued.expect("there is room again");
    sealed.discard();
}

#[test]
fn what_a_scope_around_keeps_counts_and_what_it_releases_does_not() {
    let outer = within(1_000).release(|intent| intent.is_same(&pair::intent(1, 1)));
    let (enqueued, sealed) = outer.seal(|| {
        let mixed = || letters(1).and_then(|()| pair::enqueue(1, 1));
        airlock::scope().run(mixed).expect("one is kept")?;
        letters(1)?;
        letters(1)
    });
    assert_full(&enqueued, 1_000);
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn what_comes_through_a_handle_counts() {
    let (enqueued, sealed) = within(1_000).seal(|| {
        letters(1)?;
        let scope = airlock::current().expect("inside");
        let elsewhere = move || scope.run(|| airlock::Success(letters(2)));
        let full = std::thread::spawn(elsewhere).join().expect("no panic");
        assert_full(&full.0, 1_000);
        letters(1)
    });
    assert_full(&enqueued, 1_000);
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn a_scope_that_was_flushed_leaves_nothing_to_the_next_on_its_thread() {
    for _ in 0..3 {
        let (enqueued, sealed) = within(1_000).seal(|| letters(2));
        enqueued.expect("there is room");
        assert_eq!(sealed.flush().expect("they run").dispatched(), 2);
        airlock::scope().run(|| letters(2)).expect("they run").expect("there is room");
    }
}

#[tokio::test]
async fn the_scope_of_a_future_counts_from_poll_to_poll() {
    let body = async {
        letters(1)?;
        tokio::task::yield_now().await;
        letters(1)?;
        tokio::task::yield_now().await;
        letters(1)
    };
    let (written, sealed) = within(1_000).seal_async(body).await;
    assert_full(&written, 1_000);
    assert_eq!(sealed.flush_async().await.expect("they run").dispatched(), 2);
}
