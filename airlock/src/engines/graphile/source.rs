//! Taking jobs, and telling what became of them.

use std::time::Duration;

use ::tokio::select;
use ::tokio::time::sleep;
use graphile_worker_queries::worker_heartbeat::registration::{
    worker_deregister, worker_heartbeat,
};
use graphile_worker_queries::worker_heartbeat::stale::get_worker_last_heartbeat;
use serde_json::json;
use uuid::Uuid;

use crate::core::task::called::BoxError;
use crate::engines::graphile::Graphile;
use crate::engines::graphile::push::microseconds;
use crate::engines::shared::limited;
use crate::engines::shared::sql::column;
use crate::envelope::Envelope;
use crate::worker::{LastHeartbeat, Message, Settled, Settlement, Source, within_heartbeat};

/// Graphile's `batch_get_jobs` differs in three ways: it returns jobs in any order; the crate reads
/// payloads into JSON values, which rounds large numbers; and it takes jobs for a worker that others
/// count as lost, whom nobody would take them over from.
///
/// The lock on the worker's own row is what a sweep waits for, or is waited for.
const TAKE: &str = "
    WITH alive AS MATERIALIZED (
        SELECT 1 FROM {schema}._private_workers WHERE id = $1 FOR KEY SHARE
    ),
    due AS MATERIALIZED (
        SELECT id FROM {schema}._private_jobs
        WHERE is_available = true
            AND run_at <= now()
            AND task_id = ANY(ARRAY(
                SELECT id FROM {schema}._private_tasks WHERE identifier = ANY($2)
            ))
            AND EXISTS (SELECT FROM alive)
        ORDER BY priority, run_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    ),
    taken AS (
        UPDATE {schema}._private_jobs
        SET locked_by = $1, locked_at = now()
        WHERE id = ANY(ARRAY(SELECT id FROM due))
        RETURNING id, payload, attempts, priority, run_at, locked_at, last_error
    )
    SELECT
        id,
        payload::text,
        attempts,
        round(extract(epoch FROM locked_at) * 1000000)::int8,
        coalesce(last_error = $4, false)
    FROM taken
    ORDER BY priority, run_at, id";

/// Graphile counts an attempt when it hands out a job. Here one counts from when its task has begun.
///
/// This commit is the only one that doesn't wait for the disk. What is lost of it, where PostgreSQL
/// itself is killed, is that one more attempt was made of a task whose worker dies at that moment too.
const BEGIN: &str = "
    WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE {schema}._private_jobs AS jobs
    SET attempts = greatest(jobs.attempts, attempt)
    FROM unnest($2::int8[], $3::int8[], $4::int2[]) AS begun (id, taken_at, attempt), relaxed
    WHERE jobs.id = begun.id
        AND jobs.locked_by = $1
        AND jobs.locked_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'";

/// What a job says whose worker died.
const INTERRUPTED: &str = "the worker that had it did not live to say what became of it";

/// Whoever did a job, it is done: also one that was taken over meanwhile.
const DONE: &str = "DELETE FROM {schema}._private_jobs WHERE id = ANY($1)";

/// Graphile's own ways to fail a job compute the wait themselves. A job is given up by what its limit
/// of attempts becomes, so that the number of those made stays; and its key is free then.
///
/// The time of the lock tells one delivery from another: to settle one twice, because an answer was
/// lost, does nothing to the next. One that somebody removed meanwhile stays so.
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

/// Graphile's `list_stale_workers` also names workers of other programs, which may have promised other
/// intervals. Each of ours says for itself when it is lost.
const SWEEP: &str = "
    DELETE FROM {schema}._private_workers
    WHERE last_heartbeat_at
        < now() - (metadata ->> 'airlock_lost_after_ms')::int8 * interval '1 millisecond'
    RETURNING id";

/// What this worker was given by an answer that it has never heard. It has run none of it.
const PUT_BACK_UNHEARD: &str = "
    UPDATE {schema}._private_jobs
    SET locked_by = NULL, locked_at = NULL, updated_at = now()
    WHERE locked_by = $1 AND id != ALL($2)";

