//! What the two SQL engines share.

mod job;
mod letter;
mod settle;

use crate::engines::shared::sql::SqlWorker;

pub use settle::SqlReceipt;

pub(super) use job::{Job, jobs, keyed, note_duplicates, positions};
pub(super) use letter::{LetterRow, letter, retried, unique_key};
#[cfg(feature = "apalis-sqlite")]
pub(super) use settle::SettledRow;
pub(super) use settle::{
    Delivery, INTERRUPTED, WAITED, deliveries_by_worker, message, others, rows_by_worker,
};

/// The name of a worker in apalis' table. It has a row for each queue, because apalis looks for what a lost
/// worker held by queue.
pub(super) fn worker_in(worker: &SqlWorker, queue: &str) -> String {
    format!("{}:{queue}", worker.name())
}

/// The names of a worker, queue by queue.
pub(super) fn worker_names(worker: &SqlWorker) -> Vec<String> {
    worker.queues().iter().map(|queue| worker_in(worker, queue)).collect()
}

/// After how many seconds without a heartbeat a worker is lost.
pub(super) fn lost_after(worker: &SqlWorker) -> u32 {
    u32::try_from(worker.lost_after.as_secs()).unwrap_or(u32::MAX)
}
