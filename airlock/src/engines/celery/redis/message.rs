//! A message as it lies in a list: JSON around the body.
//!
//! Source: `kombu/transport/virtual/base.py`.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::core::intent::Intent;
use crate::core::task::called::BoxError;
use crate::engines::celery::fields::fields;
use crate::engines::celery::headers::{POLICIES, UNIQUE_KEY};
use crate::engines::celery::redis::raw;
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

/// The headers that are used.
const HEADERS: [&str; 11] = [
    "task",
    "id",
    "retries",
    "eta",
    "expires",
    "timelimit",
    "compression",
    "traceparent",
    "tracestate",
    POLICIES,
    UNIQUE_KEY,
];

/// A message in a list, as far as it can be read. What is not used of it stays text.
#[derive(Default)]
pub(super) struct StoredMessage<'a> {
    raw: &'a [u8],
    text: &'a str,
    pub(super) headers: Map<String, Value>,
    all_headers: Option<&'a RawValue>,
    /// Why it can't be used, although it may have a task.
    pub(super) fault: Option<EnvelopeError>,
    content_type: Option<&'a RawValue>,
    content_encoding: Option<&'a RawValue>,
    body: Option<&'a RawValue>,
    body_encoding: Option<&'a RawValue>,
}

impl<'a> StoredMessage<'a> {
    /// Twice that of an envelope: in base64 a body is a third longer, and there are headers.
    pub(super) const MAX_BYTES: usize = 2 * Envelope::MAX_BYTES;

    /// The longest header that is read: as a value it may take fifty times as much memory.
    const MAX_HEADER: usize = 1 << 16;

    pub(super) fn of(raw: &'a [u8]) -> Self {
        let unread = Self { raw, ..Self::default() };
        if raw.len() > Self::MAX_BYTES {
            return Self { fault: Some(too_long(raw.len())), ..unread };
        }
        let Ok(text) = std::str::from_utf8(raw) else { return unread };
        let names = ["headers", "content-type", "content-encoding", "body", "properties"];
        let Ok([all_headers, content_type, content_encoding, body, properties]) =
            fields(text, names)
        else {
            return unread;
        };
        let [body_encoding] = properties
            .and_then(|all| fields(all.get(), ["body_encoding"]).ok())
            .unwrap_or_default();
        let mut message =
            Self { text, content_type, content_encoding, body, body_encoding, ..unread };
        if let Some(all) = all_headers
            && let Ok(headers) = fields(all.get(), HEADERS)
        {
            message.all_headers = all_headers;
            message.add_headers(headers);
        }
        message
    }

    fn add_headers(&mut self, headers: [Option<&RawValue>; HEADERS.len()]) {
        for (name, header) in HEADERS.into_iter().zip(headers) {
            let Some(header) = header.map(RawValue::get) else { continue };
            if header.len() > Self::MAX_HEADER {
                self.fault = Some(EnvelopeError::new(format!(
                    "its header `{name}` is {} bytes long, and at most {} are read",
                    header.len(),
                    Self::MAX_HEADER
                )));
            } else if let Ok(value) = serde_json::from_str(header) {
                self.headers.insert(name.to_owned(), value);
            }
        }
    }