/// Graphile's `recover_dead_worker_jobs` counts no attempt, so that a task that kills its workers
/// would be tried for ever. One that has been tried as often as it may is handed out once more, to a
/// worker that makes a dead letter of it, and says so.
const TAKE_OVER: &str = "
    UPDATE {schema}._private_jobs AS jobs
    SET
        max_attempts = CASE WHEN EXISTS (
            SELECT FROM {schema}._private_job_retirements AS retired WHERE retired.id = jobs.id
        ) THEN max_attempts ELSE greatest(max_attempts, least(attempts::int4 + 1, 32767)) END,
        last_error = $2,
        locked_by = NULL,
        locked_at = NULL,
        updated_at = now()
    WHERE locked_by = ANY($1)";

/// Its id, its body, its attempts, when it was taken, and whether its worker died.
type Row = (i64, String, i16, i64, bool);

/// Which job a worker was given, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphileReceipt {
    id: i64,
    taken_at: i64,
    attempt: i16,
}

/// As whom a handle takes jobs. A clone is another worker: what one leaves behind is not kept alive by
/// the other.
pub(super) struct Identity {
    name: String,
    last_heartbeat: LastHeartbeat,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            name: format!("airlock-{}", Uuid::now_v7()),
            last_heartbeat: LastHeartbeat::default(),
        }
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Graphile {
    async fn take(&self, room: usize) -> Result<Vec<Message<GraphileReceipt>>, BoxError> {
        let jobs: Vec<Row> = sqlx::query_as(self.sql(TAKE))
            .bind(&self.identity.name)
            .bind(self.identifiers())
            .bind(i64::try_from(room).unwrap_or(i64::MAX))
            .bind(INTERRUPTED)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.error("take jobs from", error))?;
        let message = |(id, payload, attempts, taken_at, interrupted): Row| {
            let attempt = attempts.max(0).saturating_add(1);
            let receipt = GraphileReceipt { id, taken_at, attempt };
            Message::new(receipt, Envelope::from_json(payload.as_bytes()))
                .attempt(attempt.try_into().unwrap_or(1))
                .interrupted(interrupted)
        };
        Ok(jobs.into_iter().map(message).collect())
    }

    /// Gives a sign of life; this is also how others learn of the worker.
    async fn give_sign(&self) -> Result<(), BoxError> {
        let lost_after = u64::try_from(self.lost_after.as_millis()).unwrap_or(u64::MAX);
        let promise = json!({ "airlock_lost_after_ms": lost_after });
        worker_heartbeat(&self.pool, &self.schema, &self.identity.name, Some(promise))
            .await
            .map_err(|error| self.error("register a worker in", error).into())
    }

    async fn put_back_unheard(&self) -> Result<(), BoxError> {
        let put_back = async |held: Vec<i64>| {
            let mut limited = limited::begin(&self.pool, self.heartbeat() / 2).await?;
            let put_back = sqlx::query(self.sql(PUT_BACK_UNHEARD)).bind(&self.identity.name);
            put_back.bind(held).execute(&mut *limited).await?;
            limited.commit().await
        };
        let put_back = self.received_ids.release_others(put_back).await;
        put_back.map_err(|error: sqlx::Error| self.error("put jobs back into", error).into())
    }

    /// How often a worker gives a sign of life; what else it does meanwhile takes no longer.
    fn heartbeat(&self) -> Duration {
        self.lost_after / 3
    }

    async fn is_registered(&self) -> Result<bool, BoxError> {
        let last = get_worker_last_heartbeat(&self.pool, &self.schema, &self.identity.name).await;
        Ok(last.map_err(|error| self.error("look for workers in", error))?.is_some())
    }

    /// Gives the jobs of lost workers back. Nobody is lost before that is committed.
    async fn sweep(&self) -> Result<(), BoxError> {
        let failed = |error| self.error("look for lost workers in", error);
        let transaction = limited::begin(&self.pool, self.heartbeat() / 2).await;
        let mut transaction = transaction.map_err(failed)?;
        let lost: Vec<String> = sqlx::query_scalar(self.sql(SWEEP))
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed)?;
        if !lost.is_empty() {
            let taken = sqlx::query(self.sql(TAKE_OVER)).bind(&lost).bind(INTERRUPTED);
            let taken = taken.execute(&mut *transaction).await;
            taken.map_err(|error| self.error("take over jobs in", error))?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(())
    }
}

impl Source for Graphile {
    type Receipt = GraphileReceipt;

