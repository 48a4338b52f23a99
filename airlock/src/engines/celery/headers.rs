//! Headers of our own beside Celery's, and the headers that change when a message is sent again.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

/// The unique key that a message holds.
#[cfg(feature = "celery-redis")]
pub(super) const UNIQUE_KEY: &str = "airlock-unique-key";

/// The policies that travel, as JSON.
pub(super) const POLICIES: &str = "airlock-policies";

/// Why the last attempt failed.
pub(super) const REASON: &str = "airlock-reason";

/// How many attempts were made of a dead letter.
#[cfg(feature = "celery-rabbitmq")]
pub(super) const ATTEMPTS: &str = "airlock-attempts";

/// The headers that were cut, because with what a worker adds they did not fit into a frame.
#[cfg(feature = "celery-rabbitmq")]
pub(super) const CUT: &str = "airlock-cut";

/// Since when a message has been a dead letter.
#[cfg(feature = "celery-rabbitmq")]
pub(super) const SINCE: &str = "airlock-since";

/// The queue that a dead letter came from.
#[cfg(feature = "celery-rabbitmq")]
pub(super) const QUEUE: &str = "airlock-queue";

/// What is set after a failed attempt. `attempts` were made so far, and the next one is due after `wait`.
pub(super) fn after_failure(
    attempts: u32,
    wait: Duration,
    reason: &str,
) -> [(&'static str, Value); 3] {
    /// The furthest that a time is written ahead.
    const MAX_WAIT: Duration = Duration::from_hours(24 * 365);
    let eta = SystemTime::now() + wait.min(MAX_WAIT);
    [("retries", json!(attempts)), ("eta", iso8601(eta).into()), (REASON, reason.into())]
}

/// What is set when a dead letter is put back into its queue: it counts as never tried, and a retry that
/// an operator asks for is worth running after its expiry.
pub(super) fn revived() -> [(&'static str, Value); 3] {
    [("retries", json!(0)), ("eta", Value::Null), ("expires", Value::Null)]
}

/// A time as Python writes it, which Celery reads on every version of Python.
pub(super) fn iso8601(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    let time = time.round(Unit::Microsecond).unwrap_or(time);
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
