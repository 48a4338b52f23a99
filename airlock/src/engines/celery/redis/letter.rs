//! A dead letter as it is kept in Redis.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engines::celery::redis::RedisReceipt;
use crate::engines::celery::redis::message::StoredMessage;
use crate::engines::shared::redis::BODY_GONE;
use crate::worker::DeadLetter;

/// A dead letter as it is kept in Redis, as JSON. Its message is beside it, as it came: it need not be text.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptLetter {
    /// Where it was kept inside the letter, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
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
            message: None,
            reason: reason.to_owned(),
            attempts: receipt.attempt,
            since: SystemTime::now(),
            list: receipt.list,
        }
    }

    /// Where Redis has only kept since when it is dead, in milliseconds.
    fn without_reason(since: &str) -> Self {
        let since = Duration::try_from_secs_f64(since.parse::<f64>().unwrap_or_default() / 1_000.0);
        Self {
            message: None,
            reason: "its reason is gone from Redis".to_owned(),
            attempts: 0,
            since: UNIX_EPOCH + since.unwrap_or_default(),
            list: 1,
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Serializing can't fail: every field is a string or a number, and the time is a clock's.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A dead letter as it was found.
pub(super) struct FoundLetter {
    pub(super) kept: KeptLetter,
    pub(super) message: FoundMessage,
}

/// The message of a dead letter.
pub(super) enum FoundMessage {
    Whole(Vec<u8>),
    /// It is longer than what is read.
    Long,
    /// Redis has removed it.
    Gone,
}

impl FoundLetter {
    /// Of what the scripts return.
    pub(super) fn of(
        since: &str,
        letter: &[u8],
        length: i64,
        message: Vec<u8>,
    ) -> serde_json::Result<Self> {
        let kept = if letter.is_empty() {
            KeptLetter::without_reason(since)
        } else {
            serde_json::from_slice(letter)?
        };
        let message = match &kept.message {
            Some(inside) => FoundMessage::Whole(BASE64_STANDARD.decode(inside).unwrap_or_default()),
            None if length < 0 => FoundMessage::Gone,
            None if usize::try_from(length) == Ok(message.len()) => FoundMessage::Whole(message),
            None => FoundMessage::Long,
        };
        Ok(Self { kept, message })
    }

    pub(super) fn into_letter(self, id: String, queue: &str) -> DeadLetter {
        let KeptLetter { reason, attempts, since, .. } = self.kept;
        let (body, reason) = match self.message {
            FoundMessage::Whole(body) => (body, reason),
            FoundMessage::Long => (Vec::new(), reason),
            FoundMessage::Gone => (Vec::new(), format!("{reason}; {BODY_GONE}")),
        };
        let task =
            StoredMessage::of(&body).headers.get("task").and_then(Value::as_str).map(str::to_owned);
        let queue = queue.to_owned();
        DeadLetter { id, queue, task, body, reason, attempts, since }.plain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_inside_an_old_letter_and_beside_a_new_one() {
        let old = br#"{"message": "aGk=", "reason": "r", "attempts": 1, "since": "2026-11-23T20:31:21Z", "list": 2}"#;
        let found = FoundLetter::of("0", old, -1, Vec::new()).expect("read");
        assert_eq!(found.into_letter("1".into(), "q").body, b"hi");
        let new = br#"{"reason": "r", "attempts": 1, "since": "2026-11-23T20:31:21Z", "list": 2}"#;
        let letter = |letter: &[u8], length, message: &[u8]| {
            let found = FoundLetter::of("1000", letter, length, message.to_vec()).expect("read");
            found.into_letter("1".into(), "q")
        };
        assert_eq!(letter(new, 2, b"hi").body, b"hi");
        assert_eq!(letter(new, 0, b"").reason, "r");
        assert_eq!(letter(new, 99, b"").reason, "r");
        assert!(letter(new, -1, b"").reason.starts_with("r; its body is gone from Redis"));
        let without = letter(b"", 2, b"hi");
        assert_eq!(
            (&*without.body, &*without.reason),
            (&b"hi"[..], "its reason is gone from Redis")
        );
        assert_eq!(without.since, UNIX_EPOCH + Duration::from_secs(1));
    }
}