    async fn open(&self) -> Result<(), BoxError> {
        self.give_sign().await?;
        self.identity.last_heartbeat.sent(self.heartbeat());
        self.sweep().await?;
        self.listening.start(self.pool.clone());
        Ok(())
    }

    async fn wait(&self) {
        select! {
            () = self.listening.news() => {}
            () = sleep(self.poll) => {}
        }
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<GraphileReceipt>>, BoxError> {
        let received = async {
            let messages = self.take(room).await?;
            // One that others counted as lost has to register again.
            if messages.is_empty() && !self.is_registered().await? {
                self.give_sign().await?;
                return self.take(room).await;
            }
            Ok(messages)
        };
        self.received_ids.receive(received, |message| message.receipt.id).await
    }

    async fn begin(&self, receipts: &[&GraphileReceipt]) -> Result<(), BoxError> {
        let begun = sqlx::query(self.sql(BEGIN))
            .bind(&self.identity.name)
            .bind(column(receipts, |receipt| receipt.id))
            .bind(column(receipts, |receipt| receipt.taken_at))
            .bind(column(receipts, |receipt| receipt.attempt))
            .execute(&self.pool);
        begun.await.map(drop).map_err(|error| self.error("begin jobs of", error).into())
    }

    async fn settle(&self, settled: &[Settled<GraphileReceipt>]) -> Result<(), BoxError> {
        let (mut done, mut back) = (Vec::new(), PutBack::default());
        for Settled { receipt, settlement } in settled {
            match settlement {
                Settlement::Done => done.push(receipt.id),
                Settlement::Retry { after, reason } => {
                    back.push(receipt, reason.is_some(), false, Some(*after), reason.as_deref());
                }
                Settlement::Dead { reason } => back.push(receipt, true, true, None, Some(reason)),
                Settlement::Return => back.push(receipt, false, false, None, None),
            }
        }
        let failed = |error| self.error("settle jobs in", error);
        if !done.is_empty() {
            let done = sqlx::query(self.sql(DONE)).bind(done);
            done.execute(&self.pool).await.map_err(failed)?;
        }
        if !back.id.is_empty() {
            sqlx::query(self.sql(PUT_BACK))
                .bind(&self.identity.name)
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

    async fn keep_alive(&self) -> Result<(), BoxError> {
        let heartbeat = self.heartbeat();
        within_heartbeat(heartbeat, self.give_sign()).await?;
        let in_time = self.identity.last_heartbeat.sent(heartbeat);
        let look_after = async {
            self.put_back_unheard().await?;
            if in_time { self.sweep().await } else { Ok(()) }
        };
        within_heartbeat(heartbeat, look_after).await
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(Self::heartbeat(self))
    }

    /// What could not be settled is given back: nobody would take it over from a worker that is gone.
    /// Its attempts were made, as far as they were begun.
    async fn close(&self) -> Result<(), BoxError> {
        self.listening.stop();
        let failed = |error| self.error("take leave of", error);
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let me = std::slice::from_ref(&self.identity.name);
        let given_back = sqlx::query(self.sql(TAKE_OVER)).bind(me).bind(INTERRUPTED);
        let given_back = given_back.execute(&mut *transaction).await;
        given_back.map_err(|error| self.error("give jobs back to", error))?;
        worker_deregister(&mut transaction, &self.schema, &self.identity.name)
            .await
            .map_err(|error| self.error("take leave of", error))?;
        transaction.commit().await.map_err(failed)?;
        Ok(())
    }
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
    fn push(
        &mut self,
        receipt: &GraphileReceipt,
        counts: bool,
        dead: bool,
        wait: Option<Duration>,
        reason: Option<&str>,
    ) {
        /// As far away as a time of PostgreSQL's may be, and a little less.
        const FOR_EVER: Duration = Duration::from_hours(100_000 * 365 * 24);
        self.id.push(receipt.id);
        self.taken_at.push(receipt.taken_at);
        self.made.push(receipt.attempt - i16::from(!counts));
        self.dead.push(dead);
        self.wait.push(wait.map(|wait| microseconds(wait.min(FOR_EVER))));
        // A text of PostgreSQL's can't hold that character, and with it the whole batch could never be
        // settled.
        self.reason.push(reason.map(|reason| reason.replace('\0', "\u{fffd}")));
    }
}
