//! An intent as Dramatiq's workers read it.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::envelope::Envelope;

/// A message. Source: `dramatiq/message.py`.
#[derive(Serialize)]
pub(super) struct DramatiqMessage<'a> {
    pub(super) queue_name: Cow<'a, str>,
    actor_name: &'a str,
    args: [(); 0],
    kwargs: &'a RawValue,
    pub(super) options: Options<'a>,
    #[serde(rename = "message_id")]
    id: Uuid,
    #[serde(rename = "message_timestamp")]
    timestamp: u64,
}

/// The options that Dramatiq's middleware reads.
#[derive(Default, Serialize)]
pub(super) struct Options<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    eta: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_retries: Option<u32>,
    /// The policies that travel, as JSON in a text: Python has no use for it.
    #[serde(rename = "airlock-policies", skip_serializing_if = "Option::is_none")]
    policies: Option<&'a str>,
    #[cfg(feature = "dramatiq-rabbitmq")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) broker_priority: Option<u8>,
    #[cfg(feature = "dramatiq-redis")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redis_message_id: Option<Uuid>,
}

impl<'a> DramatiqMessage<'a> {
    /// A delayed message waits in a queue of its own, which Dramatiq's workers read as well.
    pub(super) fn of(envelope: &'a Envelope, default_queue: &'a str) -> Self {
        let queue = envelope.queue().unwrap_or(default_queue);
        let sent = millis(envelope.enqueued_at());
        let age = |expires| millis(expires).saturating_sub(sent).max(1);
        Self {
            queue_name: match envelope.at() {
                Some(_) => format!("{queue}.DQ").into(),
                None => queue.into(),
            },
            actor_name: envelope.task(),
            args: [],
            kwargs: envelope.raw_arguments(),
            options: Options {
                eta: envelope.at().map(millis),
                max_age: envelope.expires().map(age),
                max_retries: envelope.max_attempts().map(|attempts| attempts.saturating_sub(1)),
                policies: envelope.policies(),
                ..Options::default()
            },
            id: envelope.id(),
            timestamp: sent,
        }
    }

    pub(super) fn write(&self, json: &mut Vec<u8>) {
        let written = serde_json::to_writer(json, self);
        written.expect("every field is a string, a number or JSON already");
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
