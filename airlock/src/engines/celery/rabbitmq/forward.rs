//! A message that goes on to another queue.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde_json::Value;
use uuid::Uuid;

use crate::core::cut::shortened;
use crate::core::task::called::BoxError;
use crate::engines::celery::headers::{CUT, POLICIES, REASON};
use crate::engines::celery::rabbitmq::table;
use crate::engines::shared::rabbitmq::{NewDelivery, short, size};

/// The message for another queue, with these headers set. Its properties take at most so much `room`.
pub(super) fn forward(
    delivery: &Delivery,
    queue: ShortString,
    set: impl IntoIterator<Item = (&'static str, Value)>,
    room: usize,
) -> Result<NewDelivery, BoxError> {
    let mut headers = own_headers(&delivery.properties);
    for (name, value) in set {
        headers.insert(name.into(), table::field(value)?);
    }
    let old = &delivery.properties;
    let id = message_id(old).unwrap_or_else(|| Uuid::now_v7().to_string());
    // Everything but `expiration`, which bounds a message's life in one queue: a dead letter would vanish.
    // The headers say when the task expires.
    let mut new = BasicProperties::default()
        .with_delivery_mode(2)
        .with_message_id(short("id", &id)?)
        .with_headers(headers);
    if let Some(content_type) = old.content_type() {
        new = new.with_content_type(content_type.clone());
    }
    if let Some(encoding) = old.content_encoding() {
        new = new.with_content_encoding(encoding.clone());
    }
    if let Some(correlation_id) = old.correlation_id() {
        new = new.with_correlation_id(correlation_id.clone());
    }
    if let Some(reply_to) = old.reply_to() {
        new = new.with_reply_to(reply_to.clone());
    }
    if let Some(priority) = old.priority() {
        new = new.with_priority(*priority);
    }
    Ok(NewDelivery { queue, body: delivery.data.clone(), properties: fitting(new, room) })
}

/// Properties that fit into a frame. A sender may fill a frame with headers, and here some are added: what has no room
/// is cut, and named.
fn fitting(properties: BasicProperties, room: usize) -> BasicProperties {
    /// How much of a reason is left at least, and how much of the names of what was cut.
    const LEAST: usize = 256;
    let over = |headers: &FieldTable| {
        size::of_properties(&properties.clone().with_headers(headers.clone())).checked_sub(room + 1)
    };
    let mut headers = properties.headers().clone().unwrap_or_default();
    if over(&headers).is_none() {
        return properties;
    }
    if let Some(AMQPValue::LongString(reason)) = headers.inner().get(REASON) {
        let reason = shortened(reason.to_string(), LEAST);
        headers.insert(REASON.into(), AMQPValue::LongString(reason.into()));
    }
    let mut cut = Vec::new();
    while over(&headers).is_some() {
        // Without its policies it would run wider.
        let candidates = headers.inner().iter().filter(|(name, _)| name.as_str() != POLICIES);
        let largest = candidates.max_by_key(|(name, value)| {
            (!is_needed(name.as_str()), size::of_value(value) + name.as_str().len())
        });
        let Some(name) = largest.map(|(name, _)| name.clone()) else { break };
        cut.push(name.to_string());
        headers = headers.inner().iter().filter(|(other, _)| **other != name).fold(
            FieldTable::default(),
            |mut left, (name, value)| {
                left.insert(name.clone(), value.clone());
                left
            },
        );
        let named = shortened(cut.join(", "), LEAST);
        headers.insert(CUT.into(), AMQPValue::LongString(named.into()));
    }
    properties.with_headers(headers)
}

/// Whether a worker reads the header.
fn is_needed(name: &str) -> bool {
    let read = ["task", "lang", "id", "retries", "eta", "expires", "timelimit"];
    read.contains(&name) || name.starts_with("airlock-")
}

/// The message's id; Celery writes it as the correlation id.
pub(super) fn message_id(properties: &BasicProperties) -> Option<String> {
    let id = properties.message_id().as_ref().or(properties.correlation_id().as_ref());
    id.map(ToString::to_string)
}

/// The headers without those that the broker adds on a message's way through its queues.
pub(super) fn own_headers(properties: &BasicProperties) -> FieldTable {
    let mut own = FieldTable::default();
    for (name, value) in properties.headers().iter().flatten() {
        let of_broker = ["x-death", "x-delivery-count"].contains(&name.as_str())
            || name.as_str().starts_with("x-first-death-");
        if !of_broker {
            own.insert(name.clone(), value.clone());
        }
    }
    own
}
