//! A dead letter as it is kept in Redis.

use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engines::celery::redis::RedisReceipt;
use crate::engines::celery::redis::message::StoredMessage;
use crate::worker::DeadLetter;

/// A dead letter as it is kept in Redis, as JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptLetter {
    /// In base64, because it need not be text.
    message: String,
    reason: String,
    attempts: u32,
    #[serde(with = "crate::envelope::time")]
    since: SystemTime,
    /// Which of the queue's lists it came from, counted from 1.
    pub(super) list: usize,
}

impl KeptLetter {
    pub(super) fn new(receipt: &RedisReceipt, reason: &str) -> Self {
        Self {
            message: BASE64_STANDARD.encode(&receipt.raw),
            reason: reason.to_owned(),
            attempts: receipt.attempt,
            since: SystemTime::now(),
            list: receipt.list,
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Serializing can't fail: every field is a string or a number, and the time is a clock's.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn message(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.message).unwrap_or_default()
    }

    pub(super) fn into_letter(self, id: String, queue: &str) -> DeadLetter {
        let body = self.message();
        let task =
            StoredMessage::of(&body).headers.get("task").and_then(Value::as_str).map(str::to_owned);
        let letter = DeadLetter {
            id,
            queue: queue.to_owned(),
            task,
            body,
            reason: self.reason,
            attempts: self.attempts,
            since: self.since,
        };
        letter.plain()
    }
}
