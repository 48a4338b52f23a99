//! From the table of jobs to a worker, and back.

use std::time::Duration;

use sqlx::Transaction;

use crate::core::task::called::BoxError;
use crate::engines::apalis::Postgres;
use crate::engines::apalis::sql::{INTERRUPTED, SqlReceipt, endings, ids, message};
use crate::engines::shared::limited;
use crate::engines::shared::sql::column;
use crate::worker::engine_error::EngineError;
use crate::worker::{Message, Settled, Source, within_heartbeat};

/// A worker's signs of life, the first and the others. apalis takes the first one's time from the
/// worker's clock, by which it may be lost at once.
const SIGN: &str = "
    INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen)
    SELECT id, queue, 'PgStorage', now() FROM unnest($1::text[], $2::text[]) AS signs (id, queue)
    ON CONFLICT (id) DO UPDATE SET last_seen = now()";

/// What this worker was given in an answer that it never got. It is no attempt.
const PUT_BACK_OTHERS: &str = "
    UPDATE apalis.jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL
    WHERE lock_by = ANY($1) AND status IN ('Queued', 'Running') AND id != ALL($2)";

/// apalis' own function, but not its `fetch_next`: that one fails for all of a batch, which is this
/// worker's by then, where another program has written one row with an id that is no ULID; and it
/// returns rows in any order.
const RECEIVE: &str = "
    SELECT
        id,
        job,
        attempts::int8,
        round(extract(epoch FROM lock_at) * 1000000)::int8,
        coalesce(last_result = $4::jsonb, false)
    FROM apalis.get_jobs($1, $2, $3)
    ORDER BY priority DESC, run_at, id";

/// Its id, its body, its attempts, when it was taken, and whether its worker died.
type Row = (String, Vec<u8>, i64, i64, bool);

/// In apalis' tables a job is `Queued` while it waits in a worker, and `Running` once it has begun.
///
/// This commit is the only one that doesn't wait for the disk. What is lost of it, where PostgreSQL
/// itself is killed, is that one more attempt was made of a task whose worker dies at that moment too.
const BEGIN: &str = "
    WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE apalis.jobs SET status = 'Running'
    FROM relaxed
    WHERE id = ANY($1) AND lock_by = $2";

/// Puts back what lost workers held. apalis' own `reenqueue_orphaned` counts an attempt also for what
/// only waited there.
const TAKE_OVER: &str = "
    WITH lost AS (
        SELECT jobs.id, jobs.status = 'Running' AS begun
        FROM apalis.jobs JOIN apalis.workers ON jobs.lock_by = workers.id
        WHERE jobs.status IN ('Queued', 'Running')
            AND worker_type = $1
            AND last_seen <= now() - $2 * interval '1 second'
        FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE apalis.jobs AS jobs SET
        status = 'Pending',
        attempts = attempts + begun::int4,
        last_result = $3::jsonb,
        done_at = NULL,
        lock_by = NULL,
        lock_at = NULL
    FROM lost
    WHERE jobs.id = lost.id";

/// What this worker could not settle: nobody would take it over from one that is gone. Attempts that
/// have begun were made.
const GIVE_BACK: &str = "
    UPDATE apalis.jobs SET
        attempts = attempts + (status = 'Running')::int4,
        last_result = $2::jsonb,
        status = 'Pending',
        done_at = NULL,
        lock_by = NULL,
        lock_at = NULL
    WHERE lock_by = ANY($1) AND status IN ('Queued', 'Running')";

const LEAVE: &str = "
    DELETE FROM apalis.workers
    WHERE id = ANY($1) AND NOT EXISTS (SELECT FROM apalis.jobs WHERE lock_by = workers.id)";

const DUE: &str = "
    SELECT EXISTS (
        SELECT FROM apalis.jobs
        WHERE job_type = ANY($1)
            AND (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts))
            AND run_at < now()
    )";

/// apalis' own statements won't do: those for jobs that go back count an attempt each time, and know
/// no later time and no reason. And with `Failed`, which is apalis' status for such jobs, one is lost
/// when it has been tried as often as its row says, whatever the worker thinks. Here one statement
/// settles all, and removes the worker's name, so that finding what it holds takes no longer the more
/// it has done.
const SETTLE: &str = "
    UPDATE apalis.jobs AS jobs SET
        status = ending.status,
        attempts = ending.attempts,
        run_at = coalesce(now() + ending.after * interval '1 microsecond', run_at),
        last_result = coalesce(ending.result::jsonb, last_result),
        done_at = CASE WHEN ending.status != 'Pending' THEN now() END,
        lock_by = NULL,
        lock_at = NULL
    FROM unnest(
        $2::text[], $3::text[], $4::int4[], $5::int8[], $6::text[], $7::int8[], $8::int4[]
    ) AS ending (id, status, attempts, after, result, taken_at, attempts_before)
    WHERE jobs.id = ending.id
        AND lock_by = $1
        AND lock_at = 'epoch'::timestamptz + ending.taken_at * interval '1 microsecond'
        AND jobs.attempts = ending.attempts_before";

impl Source for Postgres {
    type Receipt = SqlReceipt;

    async fn open(&self) -> Result<(), BoxError> {
        self.sign().await?;
        self.serving.last_heartbeat.sent(self.serving.heartbeat());
        let queues = self.serving.queues().to_vec();
        self.listening.start(self.pool.clone(), queues, self.serving.news());
        Ok(self.take_over().await?)
    }

