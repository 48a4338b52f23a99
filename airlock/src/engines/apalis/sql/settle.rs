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

/// The last result of a job that had begun in a worker that died.
pub(crate) const INTERRUPTED: &str =
    r#"{"Err": "the worker that had it did not live to say what became of it"}"#;

/// The last result of a job that waited in a worker that died, and has begun in none that did.
pub(crate) const WAITED: &str = r#"{"Err": "the worker that it waited in was lost"}"#;

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

/// A delivery, as the rows identify it: what was taken over since has been taken at another time, by whomever. And if
/// an answer is lost and the message is settled again, that does nothing to the next delivery.
pub(crate) struct Delivery {
    /// Its index in the call.
    pub(crate) place: i64,
    pub(crate) id: String,
    pub(crate) taken_at: i64,
    pub(crate) attempts_before: i32,
}

impl Delivery {
    fn of(place: usize, receipt: &SqlReceipt) -> Self {
        Self {
            place: i64::try_from(place).unwrap_or(i64::MAX),
            id: receipt.id.clone(),
            taken_at: receipt.taken_at,
            attempts_before: attempts(receipt.attempt - 1),
        }
    }

    /// As a worker notes what it has received.
    pub(crate) fn key(&self) -> (String, i64) {
        (self.id.clone(), self.taken_at)
    }
}

/// The deliveries of messages, by the worker's name in each queue.
pub(crate) fn deliveries_by_worker(
    worker: &SqlWorker,
    receipts: &[&SqlReceipt],
) -> Vec<(String, Vec<Delivery>)> {
    by_worker(worker, |queue| {
        let of_queue = receipts.iter().enumerate().filter(|(_, receipt)| receipt.queue == queue);
        of_queue.map(|(place, receipt)| Delivery::of(place, receipt)).collect()
    })
}

/// The indices of the deliveries that are not held.
pub(crate) fn others<'a>(
    deliveries: impl IntoIterator<Item = &'a Delivery>,
    is_held: impl Fn(&Delivery) -> bool,
) -> impl Iterator<Item = usize> {
    let lost = deliveries.into_iter().filter(move |delivery| !is_held(delivery));
    lost.filter_map(|delivery| usize::try_from(delivery.place).ok())
}

/// What a row holds once its message is settled.
pub(crate) struct SettledRow {
    pub(crate) delivery: Delivery,
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
        let of_queue = settled.iter().enumerate().filter(|(_, one)| one.receipt.queue == queue);
        of_queue.map(|(place, one)| SettledRow::new(place, one)).collect()
    })
}

/// What there is of each queue, by the worker's name in it; nothing of queues without any.
fn by_worker<T>(worker: &SqlWorker, of_queue: impl Fn(usize) -> Vec<T>) -> Vec<(String, Vec<T>)> {
    let queues = worker.queues().iter().enumerate();
    let all = queues.map(|(index, queue)| (worker_in(worker, queue), of_queue(index)));
    all.filter(|(_, of_queue)| !of_queue.is_empty()).collect()
}

impl SettledRow {
    fn new(place: usize, Settled { receipt, settlement }: &Settled<SqlReceipt>) -> Self {
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
        Self {
            delivery: Delivery::of(place, receipt),
            status,
            attempts: attempts(attempts_made(receipt.attempt, settlement)),
            after,
            result,
        }
    }
}

fn attempts(made: u32) -> i32 {
    i32::try_from(made).unwrap_or(i32::MAX)
}
