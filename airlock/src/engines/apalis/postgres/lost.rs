//! Jobs of lost workers: workers send heartbeats, and give back the jobs of those that don't.

use sqlx::Transaction;

use crate::engines::apalis::Postgres;
use crate::engines::apalis::sql::{INTERRUPTED, WAITED, lost_after, worker_names};
use crate::engines::shared::postgres::statement_timeout;
use crate::engines::shared::postgres::undivided;
use crate::worker::engine_error::EngineError;

/// A worker's heartbeat, the first one and the others, unless there was an outage: then it returns the queues in which
/// nobody has sent one for a while, or whose clock was set back. apalis takes the time of the first one from the
/// worker's clock, by which the worker may be lost at once.
const HEARTBEAT: &str = "
    WITH silent AS MATERIALIZED (
        SELECT worker_type FROM apalis.workers
        WHERE worker_type = ANY($2)
        GROUP BY worker_type
        HAVING max(last_seen) NOT BETWEEN now() - $3 * interval '1 second' AND now() + interval '1 second'
    ),
    sent AS (
        INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen)
        SELECT id, queue, 'PgStorage', now() FROM unnest($1::text[], $2::text[]) AS signs (id, queue)
        WHERE NOT EXISTS (SELECT FROM silent)
        ON CONFLICT (id) DO UPDATE SET last_seen = now()
    )
    SELECT worker_type FROM silent";

/// The first heartbeat after an outage renews everybody's lease: the others could send none, and get the time to say
/// that they live. One worker does that at a time, so that no two wait for each other's rows.
const RENEW_ALL: &str = "
    WITH locked AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(hashtext('airlock: leases after an outage'))
    ),
    others AS (
        UPDATE apalis.workers SET last_seen = clock_timestamp()
        FROM locked
        WHERE worker_type = ANY($2) AND id != ALL($1)
    )
    INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen)
    SELECT id, queue, 'PgStorage', clock_timestamp()
    FROM locked, unnest($1::text[], $2::text[]) AS signs (id, queue)
    ON CONFLICT (id) DO UPDATE SET last_seen = clock_timestamp()";

/// Gives back the jobs that this worker was given in an answer that it has never received. None was attempted.
const RELEASE_NOT_RECEIVED: &str = "
    UPDATE apalis.jobs AS jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL
    WHERE lock_by = ANY($1)
        AND status IN ('Queued', 'Running')
        AND NOT EXISTS (
            SELECT FROM unnest($2::text[], $3::int8[]) AS received (id, taken_at)
            WHERE received.id = jobs.id
                AND jobs.lock_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'
        )";

/// Gives the jobs of lost workers back. apalis' own `reenqueue_orphaned` counts an attempt also for jobs
/// that did not begin there.
///
/// By a worker whose own heartbeat is as late none is lost: the clock was set since it sent that, or it was paused. Its next
/// heartbeat finds that out.
const TAKE_OVER: &str = "
    WITH lost AS (
        SELECT jobs.id, jobs.status = 'Running' AS begun
        FROM apalis.jobs JOIN apalis.workers ON jobs.lock_by = workers.id
        WHERE jobs.status IN ('Queued', 'Running')
            AND worker_type = $1
            AND workers.id != ALL($4)
            AND last_seen <= now() - $2 * interval '1 second'
            AND EXISTS (
                SELECT FROM apalis.workers AS own
                WHERE own.id = ANY($4) AND own.worker_type = $1
                    AND own.last_seen > now() - $2 * interval '0.5 seconds'
            )
        FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE apalis.jobs AS jobs SET
        status = 'Pending',
        attempts = attempts + begun::int4,
        last_result = CASE WHEN begun OR last_result = $3::jsonb THEN $3::jsonb ELSE $5::jsonb END,
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
        last_result =
            CASE WHEN status = 'Running' OR last_result = $2::jsonb THEN $2::jsonb ELSE $3::jsonb END,
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
        let pool = self.control();
        let (names, queues) = (worker_names(&self.worker), self.worker.queues());
        let sent = async {
            let silent: Vec<String> = sqlx::query_scalar(HEARTBEAT)
                .bind(&names)
                .bind(queues)
                .bind(self.worker.longest_silence())
                .fetch_all(&pool)
                .await?;
            if !silent.is_empty() {
                sqlx::query(RENEW_ALL).bind(&names).bind(queues).execute(&pool).await?;
            }
            Ok(())
        };
        let sent: sqlx::Result<()> = sent.await;
        sent.map_err(|error| self.error("say that a worker lives to", error))
    }

    /// Gives back what this worker holds without knowing it.
    pub(super) async fn release_not_received(&self) -> Result<(), EngineError> {
        let release = async |received: Vec<(String, i64)>| {
            let (ids, taken_at): (Vec<_>, Vec<_>) = received.into_iter().unzip();
            let mut transaction = self.begin_bounded().await?;
            let release = sqlx::query(RELEASE_NOT_RECEIVED).bind(worker_names(&self.worker));
            release.bind(ids).bind(taken_at).execute(&mut *transaction).await?;
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
                let lost = lost.bind(worker_names(&self.worker)).bind(WAITED);
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
            let mut transaction = undivided::begin(&self.control()).await?;
            let give_back = sqlx::query(GIVE_BACK).bind(&workers).bind(INTERRUPTED).bind(WAITED);
            give_back.execute(&mut *transaction).await?;
            sqlx::query(LEAVE).bind(&workers).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        let left: sqlx::Result<()> = left.await;
        left.map_err(|error| self.error("take leave of", error))
    }

    /// A transaction beside the worker's work: its statements end before the next heartbeat is due.
    async fn begin_bounded(&self) -> sqlx::Result<Transaction<'static, sqlx::Postgres>> {
        statement_timeout::begin(&self.control(), self.worker.heartbeat() / 2).await
    }
}
