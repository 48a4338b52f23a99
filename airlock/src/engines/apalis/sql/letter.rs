//! Dead letters from rows.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::core::task::called::BoxError;
use crate::envelope::Envelope;
use crate::worker::DeadLetter;
use crate::worker::engine_error::EngineError;

/// Id, queue, body, last result, attempts, and since when in seconds.
pub(crate) type LetterRow = (String, String, Vec<u8>, Option<String>, i64, i64);

pub(crate) fn letter(row: LetterRow) -> DeadLetter {
    let (id, queue, body, result, attempts, since) = row;
    let task = Envelope::from_json(&body).ok().map(|envelope| envelope.task().to_owned());
    let letter = DeadLetter {
        id,
        queue,
        task,
        body,
        reason: reason(&result.unwrap_or_default()),
        attempts: u32::try_from(attempts).unwrap_or(0),
        since: UNIX_EPOCH + Duration::from_secs(u64::try_from(since).unwrap_or(0)),
    };
    letter.plain()
}

/// apalis writes a result as serde does: `{"Err": "…"}`.
fn reason(result: &str) -> String {
    let read: Option<Value> = serde_json::from_str(result).ok();
    let error = read.as_ref().and_then(|result| result.get("Err")).and_then(Value::as_str);
    error.unwrap_or(result).to_owned()
}

/// The unique key that a message was sent with.
pub(crate) fn unique_key(letter: &DeadLetter) -> Option<String> {
    let envelope = Envelope::from_json(&letter.body).ok()?;
    envelope.unique_key().map(str::to_owned)
}

/// What a dead letter's retry has become. `failed` makes the error of one that the database refuses.
///
/// # Errors
///
/// Also where another job holds the unique key: two jobs of one key would be in the queue.
pub(crate) fn retried(
    retried: Result<bool, BoxError>,
    letter: &DeadLetter,
    failed: impl FnOnce(BoxError) -> EngineError,
) -> Result<bool, EngineError> {
    match retried {
        Err(error) if is_duplicate(&error) => Err(key_is_held(letter).into()),
        other => other.map_err(failed),
    }
}

fn key_is_held(letter: &DeadLetter) -> BoxError {
    format!(
        "the queue `{}` holds another job of the unique key `{}`: try again when that is done",
        letter.queue,
        unique_key(letter).unwrap_or_default(),
    )
    .into()
}

/// Whether another job holds the unique key.
fn is_duplicate(error: &BoxError) -> bool {
    let error = error.downcast_ref().and_then(sqlx::Error::as_database_error);
    error.is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
