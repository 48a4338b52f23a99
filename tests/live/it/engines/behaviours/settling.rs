//! What an engine does with what it is told of a message.

use std::time::{Duration, Instant};

use airlock::worker::Settlement;
use airlock_live::Engine;

use crate::engines::consumer::{attempts, settled};
use crate::engines::fixture::{Fixture, notes};

pub(crate) async fn what_is_given_back_is_in_its_old_place<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..5)).await;
    let consumer = fixture.open().await;
    let messages = consumer.take(3).await;
    consumer.settle(messages, Settlement::Return).await;
    consumer.close().await;
    let again = fixture.open().await.take(5).await;
    let untried = [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)];
    assert_eq!(attempts(&again), untried, "it was no attempt");
}

pub(crate) async fn what_came_early_waits_and_was_no_attempt<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..3)).await;
    let consumer = fixture.open().await;
    let mut messages = consumer.take(2).await;
    let wait = Duration::from_secs(2);
    let begun = Instant::now();
    let early = Settlement::Retry { after: wait, reason: None };
    let early = settled(messages.split_off(1), &early);
    let returned = settled(messages, &Settlement::Return);
    let both: Vec<_> = returned.into_iter().chain(early).collect();
    consumer.0.settle(&both).await.expect("settled");
    // Told once more, as a worker does that has not heard that it was told.
    consumer.0.settle(&both).await.expect("settled");
    consumer.close().await;

    let other = fixture.open().await;
    assert_eq!(attempts(&other.take(3).await), [(0, 1), (2, 1), (1, 1)]);
    assert!(begun.elapsed() + Duration::from_millis(10) >= wait, "{:?}", begun.elapsed());
}

/// As when the answer to the first time was lost, and the message was delivered again meanwhile.
pub(crate) async fn to_settle_twice_does_nothing_to_the_next_delivery<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes([1])).await;
    let consumer = fixture.open().await;
    let again = Settlement::Retry { after: Duration::ZERO, reason: Some("failed".to_owned()) };
    let first = settled(consumer.take(1).await, &again);
    consumer.0.settle(&first).await.expect("settled");
    let second = consumer.take(1).await;
    assert_eq!(second[0].attempt, 2);
    consumer.0.settle(&first).await.expect("settled once more");
    consumer.nothing_comes().await;
    consumer.settle(second, Settlement::Done).await;
    consumer.close().await;
    assert_eq!(fixture.held().await, 0);
}