    async fn wait(&self) {
        // What goes wrong here goes wrong again in `receive`, which tells.
        let due = || async {
            let queues = self.serving.queues();
            sqlx::query_scalar(DUE).bind(queues).fetch_one(&self.pool).await.unwrap_or(true)
        };
        self.serving.wait(due).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<SqlReceipt>>, BoxError> {
        self.serving.receive(room, |index, room| self.receive_from(index, room)).await
    }

    async fn begin(&self, receipts: &[&SqlReceipt]) -> Result<(), BoxError> {
        for (index, queue) in self.serving.queues().iter().enumerate() {
            let ids = ids(receipts, index);
            if ids.is_empty() {
                continue;
            }
            let worker = self.serving.worker(queue);
            let told = sqlx::query(BEGIN).bind(ids).bind(worker).execute(&self.pool).await;
            told.map_err(|error| self.error("begin jobs of", error))?;
        }
        Ok(())
    }

    async fn settle(&self, settled: &[Settled<SqlReceipt>]) -> Result<(), BoxError> {
        for (index, queue) in self.serving.queues().iter().enumerate() {
            let endings = endings(settled, index);
            if endings.is_empty() {
                continue;
            }
            let told = sqlx::query(SETTLE)
                .bind(self.serving.worker(queue))
                .bind(column(&endings, |ending| &*ending.id))
                .bind(column(&endings, |ending| ending.status))
                .bind(column(&endings, |ending| ending.attempts))
                .bind(column(&endings, |ending| ending.after.map(microseconds)))
                .bind(column(&endings, |ending| ending.result.as_deref()))
                .bind(column(&endings, |ending| ending.taken_at))
                .bind(column(&endings, |ending| ending.attempts_before))
                .execute(&self.pool)
                .await;
            told.map_err(|error| self.error("settle jobs in", error))?;
            self.received_ids.forget(endings.iter().map(|ending| &ending.id));
        }
        Ok(())
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        let heartbeat = self.serving.heartbeat();
        within_heartbeat(heartbeat, async { Ok(self.sign().await?) }).await?;
        let in_time = self.serving.last_heartbeat.sent(heartbeat);
        let look_after = async {
            self.put_back_others().await?;
            if in_time {
                self.take_over().await?;
            }
            Ok(())
        };
        within_heartbeat(heartbeat, look_after).await
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.serving.heartbeat())
    }

    async fn close(&self) -> Result<(), BoxError> {
        let left = async {
            let mut transaction = self.pool.begin().await?;
            let give_back = sqlx::query(GIVE_BACK).bind(self.workers()).bind(INTERRUPTED);
            give_back.execute(&mut *transaction).await?;
            sqlx::query(LEAVE).bind(self.workers()).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        let left: Result<(), sqlx::Error> = left.await;
        Ok(left.map_err(|error| self.error("take leave of", error))?)
    }
}

impl Postgres {
    /// The names of this worker, queue by queue.
    fn workers(&self) -> Vec<String> {
        self.serving.queues().iter().map(|queue| self.serving.worker(queue)).collect()
    }

    async fn put_back_others(&self) -> Result<(), EngineError> {
        let put_back = async |held: Vec<String>| {
            let mut limited = self.limited().await?;
            let put_back = sqlx::query(PUT_BACK_OTHERS).bind(self.workers()).bind(held);
            put_back.execute(&mut *limited).await?;
            limited.commit().await
        };
        let put_back = self.received_ids.release_others(put_back).await;
        put_back.map_err(|error| self.error("put jobs back into", error))?;
        Ok(())
    }

    async fn sign(&self) -> Result<(), EngineError> {
        let queues = self.serving.queues();
        let signed = sqlx::query(SIGN).bind(self.workers()).bind(queues).execute(&self.pool).await;
        signed.map_err(|error| self.error("say that a worker lives to", error))?;
        Ok(())
    }

    async fn receive_from(
        &self,
        index: usize,
        room: usize,
    ) -> Result<Vec<Message<SqlReceipt>>, EngineError> {
        let queue = &self.serving.queues()[index];
        let rows = sqlx::query_as(RECEIVE)
            .bind(self.serving.worker(queue))
            .bind(queue)
            .bind(i32::try_from(room).unwrap_or(i32::MAX))
            .bind(INTERRUPTED)
            .fetch_all(&self.pool);
        let rows = self.received_ids.receive(rows, |(id, ..): &Row| id.clone()).await;
        let rows = rows.map_err(|error| self.error("take jobs from", error))?;
        let message = |(id, body, attempts, taken_at, interrupted): Row| {
            message(index, id, &body, attempts, taken_at, interrupted)
        };
        Ok(rows.into_iter().map(message).collect())
    }

    /// Puts back what lost workers held.
    async fn take_over(&self) -> Result<(), EngineError> {
        let lost_after = f64::from(self.serving.lost_after());
        let taken = async {
            let mut limited = self.limited().await?;
            let mut taken = 0;
            for queue in self.serving.queues() {
                let lost = sqlx::query(TAKE_OVER).bind(queue).bind(lost_after).bind(INTERRUPTED);
                taken += lost.execute(&mut *limited).await?.rows_affected();
            }
            limited.commit().await?;
            Ok(taken)
        };
        let taken: Result<u64, sqlx::Error> = taken.await;
        if taken.map_err(|error| self.error("take over jobs in", error))? > 0 {
            self.serving.tell();
        }
        Ok(())
    }

    /// What a worker does beside its work waits for nobody for longer than until its next sign of life.
    async fn limited(&self) -> sqlx::Result<Transaction<'static, sqlx::Postgres>> {
        limited::begin(&self.pool, self.serving.heartbeat() / 2).await
    }
}

fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX)
}
