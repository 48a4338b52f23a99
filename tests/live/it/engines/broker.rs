//! RabbitMQ, asked behind airlock's back.

use lapin::message::Delivery;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::Value;

use crate::servers;

pub(crate) async fn channel() -> Channel {
    let url = servers::amqp_url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    connection.expect("connected").create_channel().await.expect("a channel")
}

/// Declares a durable queue with these arguments.
pub(crate) async fn declare(channel: &Channel, queue: &str, arguments: &[(&str, AMQPValue)]) {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert((*name).into(), value.clone());
    }
    let durable = QueueDeclareOptions::durable();
    channel.queue_declare(queue.into(), durable, table).await.expect("declared");
}

pub(crate) fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}

pub(crate) async fn delete(channel: &Channel, queue: &str) {
    let options = QueueDeleteOptions::default();
    channel.queue_delete(queue.into(), options).await.expect("deleted");
}

pub(crate) async fn count(channel: &Channel, queue: &str) -> u32 {
    let there = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(queue.into(), there, FieldTable::default()).await;
    queue.expect("it is there").message_count()
}

pub(crate) async fn take(channel: &Channel, queue: &str) -> Option<Delivery> {
    let options = BasicGetOptions { no_ack: true };
    channel.basic_get(queue.into(), options).await.expect("answered").map(|got| got.delivery)
}

pub(crate) async fn take_all(channel: &Channel, queue: &str) -> Vec<Value> {
    let mut bodies = Vec::new();
    while let Some(delivery) = take(channel, queue).await {
        bodies.push(serde_json::from_slice(&delivery.data).expect("JSON"));
    }
    bodies
}

pub(crate) async fn publish(
    channel: &Channel,
    queue: &str,
    body: &[u8],
    properties: BasicProperties,
) {
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish("".into(), queue.into(), options, body, properties).await;
    sent.expect("sent").await.expect("answered");
}
