//! Intents as rows of apalis' table of jobs.

use std::time::SystemTime;

use crate::core::executor::{Batch, DispatchError};
use crate::engines::apalis::ulid::ulid;
use crate::envelope::{self, Envelope};
use crate::transactions::shared::Row;

/// Both engines support every option.
const HONOURED: &[&str] =
    &["queue", "delay", "at", "expires", "priority", "max_attempts", "unique_key"];

/// What apalis writes for a job without a limit of attempts. Our own workers read the limit from the
/// envelope.
const MAX_ATTEMPTS: u32 = 25;

/// One row to insert.
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) queue: String,
    pub(crate) body: Vec<u8>,
    pub(crate) max_attempts: i32,
    pub(crate) at: Option<SystemTime>,
    pub(crate) priority: i32,
    pub(crate) unique_key: Option<String>,
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
pub(crate) fn jobs(
    batch: &Batch,
    executor: &'static str,
    queue: &str,
) -> Result<Vec<Job>, DispatchError> {
    let envelopes = envelope::of_batch(batch, executor, HONOURED)?;
    Ok(envelopes.iter().map(|envelope| Job::new(envelope, queue)).collect())
}

/// Notes which intents were left out as duplicates.
pub(crate) fn note_duplicates(batch: &mut Batch, indices: Vec<usize>) {
    for index in indices {
        batch.left_out(index);
    }
}

/// The indices of the duplicates, of which rows name the positions within a chunk that begins at `before`.
pub(crate) fn positions(rows: Vec<Row>, before: usize) -> impl Iterator<Item = usize> {
    let positions = rows.into_iter().filter_map(|(held, _)| held?.parse::<usize>().ok());
    positions.map(move |position| before + position)
}

/// The unique keys that the jobs ask for, each with its queue.
pub(crate) fn keyed(jobs: &[Job]) -> Vec<(&str, &str)> {
    jobs.iter().filter_map(|job| Some((&*job.queue, job.unique_key.as_deref()?))).collect()
}
