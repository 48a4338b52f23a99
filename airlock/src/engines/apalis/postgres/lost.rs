//! Jobs of lost workers: workers send heartbeats, and give back the jobs of those that don't.

use sqlx::Transaction;

use crate::engines::apalis::Postgres;
use crate::engines::apalis::sql::{INTERRUPTED, lost_after, worker_names};
use crate::engines::shared::postgres::statement_timeout;
use crate::worker::engine_error::EngineError;

/// A worker's heartbeat, the first one and the others. apalis takes the time of the first one from the worker's
/// clock, by which the worker may be lost at once.
const HEARTBEAT: &str = "
    INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen)
    SELECT id, queue, 'PgStorage', now() FROM unnest($1::text[], $2::text[]) AS signs (id, queue)
    ON CONFLICT (id) DO UPDATE SET last_seen = now()";

/// Gives back the jobs that this worker was given in an answer that it has never received. None was attempted.
const RELEASE_NOT_RECEIVED: &str = "
    UPDATE apalis.jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL
    WHERE lock_by = ANY($1) AND status IN ('Queued', 'Running') AND id != ALL($2)";

/// Gives the jobs of lost workers back. apalis' own `reenqueue_orphaned` counts an attempt also for jobs
/// that did not begin there.
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

/// Gives back the jobs that this worker could not settle: others only take over from registered workers.
/// Attempts that have begun count.
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

impl Postgres {
    pub(super) async fn send_heartbeat(&self) -> Result<(), EngineError> {
        let sent = sqlx::query(HEARTBEAT)
            .bind(worker_names(&self.worker))
            .bind(self.worker.queues())
            .execute(&self.pool)
            .await;
        sent.map_err(|error| self.error("say that a worker lives to", error))?;
        Ok(())
    }

    /// Gives back what this worker holds without knowing it.
    pub(super) async fn release_not_received(&self) -> Result<(), EngineError> {
        let release = async |received: Vec<String>| {
            let mut transaction = self.begin_bounded().await?;
            let release = sqlx::query(RELEASE_NOT_RECEIVED).bind(worker_names(&self.worker));
            release.bind(received).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        let released = self.received_ids.release_others(release).await;
        released.map_err(|error| self.error("put jobs back into", error))
    }

    /// Gives the jobs of lost workers back.
    pub(super) async fn take_over(&self) -> Result<(), EngineError> {
        let lost_after = f64::from(lost_after(&self.worker));
        let taken = async {
            let mut transaction = self.begin_bounded().await?;
            let mut taken = 0;
            for queue in self.worker.queues() {
                let lost = sqlx::query(TAKE_OVER).bind(queue).bind(lost_after).bind(INTERRUPTED);
                taken += lost.execute(&mut *transaction).await?.rows_affected();
            }
            transaction.commit().await?;
            Ok(taken)
        };
        let taken: sqlx::Result<u64> = taken.await;
        if taken.map_err(|error| self.error("take over jobs in", error))? > 0 {
            self.wakeup.notify();
        }
        Ok(())
    }

    /// Gives back what this worker still holds, and deregisters it.
    pub(super) async fn deregister(&self) -> Result<(), EngineError> {
        let workers = worker_names(&self.worker);
        let left = async {
            let mut transaction = self.pool.begin().await?;
            let give_back = sqlx::query(GIVE_BACK).bind(&workers).bind(INTERRUPTED);
            give_back.execute(&mut *transaction).await?;
            sqlx::query(LEAVE).bind(&workers).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        let left: sqlx::Result<()> = left.await;
        left.map_err(|error| self.error("take leave of", error))
    }

    /// A transaction beside the worker's work: its statements end before the next heartbeat is due.
    async fn begin_bounded(&self) -> sqlx::Result<Transaction<'static, sqlx::Postgres>> {
        statement_timeout::begin(&self.pool, self.worker.heartbeat() / 2).await
    }
}
