//! A message as it lies in a list: JSON around the body.
//!
//! Source: `kombu/transport/virtual/base.py`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::core::intent::Intent;
use crate::core::task::called::BoxError;
use crate::engines::celery::sent::{self, Headers};
use crate::envelope::{Envelope, EnvelopeError};

#[derive(Serialize)]
struct NewMessage<'a> {
    body: String,
    #[serde(rename = "content-type")]
    content_type: &'static str,
    #[serde(rename = "content-encoding")]
    content_encoding: &'static str,
    headers: Headers<'a>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Properties<'a> {
    correlation_id: Uuid,
    delivery_mode: u8,
    priority: u8,
    body_encoding: &'static str,
    delivery_tag: Uuid,
    /// Without it Celery's worker loses the message.
    delivery_info: DeliveryInfo<'a>,
}

#[derive(Serialize)]
struct DeliveryInfo<'a> {
    exchange: &'static str,
    routing_key: &'a str,
}

/// Writes a new message.
pub(super) fn write(
    json: &mut Vec<u8>,
    intent: &Intent,
    envelope: &Envelope,
    positional: bool,
    queue: &str,
    step: u8,
) -> Result<(), BoxError> {
    let body = BASE64_STANDARD.encode(sent::body(intent, envelope, positional)?);
    let message = NewMessage {
        body,
        content_type: "application/json",
        content_encoding: "utf-8",
        headers: Headers::of(intent, envelope, positional),
        properties: Properties {
            correlation_id: envelope.id(),
            delivery_mode: 2,
            priority: step,
            body_encoding: "base64",
            delivery_tag: envelope.id(),
            delivery_info: DeliveryInfo { exchange: "", routing_key: queue },
        },
    };
    Ok(serde_json::to_writer(json, &message)?)
}

/// A message in a list, as far as it can be read.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredMessage {
    pub(super) whole: Map<String, Value>,
    pub(super) headers: Map<String, Value>,
    pub(super) body: Vec<u8>,
}

impl StoredMessage {
    /// Twice that of an envelope: in base64 a body is a third longer, and there are headers.
    const MAX_BYTES: usize = 2 * Envelope::MAX_BYTES;

    /// Refuses a message that is too long to be read.
    pub(super) fn check_size(raw: &[u8]) -> Result<(), EnvelopeError> {
        if raw.len() <= Self::MAX_BYTES {
            return Ok(());
        }
        Err(EnvelopeError::new(format!(
            "it is {} bytes long with its headers, and at most {} are read",
            raw.len(),
            Self::MAX_BYTES
        )))
    }

    pub(super) fn of(raw: &[u8]) -> Self {
        if raw.len() > Self::MAX_BYTES {
            return Self::default();
        }
        let Ok(whole) = serde_json::from_slice::<Map<String, Value>>(raw) else {
            return Self::default();
        };
        let headers = whole.get("headers").and_then(Value::as_object).cloned().unwrap_or_default();
        let body = whole.get("body").and_then(Value::as_str).unwrap_or_default();
        let encoding =
            whole.get("properties").and_then(|properties| properties.get("body_encoding"));
        let body = match encoding.and_then(Value::as_str) {
            Some("base64") => BASE64_STANDARD.decode(body).unwrap_or_default(),
            _ => body.as_bytes().to_vec(),
        };
        Self { whole, headers, body }
    }

    pub(super) fn text(&self, field: &str) -> &str {
        self.whole.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// The message with headers set.
    pub(super) fn with<const N: usize>(&self, headers: [(&str, Value); N]) -> String {
        let mut whole = self.whole.clone();
        let mut all = self.headers.clone();
        all.extend(headers.map(|(name, value)| (name.to_owned(), value)));
        whole.insert("headers".to_owned(), Value::Object(all));
        Value::Object(whole).to_string()
    }
}
