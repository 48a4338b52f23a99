//! Of the tasks of one unique key there is one at a time.

use std::time::Duration;

use airlock::Intent;
use airlock::worker::Settlement;
use airlock_live::{Engine, KeyScope, RetriedKey};

use super::options::refuses;
use crate::engines::fixture::{Fixture, flush, note};
use crate::unique;

/// An intent of the key that only this test has.
fn keyed<E>(fixture: &Fixture<E>) -> impl Fn(u64) -> Intent
where
    E: Engine,
{
    let key = fixture.queue().to_owned();
    move |number| note::intent(number).unique_key(key.clone())
}

pub(crate) async fn a_unique_key_is_held_until_its_task_is_done<E: Engine>() {
    if refuses::<E>("unique_key").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    let one = keyed(&fixture);
    // Of two in a batch the second is left out, and the ones around it are not.
    let intents = [note::intent(0), one(1), one(2), note::intent(3)];
    assert_eq!(fixture.counts(intents).await, (3, 1));
    assert_eq!(fixture.counts([one(4), note::intent(5)]).await, (1, 1), "one is in the queue");

    let consumer = fixture.open().await;
    let messages = consumer.take(4).await;
    assert_eq!(fixture.counts([one(6)]).await, (0, 1), "a worker has it");
    let other = fixture.open().await;
    other.nothing_comes().await;
    other.close().await;
    consumer.settle(messages, Settlement::Done).await;
    assert_eq!(fixture.counts([one(7), one(8)]).await, (1, 1), "it was done");
    consumer.close().await;
    assert_eq!(fixture.drain(1).await, [7]);
}

pub(crate) async fn a_unique_key_is_held_until_its_task_is_given_up<E: Engine>() {
    if refuses::<E>("unique_key").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    let one = keyed(&fixture);
    fixture.send([one(1)]).await;
    let consumer = fixture.open().await;
    let messages = consumer.take(1).await;
    let wait = Duration::from_secs(1);
    let again = Settlement::Retry { after: wait, reason: Some("not yet".to_owned()) };
    consumer.settle(messages, again).await;
    assert_eq!(fixture.counts([one(2)]).await, (0, 1), "it waits to be tried again");
    let messages = consumer.take(1).await;
    consumer.settle(messages, Settlement::Dead { reason: "never".to_owned() }).await;
    consumer.close().await;
    assert_eq!(fixture.counts([one(3)]).await, (1, 0), "a dead letter holds no key");
}

pub(crate) async fn a_retried_dead_letter_and_its_unique_key<E: Engine>() {
    if refuses::<E>("unique_key").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    let one = keyed(&fixture);
    let retry = async || fixture.engine.retry(&fixture.letter().await.id).await;
    fixture.send([one(1)]).await;
    fixture.give_up("given up").await;

    // Another one holds the key meanwhile.
    fixture.send([one(2)]).await;
    let retried = retry().await;
    if E::RETRIED_KEY == RetriedKey::Required {
        let said = retried.expect_err("the key is held").to_string();
        assert!(said.contains("unique key"), "{said}");
        assert_eq!(fixture.letters().await.len(), 1, "the letter stays");
        assert_eq!(fixture.drain(1).await, [2]);
    } else {
        assert!(retried.expect("retried"));
        assert_eq!(fixture.drain(2).await, [2, 1]);
        fixture.send([one(1)]).await;
        fixture.give_up("given up").await;
    }

    // The key is free.
    assert!(retry().await.expect("retried"));
    let taken = (0, 1);
    let free = (1, 0);
    let expected = if E::RETRIED_KEY == RetriedKey::Dropped { free } else { taken };
    assert_eq!(fixture.counts([one(3)]).await, expected);
    fixture.drain(1 + expected.0).await;
    assert_eq!(fixture.counts([one(4)]).await, free, "it was done");
}

pub(crate) async fn an_empty_unique_key_is_one<E: Engine>() {
    if refuses::<E>("unique_key").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    let keyed = |number| note::intent(number).unique_key("");
    assert_eq!(fixture.counts([keyed(1), note::intent(2), keyed(3)]).await, (2, 1));
    fixture.give_up("given up").await;
    assert!(fixture.engine.retry(&fixture.letter().await.id).await.expect("retried"));
    assert_eq!(fixture.drain(2).await.len(), 2);
    assert_eq!(fixture.counts([keyed(4), keyed(5)]).await, (1, 1));
    assert_eq!(fixture.drain(1).await, [4]);
}

pub(crate) async fn a_unique_key_is_one_of_its_queue_or_of_all<E: Engine>() {
    if refuses::<E>("unique_key").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    let other = Fixture::<E>::at(fixture.place.beside()).await;
    let one = keyed(&fixture);
    let elsewhere = |number| one(number).queue(other.queue().to_owned());
    let sent = fixture.counts([one(1), elsewhere(2), one(3), elsewhere(4)]).await;
    if E::KEY_SCOPE == KeyScope::AllQueues {
        assert_eq!(sent, (1, 3));
        return;
    }
    assert_eq!(sent, (2, 2));
    assert_eq!(fixture.drain(1).await, [1]);
    let sent = fixture.counts([one(5), elsewhere(6)]).await;
    assert_eq!(sent, (1, 1), "what is done in one queue sets nothing free in another");
}

/// Two flushes of the same keys in opposite orders, many times at once.
pub(crate) async fn flushes_of_the_same_keys_do_not_dead_lock<E: Engine>() {
    if refuses::<E>("unique_key").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    let prefix = unique::name("key");
    let keyed = |number: u64| note::intent(number).unique_key(format!("{prefix} {number}"));
    let flushes: Vec<_> = (0..16)
        .map(|turn| {
            let engine = fixture.engine.clone();
            let mut intents: Vec<_> = (0..300).map(keyed).collect();
            if turn % 2 == 1 {
                intents.reverse();
            }
            tokio::spawn(async move { flush(&engine, intents).await.expect("flushed") })
        })
        .collect();
    let mut dispatched = 0;
    for flushed in flushes {
        dispatched += flushed.await.expect("no panic").dispatched();
    }
    assert_eq!((dispatched, fixture.held().await), (300, 300));
}
