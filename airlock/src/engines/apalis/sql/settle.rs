//! Messages from rows, and what becomes of them.

use std::time::Duration;

use serde_json::json;

use crate::engines::apalis::failed_result;
use crate::engines::apalis::sql::worker_in;
use crate::engines::shared::settling::{attempts_made, without_nul};
use crate::engines::shared::sql::SqlWorker;
use crate::envelope::Envelope;
use crate::worker::{Message, Settled, Settlement};

/// Which job of a SQL engine a worker was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlReceipt {
    id: String,
    /// Its index among the served queues.
    queue: usize,
    attempt: u32,
    /// When it was taken, as the database wrote it.
    taken_at: i64,
}

/// The last result of a job whose worker died.
pub(crate) const INTERRUPTED: &str =
    r#"{"Err": "the worker that had it did not live to say what became of it"}"#;

/// The message of a row.
pub(crate) fn message(
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

/// The ids of messages, by the worker's name in each queue.
pub(crate) fn ids_by_worker<'a>(
    worker: &SqlWorker,
    receipts: &[&'a SqlReceipt],
) -> Vec<(String, Vec<&'a str>)> {
    by_worker(worker, |queue| {
        let of_queue = receipts.iter().filter(|receipt| receipt.queue == queue);
        of_queue.map(|receipt| &*receipt.id).collect()
    })
}

/// What a row holds once its message is settled.
pub(crate) struct SettledRow {
    pub(crate) id: String,
    /// These two identify the delivery. If the answer is lost and it is settled again, that does nothing to
    /// the next delivery.
    pub(crate) taken_at: i64,
    pub(crate) attempts_before: i32,
    pub(crate) status: &'static str,
    pub(crate) attempts: i32,
    /// After what time it may be taken again. Without one it may be taken now, and keeps its position.
    pub(crate) after: Option<Duration>,
    pub(crate) result: Option<String>,
}

/// The rows of settled messages, by the worker's name in each queue.
pub(crate) fn rows_by_worker(
    worker: &SqlWorker,
    settled: &[Settled<SqlReceipt>],
) -> Vec<(String, Vec<SettledRow>)> {
    by_worker(worker, |queue| {
        let of_queue = settled.iter().filter(|one| one.receipt.queue == queue);
        of_queue.map(|one| SettledRow::new(&one.receipt, &one.settlement)).collect()
    })
}

/// What there is of each queue, by the worker's name in it; nothing of queues without any.
fn by_worker<T>(worker: &SqlWorker, of_queue: impl Fn(usize) -> Vec<T>) -> Vec<(String, Vec<T>)> {
    let queues = worker.queues().iter().enumerate();
    let all = queues.map(|(index, queue)| (worker_in(worker, queue), of_queue(index)));
    all.filter(|(_, of_queue)| !of_queue.is_empty()).collect()
}

impl SettledRow {
    fn new(receipt: &SqlReceipt, settlement: &Settlement) -> Self {
        /// Longer than any real wait. A wait that the database can't add to a time would keep the whole batch
        /// from being settled.
        const MAX_WAIT: Duration = Duration::from_hours(100 * 365 * 24);
        let failed = |reason: &str| Some(failed_result(&without_nul(reason)));
        let (status, after, result) = match settlement {
            Settlement::Done => ("Done", None, Some(json!({ "Ok": null }).to_string())),
            Settlement::Dead { reason } => ("Killed", None, failed(reason)),
            Settlement::Retry { after, reason } => {
                let result = reason.as_deref().and_then(failed);
                ("Pending", Some((*after).min(MAX_WAIT)), result)
            }
            Settlement::Return => ("Pending", None, None),
        };
        let attempts = |made: u32| i32::try_from(made).unwrap_or(i32::MAX);
        Self {
            id: receipt.id.clone(),
            taken_at: receipt.taken_at,
            attempts_before: attempts(receipt.attempt - 1),
            status,
            attempts: attempts(attempts_made(receipt.attempt, settlement)),
            after,
            result,
        }
    }
}