    pub(super) fn content_type(&self) -> Cow<'a, str> {
        self.content_type.and_then(raw::text).unwrap_or_default()
    }

    pub(super) fn content_encoding(&self) -> Cow<'a, str> {
        self.content_encoding.and_then(raw::text).unwrap_or_default()
    }

    /// The body; what is wrong with the message, where it has a fault.
    pub(super) fn body(&self) -> Result<Vec<u8>, EnvelopeError> {
        let wrong = |why: &str| EnvelopeError::new(why);
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let Some(body) = self.body else { return Err(wrong("it has no body")) };
        let body = raw::text(body).ok_or_else(|| wrong("its body is no text"))?;
        let encoding = self.body_encoding.filter(|encoding| encoding.get() != "null");
        let Some(encoding) = encoding else { return Ok(body.into_owned().into_bytes()) };
        match raw::text(encoding).as_deref() {
            Some("") => Ok(body.into_owned().into_bytes()),
            Some("base64") => from_base64(&body).ok_or_else(|| {
                wrong("its body is no base64, which its `body_encoding` says that it is")
            }),
            _ => Err(wrong(
                "its `body_encoding` is unknown, and a Rust worker reads base64 and plain text",
            )),
        }
    }

    /// The message with headers set; as it is, where it has none.
    pub(super) fn with<const N: usize>(&self, set: [(&str, Value); N]) -> Vec<u8> {
        let Some(all) = self.all_headers else { return self.raw.to_vec() };
        let start = all.get().as_ptr().addr() - self.text.as_ptr().addr();
        let end = start + all.get().len();
        let headers = raw::with(all.get(), set);
        [&self.text[..start], &headers, &self.text[end..]].concat().into_bytes()
    }
}

/// Python's reader passes over line breaks, which some writers of base64 make.
fn from_base64(body: &str) -> Option<Vec<u8>> {
    if let Ok(decoded) = BASE64_STANDARD.decode(body) {
        return Some(decoded);
    }
    let without_breaks: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(without_breaks).ok()
}

/// Refuses a message that is too long to be read.
pub(super) fn too_long(bytes: usize) -> EnvelopeError {
    EnvelopeError::new(format!(
        "it is {bytes} bytes long with its headers, and at most {} are read: send what is large elsewhere, and its \
         place in the message",
        StoredMessage::MAX_BYTES
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(body: &str, properties: &str) -> String {
        let raw = format!(r#"{{"headers": {{"task": "a"}}, {body}"properties": {properties}}}"#);
        StoredMessage::of(raw.as_bytes()).body().expect_err("refused").to_string()
    }

    #[test]
    fn says_what_is_wrong_with_a_body() {
        let base64 = r#"{"body_encoding": "base64"}"#;
        for (body, properties, said) in [
            (r#""body": "!!", "#, base64, "its body is no base64, which its `body_encoding` says"),
            (r#""body": "W1td", "#, r#"{"body_encoding": "hex"}"#, "`body_encoding` is unknown"),
            (r#""body": [], "#, base64, "its body is no text"),
            ("", base64, "it has no body"),
        ] {
            assert!(why(body, properties).contains(said), "{body} {properties}");
        }
        let broken = br#"{"body": "W1td\nLHt9", "properties": {"body_encoding": "base64"}}"#;
        assert_eq!(StoredMessage::of(broken).body().expect("read"), b"[[],{}");
    }

    #[test]
    fn headers_are_set_and_the_rest_stays_as_it_is() {
        let raw = r#"{"a": 1.0, "headers": {"x": [1e5], "retries": 0, "eta": 1} , "body": ""}"#;
        let set =
            StoredMessage::of(raw.as_bytes()).with([("retries", json!(2)), ("new", json!("b"))]);
        let expected =
            r#"{"a": 1.0, "headers": {"x":[1e5],"eta":1,"retries":2,"new":"b"} , "body": ""}"#;
        assert_eq!(String::from_utf8_lossy(&set), expected);
        let without = br#"{"body": ""}"#;
        assert_eq!(StoredMessage::of(without).with([("retries", json!(2))]), without);
    }

    #[test]
    fn a_long_header_is_refused_by_name_and_one_that_is_not_used_is_skipped() {
        let long = "x".repeat(1 << 17);
        let message =
            |header: &str| json!({"headers": {"task": "a", header: long}, "body": ""}).to_string();
        let refused = message("eta");
        let error = StoredMessage::of(refused.as_bytes()).body().expect_err("refused").to_string();
        assert!(
            error.contains("its header `eta` is 131074 bytes long, and at most 65536"),
            "{error}"
        );
        assert!(StoredMessage::of(message("note").as_bytes()).body().is_ok());
    }
}
