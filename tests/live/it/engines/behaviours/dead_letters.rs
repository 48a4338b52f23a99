//! Dead letters are listed, found, retried and removed.

use airlock::worker::Settlement;
use airlock_live::Engine;

use crate::engines::consumer::attempts;
use crate::engines::fixture::{Fixture, notes};
use crate::unique;

/// A queue of four dead letters, the oldest first, and of one message to be run.
async fn four_letters<E: Engine>() -> Fixture<E> {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..5)).await;
    let consumer = fixture.open().await;
    for number in 0..4 {
        let messages = consumer.take(1).await;
        consumer.settle(messages, Settlement::Dead { reason: format!("reason {number}") }).await;
    }
    consumer.close().await;
    fixture
}

pub(crate) async fn dead_letters_are_listed_by_age_and_found<E: Engine>() {
    let fixture = four_letters::<E>().await;
    let engine = &fixture.engine;
    let letters = fixture.letters().await;
    let reasons: Vec<_> = letters.iter().map(|letter| &*letter.reason).collect();
    assert_eq!(reasons, ["reason 0", "reason 1", "reason 2", "reason 3"]);
    assert!(letters.is_sorted_by_key(|letter| letter.since));
    assert!(letters.iter().all(|letter| letter.task.as_deref() == Some("engines.note")));
    // However often one looks.
    for _ in 0..2 {
        assert_eq!(engine.list(2).await.expect("listed"), letters[..2]);
    }
    assert_eq!(engine.list(10).await.expect("listed"), letters);
    assert_eq!(engine.find(&letters[1].id).await.expect("asked").as_ref(), Some(&letters[1]));
    for nobody in ["", "12345", "nobody"] {
        assert_eq!(engine.find(nobody).await.expect("asked"), None);
    }

    // The other queue has never had a dead letter.
    let other = unique::name("engines");
    let both = engine.clone().serving(&[&other, fixture.queue()]);
    assert_eq!(both.list(10).await.expect("listed"), letters);
    let others = engine.clone().serving(&[&other]);
    assert_eq!(others.list(10).await.expect("listed"), []);
    assert_eq!(others.find(&letters[1].id).await.expect("asked"), None);
    assert!(!others.retry(&letters[1].id).await.expect("asked"));
    assert!(!others.remove(&letters[1].id).await.expect("asked"));
}

pub(crate) async fn dead_letters_are_retried_and_removed_once<E: Engine>() {
    let fixture = four_letters::<E>().await;
    let engine = &fixture.engine;
    let letters = fixture.letters().await;
    assert!(engine.retry(&letters[1].id).await.expect("retried"));
    assert!(!engine.retry(&letters[1].id).await.expect("asked"), "it is none any more");
    assert!(engine.remove(&letters[2].id).await.expect("removed"));
    assert!(!engine.remove(&letters[2].id).await.expect("asked"));
    assert_eq!(engine.find(&letters[2].id).await.expect("asked"), None);
    let left = fixture.letters().await;
    assert_eq!(left, [letters[0].clone(), letters[3].clone()]);

    let consumer = fixture.open().await;
    let messages = consumer.take(2).await;
    let mut attempts = attempts(&messages);
    attempts.sort_unstable();
    assert_eq!(attempts, [(1, 1), (4, 1)], "as new");
    consumer.settle(messages, Settlement::Done).await;
    consumer.close().await;
    assert_eq!(fixture.letters().await, left);
    for letter in left {
        assert!(engine.remove(&letter.id).await.expect("removed"));
    }
    assert_eq!(fixture.letters().await, []);
}
