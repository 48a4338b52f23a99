//! Settling messages.

use std::time::Duration;

use crate::engines::graphile::Graphile;
use crate::engines::graphile::job::microseconds;
use crate::engines::shared::settling::{attempts_made, without_nul};
use crate::worker::engine_error::EngineError;
use crate::worker::{Settled, Settlement};

/// A job is done whichever worker did it, also if it was taken over meanwhile.
const DONE: &str = "DELETE FROM {schema}._private_jobs WHERE id = ANY($1)";

/// Graphile's own statements that fail a job compute the wait themselves. To give a job up, its limit of
/// attempts is lowered, so that the number of attempts stays; and its key is released.
///
/// The time of the lock identifies the delivery. If the answer is lost and the job is settled again, that does
/// nothing to the next delivery. A job that was removed meanwhile stays removed.
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
    FROM unnest($2::int8[], $3::int8[], $4::int2[], $5::bool[], $6::int8[], $7::text[])
        AS back (id, taken_at, made, dead, wait, reason)
    WHERE jobs.id = back.id
        AND jobs.locked_by = $1
        AND jobs.locked_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'";

/// Which job a worker was given, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphileReceipt {
    pub(super) id: i64,
    pub(super) taken_at: i64,
    pub(super) attempt: i16,
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
}

impl PutBack {
    fn push(&mut self, receipt: &GraphileReceipt, settlement: &Settlement) {
        /// Longer than any real wait. A wait that PostgreSQL can't add to a time would keep the whole batch from
        /// being settled.
        const MAX_WAIT: Duration = Duration::from_hours(100_000 * 365 * 24);
        let (wait, reason) = match settlement {
            Settlement::Retry { after, reason } => (Some(*after), reason.as_deref()),
            Settlement::Dead { reason } => (None, Some(&**reason)),
            Settlement::Done | Settlement::Return => (None, None),
        };
        let made = attempts_made(u32::from(receipt.attempt.unsigned_abs()), settlement);
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
    ) -> Result<(), EngineError> {
        let (mut done, mut back) = (Vec::new(), PutBack::default());
        for Settled { receipt, settlement } in settled {
            match settlement {
                Settlement::Done => done.push(receipt.id),
                other => back.push(receipt, other),
            }
        }
        let failed = |error| self.error("settle jobs in", error);
        if !done.is_empty() {
            let done = sqlx::query(self.sql(DONE)).bind(done);
            done.execute(&self.pool).await.map_err(failed)?;
        }
        if !back.id.is_empty() {
            sqlx::query(self.sql(PUT_BACK))
                .bind(self.worker.name())
                .bind(back.id)
                .bind(back.taken_at)
                .bind(back.made)
                .bind(back.dead)
                .bind(back.wait)
                .bind(back.reason)
                .execute(&self.pool)
                .await
                .map_err(failed)?;
        }
        self.received_ids.forget(settled.iter().map(|settled| &settled.receipt.id));
        Ok(())
    }
}
