//! Intents as rows of Graphile's table of jobs.

use std::collections::HashSet;
use std::time::Duration;

use crate::core::executor::{Batch, DispatchError};
use crate::envelope::{self, Envelope};

/// How errors name the executor.
const NAME: &str = "airlock::graphile::Graphile";

const HONOURED: &[&str] =
    &["queue", "delay", "at", "expires", "priority", "max_attempts", "unique_key"];

/// Stands before the queue in Graphile's task identifiers, and before unique keys.
pub(super) const PREFIX: &str = "airlock:";

/// Graphile's task identifier of a queue.
pub(super) fn identifier(queue: &str) -> String {
    format!("{PREFIX}{queue}")
}

/// The limit of attempts of a job that has none: as large as the column allows. Graphile's own default is 25, and
/// a worker of ours may allow more.
pub(super) const MAX_ATTEMPTS: i16 = i16::MAX;

/// One row to insert.
pub(super) struct Job {
    index: usize,
    pub(super) identifier: String,
    pub(super) payload: String,
    /// In microseconds, from the flush on.
    pub(super) wait: i64,
    pub(super) priority: i16,
    pub(super) max_attempts: i16,
    pub(super) key: Option<String>,
}

impl Job {
    fn new(index: usize, envelope: &Envelope, queue: &str) -> Result<Self, String> {
        let identifier = identifier(envelope.queue().unwrap_or(queue));
        check("queue", &identifier, 128)?;
        let key = envelope.unique_key().map(key);
        key.as_deref().map_or(Ok(()), |key| check("unique key", key, 512))?;
        let wait = envelope.at().and_then(|at| at.duration_since(envelope.enqueued_at()).ok());
        Ok(Self {
            index,
            identifier,
            payload: String::from_utf8(envelope.to_json()).map_err(|error| error.to_string())?,
            wait: microseconds(wait.unwrap_or_default()),
            // Graphile runs lower ones first.
            priority: -i16::from(envelope.priority().unwrap_or(0)),
            max_attempts: max_attempts(envelope),
            key,
        })
    }
}

/// The unique key as Graphile's `job_key`.
pub(super) fn key(unique_key: &str) -> String {
    format!("{PREFIX}{unique_key}")
}

pub(super) fn max_attempts(envelope: &Envelope) -> i16 {
    let asked = envelope.max_attempts().map(|attempts| attempts.max(1));
    asked.and_then(|attempts| i16::try_from(attempts).ok()).unwrap_or(MAX_ATTEMPTS)
}

/// Rounded up, so that nothing runs early.
pub(super) fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX)
}

/// Checks a text for which the database would refuse the whole batch. `longest` counts the prefix.
fn check(what: &str, text: &str, longest: usize) -> Result<(), String> {
    let own = &text[PREFIX.len()..];
    let longest = longest - PREFIX.len();
    if own.chars().count() > longest {
        return Err(format!(
            "its {what} has {} characters, and Graphile Worker takes {longest}: shorten it",
            own.chars().count()
        ));
    }
    if own.contains('\0') {
        return Err(format!(
            "its {what} contains a NUL, which PostgreSQL can't hold: leave it out"
        ));
    }
    Ok(())
}

/// The jobs of a batch; `queue` is that of intents that name none.
pub(super) fn jobs(batch: &Batch, queue: &str) -> Result<Vec<Job>, DispatchError> {
    let envelopes = envelope::of_batch(batch, NAME, HONOURED)?;
    let job = |(index, envelope): (usize, &Envelope)| {
        Job::new(index, envelope, queue).map_err(|error| DispatchError::only(index, error))
    };
    envelopes.iter().enumerate().map(job).collect()
}

/// Notes the duplicates: intents whose key another job holds, and those whose key an earlier intent of the batch
/// has.
pub(super) fn note_duplicates(batch: &mut Batch, jobs: &[Job], held: &[String]) {
    let mut taken: HashSet<&str> = held.iter().map(String::as_str).collect();
    for Job { index, key, .. } in jobs {
        if let Some(key) = key
            && !taken.insert(key)
        {
            batch.left_out(*index);
        }
    }
}

/// The jobs without those whose key an earlier one has.
pub(super) fn first_of_each_key(jobs: &[Job]) -> Vec<&Job> {
    let mut seen = HashSet::new();
    let mut first = Vec::with_capacity(jobs.len());
    for job in jobs {
        if job.key.as_deref().is_none_or(|key| seen.insert(key)) {
            first.push(job);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_rounded_down() {
        assert_eq!(microseconds(Duration::from_nanos(1)), 1);
        assert_eq!(microseconds(Duration::from_secs(2)), 2_000_000);
        assert_eq!(microseconds(Duration::MAX), i64::MAX);
    }
}
