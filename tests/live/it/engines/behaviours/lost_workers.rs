//! Workers that take messages and never say what became of them.

use airlock::worker::Settlement;
use airlock_live::{Engine, LOST_AFTER};

use crate::engines::consumer::numbers;
use crate::engines::fixture::{Fixture, long, notes};

/// It was killed, settles nothing and says nothing more.
pub(crate) async fn what_a_lost_worker_held_is_taken_over_in_order<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..100)).await;
    let lost = fixture.open().await;
    assert_eq!(lost.take(60).await.len(), 60);
    drop(lost);

    let other = fixture.open().await;
    let taken = other.take(100).await;
    assert!(taken.iter().all(|message| message.attempt == 1), "what only waited was not tried");
    let taken_over: Vec<_> = numbers(&taken).into_iter().filter(|number| *number < 60).collect();
    assert!(taken_over.is_sorted(), "{taken_over:?}");
    other.settle(taken, Settlement::Done).await;
    other.close().await;
    assert_eq!(fixture.held().await, 0);
}

pub(crate) async fn what_a_living_worker_holds_is_left_to_it<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes([1])).await;
    let (holder, other) = (fixture.open().await, fixture.open().await);
    let messages = holder.take(1).await;
    tokio::join!(holder.live_for(2 * LOST_AFTER), other.live_for(2 * LOST_AFTER));
    other.nothing_comes().await;
    holder.settle(messages, Settlement::Done).await;
    holder.close().await;
    other.close().await;
    assert_eq!(fixture.held().await, 0);
}

/// Its worker gives signs of life beside it, and another one waits for it to be lost.
pub(crate) async fn a_long_task_is_left_to_its_worker<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([long::intent(1, 2 * LOST_AFTER.as_secs() * 1_000)]).await;
    let is_done = async || fixture.held().await == 0;
    let (one, other) = tokio::join!(fixture.serve(is_done), fixture.serve(is_done));
    assert_eq!((one.done + other.done, fixture.runs.count()), (1, 1));
}

pub(crate) async fn what_is_settled_too_late_changes_nothing<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes([1])).await;
    let (late, other) = (fixture.open().await, fixture.open().await);
    let messages = late.take(1).await;
    if !E::LEASES {
        other.live_for(2 * LOST_AFTER).await;
        other.nothing_comes().await;
        late.settle(messages, Settlement::Done).await;
        return;
    }
    let taken_over = other.take(1).await;
    late.settle(messages, Settlement::Dead { reason: "too late".to_owned() }).await;
    assert!(fixture.engine.list(1).await.expect("listed").is_empty());
    other.settle(taken_over, Settlement::Return).await;
    other.close().await;
    assert_eq!(fixture.drain(1).await, [1]);
}
