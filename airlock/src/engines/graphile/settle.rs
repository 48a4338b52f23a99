//! Settling messages.

use std::collections::HashSet;
use std::time::Duration;

use crate::engines::graphile::Graphile;
use crate::engines::graphile::job::microseconds;
use crate::engines::shared::settling::{attempts_made, without_nul};
use crate::worker::engine_error::EngineError;
use crate::worker::{Settled, Settlement};

/// The time of the lock identifies the delivery, here and below. What was taken over meanwhile is left to whoever has it
/// now.
const DONE: &str = "
    DELETE FROM {schema}._private_jobs AS jobs
    USING unnest($2::int8[], $3::int8[], $4::int8[]) AS done (id, taken_at, place)
    WHERE jobs.id = done.id
        AND jobs.locked_by = $1
        AND jobs.locked_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'
    RETURNING done.place";

/// Graphile's own statements that fail a job compute the wait themselves. To give a job up, its limit of
/// attempts is lowered, so that the number of attempts stays; and its key is released.
///
/// If the answer is lost and the job is settled again, that does nothing to the next delivery. A job that was removed
/// meanwhile stays removed.
const PUT_BACK: &str = "
    UPDATE {schema}._private_jobs AS jobs
    SET
        attempts = CASE WHEN EXISTS (
            SELECT FROM {schema}._private_job_retirements AS retired WHERE retired.id = jobs.id
        ) THEN jobs.attempts ELSE made END,
        max_attempts = CASE WHEN dead THEN greatest(made, 1) ELSE jobs.max_attempts END,
        key = CASE WHEN dead THEN NULL ELSE jobs.key END,
        run_at = coalesce(now() + wait * interval '1 microsecond', jobs.run_at),
        last_error = coalesce(reason, jobs.last_error),
        locked_by = NULL,
        locked_at = NULL,
        updated_at = now()
    FROM unnest($2::int8[], $3::int8[], $4::int2[], $5::bool[], $6::int8[], $7::text[], $8::int8[])
        AS back (id, taken_at, made, dead, wait, reason, place)
    WHERE jobs.id = back.id
        AND jobs.locked_by = $1
        AND jobs.locked_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'
    RETURNING back.place";

/// Which job a worker was given, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphileReceipt {
    pub(super) id: i64,
    pub(super) taken_at: i64,
    pub(super) attempt: i16,
}

impl GraphileReceipt {
    /// As a worker notes what it has received.
    pub(super) fn key(&self) -> (i64, i64) {
        (self.id, self.taken_at)
    }
}

/// The numbers of so many messages.
pub(super) fn places(messages: usize) -> Vec<i64> {
    (0..messages).filter_map(|place| i64::try_from(place).ok()).collect()
}

/// The places, of so many, that are not among these.
pub(super) fn others(messages: usize, held: &[i64]) -> Vec<usize> {
    let held: HashSet<_> = held.iter().filter_map(|place| usize::try_from(*place).ok()).collect();
    (0..messages).filter(|place| !held.contains(place)).collect()
}

/// The columns of [`DONE`].
#[derive(Default)]
struct Done {
    id: Vec<i64>,
    taken_at: Vec<i64>,
    place: Vec<i64>,
}

/// The columns of [`PUT_BACK`].
#[derive(Default)]
struct PutBack {
    id: Vec<i64>,
    taken_at: Vec<i64>,
    made: Vec<i16>,
    dead: Vec<bool>,
    wait: Vec<Option<i64>>,
    reason: Vec<Option<String>>,
    place: Vec<i64>,
}

impl PutBack {
    fn push(&mut self, place: i64, receipt: &GraphileReceipt, settlement: &Settlement) {
        /// Longer than any real wait. A wait that PostgreSQL can't add to a time would keep the whole batch from
        /// being settled.
        const MAX_WAIT: Duration = Duration::from_hours(100_000 * 365 * 24);
        let (wait, reason) = match settlement {
            Settlement::Retry { after, reason } => (Some(*after), reason.as_deref()),
            Settlement::Dead { reason } => (None, Some(&**reason)),
            Settlement::Done | Settlement::Return => (None, None),
        };
        let made = attempts_made(u32::from(receipt.attempt.unsigned_abs()), settlement);
        self.place.push(place);
        self.id.push(receipt.id);
        self.taken_at.push(receipt.taken_at);
        self.made.push(i16::try_from(made).unwrap_or(i16::MAX));
        self.dead.push(matches!(settlement, Settlement::Dead { .. }));
        self.wait.push(wait.map(|wait| microseconds(wait.min(MAX_WAIT))));
        self.reason.push(reason.map(without_nul));
    }
}

impl Graphile {
    pub(super) async fn settle_all(
        &self,
        settled: &[Settled<GraphileReceipt>],
    ) -> Result<Vec<usize>, EngineError> {
        let (mut done, mut back) = (Done::default(), PutBack::default());
        for (place, Settled { receipt, settlement }) in
            places(settled.len()).into_iter().zip(settled)
        {
            match settlement {
                Settlement::Done => {
                    done.id.push(receipt.id);
                    done.taken_at.push(receipt.taken_at);
                    done.place.push(place);
                }
                other => back.push(place, receipt, other),
            }
        }
        let failed = |error| self.error("settle jobs in", error);
        let (pool, mut held) = (self.control(), Vec::<i64>::new());
        if !done.id.is_empty() {
            let done = sqlx::query_scalar(self.sql(DONE))
                .bind(self.worker.name())
                .bind(done.id)
                .bind(done.taken_at)
                .bind(done.place)
                .fetch_all(&pool);
            held.append(&mut done.await.map_err(failed)?);
        }
        if !back.id.is_empty() {
            let back = sqlx::query_scalar(self.sql(PUT_BACK))
                .bind(self.worker.name())
                .bind(back.id)
                .bind(back.taken_at)
                .bind(back.made)
                .bind(back.dead)
                .bind(back.wait)
                .bind(back.reason)
                .bind(back.place)
                .fetch_all(&pool);
            held.append(&mut back.await.map_err(failed)?);
        }
        self.received_ids.forget(settled.iter().map(|settled| settled.receipt.key()));
        Ok(others(settled.len(), &held))
    }
}
