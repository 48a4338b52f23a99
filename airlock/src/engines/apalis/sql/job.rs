//! Intents as rows of apalis' table of jobs.

use std::time::SystemTime;

use crate::core::executor::{Batch, DispatchError};
use crate::engines::apalis::ulid::ulid;
use crate::envelope::{self, Envelope};
use crate::transactions::shared::Row;

/// Both engines honour every option there is.
const HONOURED: &[&str] =
    &["queue", "delay", "at", "expires", "priority", "max_attempts", "unique_key"];

/// What apalis writes where nobody said how often a job may be tried. Our own workers ask the
/// envelope, which knows that nobody did.
const MAX_ATTEMPTS: u32 = 25;

/// One row to insert.
pub(in crate::engines::apalis) struct Job {
    pub(in crate::engines::apalis) id: String,
    pub(in crate::engines::apalis) queue: String,
    pub(in crate::engines::apalis) body: Vec<u8>,
    pub(in crate::engines::apalis) max_attempts: i32,
    pub(in crate::engines::apalis) at: Option<SystemTime>,
    pub(in crate::engines::apalis) priority: i32,
    pub(in crate::engines::apalis) unique_key: Option<String>,
}

impl Job {
    fn new(envelope: &Envelope, queue: &str) -> Self {
        let max_attempts = envelope.max_attempts().unwrap_or(MAX_ATTEMPTS);
        Self {
            id: ulid(envelope.id()),
            queue: envelope.queue().unwrap_or(queue).to_owned(),
            body: envelope.to_json(),
            max_attempts: i32::try_from(max_attempts).unwrap_or(i32::MAX),
            at: envelope.at(),
            priority: envelope.priority().unwrap_or(0).into(),
            unique_key: envelope.unique_key().map(str::to_owned),
        }
    }
}

/// The rows of a batch; `queue` is that of intents that name none.
pub(in crate::engines::apalis) fn jobs(
    batch: &Batch,
    executor: &'static str,
    queue: &str,
) -> Result<Vec<Job>, DispatchError> {
    let envelopes = envelope::of_batch(batch, executor, HONOURED)?;
    Ok(envelopes.iter().map(|envelope| Job::new(envelope, queue)).collect())
}

/// Notes which intents were left out because of their unique keys.
pub(in crate::engines::apalis) fn leave_out(batch: &mut Batch, indices: Vec<usize>) {
    for index in indices {
        batch.left_out(index);
    }
}

/// The indices of jobs that were left out, of which rows name those within a chunk.
pub(in crate::engines::apalis) fn places(
    rows: Vec<Row>,
    before: usize,
) -> impl Iterator<Item = usize> {
    let places = rows.into_iter().filter_map(|(held, _)| held?.parse::<usize>().ok());
    places.map(move |place| before + place)
}

/// The unique keys that the jobs ask for, each with its queue.
pub(in crate::engines::apalis) fn keyed(jobs: &[Job]) -> Vec<(&str, &str)> {
    jobs.iter().filter_map(|job| Some((&*job.queue, job.unique_key.as_deref()?))).collect()
}
