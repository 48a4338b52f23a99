//! Messages from rows, and what becomes of them.

use std::time::Duration;

use serde_json::json;

use crate::envelope::Envelope;
use crate::worker::{Message, Settled, Settlement};

/// Which job of a SQL engine a worker was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlReceipt {
    id: String,
    /// Its place among the queues that are served.
    queue: usize,
    attempt: u32,
    /// When it was taken, as the database wrote it.
    taken_at: i64,
}

/// The last result of a job whose worker died.
pub(in crate::engines::apalis) const INTERRUPTED: &str =
    r#"{"Err": "the worker that had it did not live to say what became of it"}"#;

/// The message of a row.
pub(in crate::engines::apalis) fn message(
    queue: usize,
    id: String,
    body: &[u8],
    attempts: i64,
    taken_at: i64,
    interrupted: bool,
) -> Message<SqlReceipt> {
    let attempt = u32::try_from(attempts).unwrap_or(0).saturating_add(1);
    Message::new(SqlReceipt { id, queue, attempt, taken_at }, Envelope::from_json(body))
        .attempt(attempt)
        .interrupted(interrupted)
}

/// The ids of the messages of one queue.
pub(in crate::engines::apalis) fn ids<'a>(
    receipts: &[&'a SqlReceipt],
    queue: usize,
) -> Vec<&'a str> {
    let of_queue = receipts.iter().filter(|receipt| receipt.queue == queue);
    of_queue.map(|receipt| &*receipt.id).collect()
}

/// What a row says once its message is settled.
pub(in crate::engines::apalis) struct Ending {
    pub(in crate::engines::apalis) id: String,
    /// These two tell one delivery from another: to settle one twice, because an answer was lost, does
    /// nothing to the next.
    pub(in crate::engines::apalis) taken_at: i64,
    pub(in crate::engines::apalis) attempts_before: i32,
    pub(in crate::engines::apalis) status: &'static str,
    pub(in crate::engines::apalis) attempts: i32,
    /// From when on it may be taken again; at once and in its old place where there is no time.
    pub(in crate::engines::apalis) after: Option<Duration>,
    pub(in crate::engines::apalis) result: Option<String>,
}

/// What became of the messages of one queue.
pub(in crate::engines::apalis) fn endings(
    settled: &[Settled<SqlReceipt>],
    queue: usize,
) -> Vec<Ending> {
    let of_queue = settled.iter().filter(|one| one.receipt.queue == queue);
    of_queue.map(|one| Ending::new(&one.receipt, &one.settlement)).collect()
}

impl Ending {
    fn new(receipt: &SqlReceipt, settlement: &Settlement) -> Self {
        /// As far away as any clock may be: what goes beyond could never be settled.
        const FOR_EVER: Duration = Duration::from_hours(100 * 365 * 24);
        let failed = |reason: &str| Some(json!({ "Err": readable(reason) }).to_string());
        let (status, made, after, result) = match settlement {
            Settlement::Done => ("Done", true, None, Some(json!({ "Ok": null }).to_string())),
            Settlement::Dead { reason } => ("Killed", true, None, failed(reason)),
            Settlement::Retry { after, reason } => {
                let result = reason.as_deref().and_then(failed);
                ("Pending", reason.is_some(), Some((*after).min(FOR_EVER)), result)
            }
            Settlement::Return => ("Pending", false, None, None),
        };
        let attempts = |made: u32| i32::try_from(made).unwrap_or(i32::MAX);
        Self {
            id: receipt.id.clone(),
            taken_at: receipt.taken_at,
            attempts_before: attempts(receipt.attempt - 1),
            status,
            attempts: attempts(receipt.attempt - u32::from(!made)),
            after,
            result,
        }
    }
}

/// A reason without the one character that PostgreSQL's texts can't hold: with it the whole batch
/// could never be settled.
fn readable(reason: &str) -> String {
    reason.replace('\0', "\u{fffd}")
}
