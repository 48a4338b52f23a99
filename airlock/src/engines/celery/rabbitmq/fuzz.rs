//! What the fuzzing targets read Celery's messages in RabbitMQ by, and their headers.

use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Map, Value};

use crate::engines::celery::rabbitmq::table;
use crate::engines::celery::received::ReceivedMessage;
use crate::envelope::{Envelope, EnvelopeError};

/// Headers as JSON.
pub fn headers_as_json(headers: &FieldTable) -> Map<String, Value> {
    table::json(headers)
}

/// Headers of JSON; `None` where a name is too long for a header.
pub fn headers_of_json(headers: Map<String, Value>) -> Option<FieldTable> {
    match table::field(Value::Object(headers)) {
        Ok(AMQPValue::FieldTable(headers)) => Some(headers),
        _ => None,
    }
}

/// Reads a message with these headers.
///
/// # Errors
///
/// Why the worker would keep it as a dead letter.
pub fn celery_rabbitmq(
    headers: &FieldTable,
    content_type: &str,
    body: &[u8],
) -> Result<Envelope, EnvelopeError> {
    let headers = table::json(headers);
    let content_type = if content_type.is_empty() { "application/json" } else { content_type };
    let message = ReceivedMessage {
        queue: "celery",
        headers: &headers,
        content_type,
        content_encoding: "utf-8",
        body,
    };
    message.attempt();
    message.envelope()
}
