//! A dead letter, read from its message.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lapin::message::Delivery;
use serde_json::Value;

use crate::engines::celery::headers::{ATTEMPTS, REASON, SINCE};
use crate::engines::celery::rabbitmq::browse::TakenLetter;
use crate::engines::celery::rabbitmq::forward::{message_id, own_headers};
use crate::engines::celery::rabbitmq::table;
use crate::worker::DeadLetter;

/// The id of a dead letter. A message that the broker itself gave up may have none: then its id is a digest
/// of its content, for letters of the same content need not be told apart.
pub(super) fn id_of(letter: &Delivery) -> String {
    /// FNV-1a, which is the same in every process.
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let digest = || {
        let headers = table::json(&own_headers(&letter.properties));
        let headers = Value::Object(headers).to_string();
        let digest = headers
            .bytes()
            .chain(letter.data.iter().copied())
            .fold(BASIS, |digest, byte| (digest ^ u128::from(byte)).wrapping_mul(PRIME));
        format!("{digest:032x}")
    };
    message_id(&letter.properties).filter(|id| !id.is_empty()).unwrap_or_else(digest)
}

pub(super) fn letter(TakenLetter { queue, delivery }: &TakenLetter) -> DeadLetter {
    let headers = delivery.properties.headers().as_ref().map(table::json).unwrap_or_default();
    let text = |name: &str| headers.get(name).and_then(Value::as_str).map(str::to_owned);
    // Set where the broker itself gave the message up, as a queue's policy may say; its time is in whole
    // seconds.
    let death = headers.get("x-death").and_then(|deaths| deaths.as_array()?.first()).cloned();
    let death = |name: &str| death.as_ref()?.get(name).cloned();
    let death_text = |name: &str| Some(death(name)?.as_str()?.to_owned());
    let brokers = || Some(format!("RabbitMQ gave it up: {}", death_text("reason")?));
    let since = text(SINCE).and_then(|since| since.parse::<Timestamp>().ok());
    let since = since.and_then(|since| SystemTime::try_from(since).ok());
    let died = || SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(death("time")?.as_u64()?));
    let attempts = headers.get(ATTEMPTS).and_then(Value::as_u64);
    let letter = DeadLetter {
        id: id_of(delivery),
        queue: queue.clone(),
        task: text("task"),
        body: delivery.data.clone(),
        reason: text(REASON).or_else(brokers).unwrap_or_default(),
        attempts: attempts.and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or_default(),
        since: since.or_else(died).unwrap_or(SystemTime::UNIX_EPOCH),
    };
    letter.plain()
}
