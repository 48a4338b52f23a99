//! One of many messages is larger than RabbitMQ takes, or a connection may have fewer channels than flushes want.

use airlock::Intent;
use airlock_live::{Sender, ship};
use futures_util::future::join_all;

use crate::faults::{Flushed, Place, flush, on, tell};

/// Something with a text of any length.
#[airlock::task(name = "live.large")]
fn large(order_id: u64, text: String) {
    drop((order_id, text));
}

/// Ten, of which these are of so many bytes.
fn ten(large_ones: &[u64], bytes: usize) -> impl Iterator<Item = Intent> {
    (1..=10).map(move |order| {
        let bytes = if large_ones.contains(&order) { bytes } else { 10 };
        large::intent(order, "x".repeat(bytes))
    })
}

/// Sets what the broker is asked for when a channel or a connection is made.
fn set(place: &Place, name: &str, value: usize) {
    let set = format!("application:set_env(rabbit, {name}, {value}).");
    place.server().rabbitmqctl(&["eval", &set]);
}

fn orders_of(flushed: &Flushed) -> Vec<u64> {
    let order = |intent: &Intent| intent.arguments()["order_id"].as_u64().expect("an order");
    flushed.handed_back.iter().map(order).collect()
}

/// Nothing is in flight with a message that is larger than any before, so it is handed back alone. The broker allows one
/// channel, and the client opens none again by the number of one that the broker has closed.
async fn a_large_one<S: Sender>() {
    let place = Place::own::<S>();
    set(&place, "max_message_size", 100_000);
    set(&place, "channel_max", 1);
    let sender = place.open::<S>().await;
    let mut left = 0;
    for _ in 0..2 {
        let flushed = flush(&sender, ten(&[5, 6, 9], 200_000)).await;
        let said = flushed.error();
        assert_eq!(orders_of(&flushed), [5, 6, 9], "{said}");
        assert!(said.contains("takes messages of at most 100000 bytes"), "{said}");
        left += flushed.report.dispatched();
    }
    set(&place, "channel_max", 2_047);
    assert_eq!(place.held(&sender).await, 14);
    tell::<S>("three messages of ten too large", format_args!("20 enqueued, {left} left"));
}

/// Of small ones many are in flight. Those behind the one that is too large leave, and those before it may have.
async fn a_small_limit<S: Sender>() {
    let place = Place::own::<S>();
    set(&place, "max_message_size", 2_000);
    let sender = place.open::<S>().await;
    let flushed = flush(&sender, ten(&[5], 4_000)).await;
    let (left, back) = (flushed.dispatched(), orders_of(&flushed));
    assert!((6..=10).all(|order| left.contains(&order)), "those behind left: {left:?}");
    assert!(back.contains(&5) && back.iter().all(|order| *order <= 5), "{back:?}");
    let held = place.held(&sender).await;
    assert!((left.len() as u64..10).contains(&held), "{held} are there, and {left:?} left");
    let line =
        format_args!("10 enqueued, {} left, {} handed back, {held} there", left.len(), back.len());
    tell::<S>("one message over a small limit", line);
}

/// More flushes at once than there may be channels wait for one.
async fn few_channels<S: Sender>() {
    const FLUSHES: u64 = 40;
    let place = Place::own::<S>();
    set(&place, "channel_max", 2);
    let sender = place.open::<S>().await;
    let at_once = (0..FLUSHES).map(|_| flush(&sender, (1..=25).map(ship::intent)));
    let flushed = join_all(at_once).await;
    flushed.iter().for_each(Flushed::all_left);
    // Whoever counts asks on a channel for each queue.
    set(&place, "channel_max", 2_047);
    let held = place.held(&sender).await;
    assert_eq!(held, FLUSHES * 25);
    tell::<S>("a `channel_max` of 2", format_args!("{FLUSHES} flushes at once, {held} left"));
}

mod large_one {
    use super::*;

    on!(a_large_one: celery_rabbitmq, dramatiq_rabbitmq);
}

mod small_limit {
    use super::*;

    on!(a_small_limit: celery_rabbitmq, dramatiq_rabbitmq);
}

mod channels {
    use super::*;

    on!(few_channels: celery_rabbitmq, dramatiq_rabbitmq);
}
