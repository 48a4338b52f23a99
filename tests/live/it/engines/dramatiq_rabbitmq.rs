//! Dramatiq over RabbitMQ.

use airlock::dramatiq::RabbitMq;
use lapin::types::AMQPValue;

use super::broker::{channel, declare, take_all};
use super::fixture::{Fixture, flush, note, notes};
use super::{conforms, dramatiq};
use crate::{servers, unique};

conforms!(server airlock::dramatiq::RabbitMq: sends);

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    dramatiq::python_runs_what_rust_enqueued::<RabbitMq>().await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_them_once_each_and_in_order() {
    dramatiq::python_runs_them_once_each_and_in_order::<RabbitMq>().await;
}

async fn numbers_in(queue: &str) -> Vec<u64> {
    let messages = take_all(&channel().await, queue).await;
    let number =
        |message: &serde_json::Value| message["kwargs"]["number"].as_u64().expect("a number");
    messages.iter().map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_of_one_flush_arrive_once_each_and_in_order() {
    let fixture = Fixture::<RabbitMq>::new().await;
    assert_eq!(fixture.send(notes(0..10_000)).await.dispatched(), 10_000);
    assert!(numbers_in(fixture.queue()).await.into_iter().eq(0..10_000));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn priorities_are_those_of_the_queue() {
    let queue = unique::name("dramatiq");
    let most = [("x-max-priority", AMQPValue::ShortShortUInt(10))];
    declare(&channel().await, &queue, &most).await;
    let dramatiq = RabbitMq::connect(&servers::amqp_url()).await.expect("connected");
    let dramatiq = dramatiq.queue(&queue).max_priority(10);
    let intents =
        [0, 255, 128].map(|priority| note::intent(u64::from(priority)).priority(priority));
    flush(&dramatiq, intents).await.expect("flushed");
    assert_eq!(numbers_in(&queue).await, [255, 128, 0]);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_has_no_queue_is_handed_back() {
    let missing = unique::name("missing");
    let dramatiq = RabbitMq::connect(&servers::amqp_url()).await.expect("connected");
    let error = flush(&dramatiq.queue(&missing), notes([1])).await.expect_err("no queue");
    assert!(error.to_string().contains(&format!("has no queue `{missing}`")), "{error}");
    assert_eq!(error.into_intents().len(), 1);
}
