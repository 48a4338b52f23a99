//! Jobs of lost workers: workers send heartbeats, and give back the jobs of those that don't.

use graphile_worker_queries::worker_heartbeat::registration::worker_deregister;
use graphile_worker_queries::worker_heartbeat::stale::get_worker_last_heartbeat;
use serde_json::json;

use crate::engines::graphile::Graphile;
use crate::engines::shared::postgres::statement_timeout;
use crate::engines::shared::postgres::undivided;
use crate::worker::engine_error::EngineError;

/// The last error of a job that had begun in a worker that was lost.
pub(super) const INTERRUPTED: &str = "the worker that had it did not live to say what became of it";

/// The last error of a job that waited in a worker that was lost, and has begun in none that was.
pub(super) const WAITED: &str = "the worker that it waited in was lost";

/// A worker's heartbeat, the first one and the others, as Graphile's function sends it; unless there was an outage: then
/// it returns the others that can't have sent theirs. These are workers of ours of which none has sent one for half of
/// the time after which they are lost. The clock may have been set back as well.
const HEARTBEAT: &str = "
    WITH last AS MATERIALIZED (
        SELECT max(last_heartbeat_at) AS heartbeat FROM {schema}._private_workers
        WHERE metadata ? 'airlock_lost_after_ms'
    ),
    silent AS MATERIALIZED (
        SELECT id FROM {schema}._private_workers, last
        WHERE id != $1
            AND last.heartbeat NOT BETWEEN
                now() - (metadata ->> 'airlock_lost_after_ms')::int8 * interval '500 microseconds'
                AND now() + interval '1 second'
    ),
    sent AS (
        INSERT INTO {schema}._private_workers AS workers (id, last_heartbeat_at, metadata)
        SELECT $1, now(), $2::jsonb WHERE NOT EXISTS (SELECT FROM silent)
        ON CONFLICT (id) DO UPDATE SET last_heartbeat_at = now(), metadata = $2::jsonb
    )
    SELECT id FROM silent";

/// The first heartbeat after an outage renews the leases of those as well: they get the time to say that they live. One
/// worker does that at a time, so that no two wait for each other's rows.
const RENEW_ALL: &str = "
    WITH locked AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(hashtext('airlock: leases after an outage'))
    ),
    others AS (
        UPDATE {schema}._private_workers SET last_heartbeat_at = clock_timestamp()
        FROM locked
        WHERE id = ANY($3) AND id != $1
    )
    INSERT INTO {schema}._private_workers (id, last_heartbeat_at, metadata)
    SELECT $1, clock_timestamp(), $2::jsonb FROM locked
    ON CONFLICT (id) DO UPDATE SET last_heartbeat_at = clock_timestamp(), metadata = $2::jsonb";

/// Graphile's `list_stale_workers` also returns workers of other programs, which may have other intervals. Each
/// of ours states with its heartbeat when it is lost.
///
/// By a worker whose own heartbeat is late none is lost: the clock was set since it sent that, or it was paused. Its next
/// heartbeat finds that out.
const SWEEP: &str = "
    DELETE FROM {schema}._private_workers
    WHERE last_heartbeat_at
        < now() - (metadata ->> 'airlock_lost_after_ms')::int8 * interval '1 millisecond'
        AND id != $1
        AND EXISTS (
            SELECT FROM {schema}._private_workers AS own
            WHERE own.id = $1
                AND own.last_heartbeat_at
                    > now() - (own.metadata ->> 'airlock_lost_after_ms')::int8 * interval '500 microseconds'
        )
    RETURNING id";

/// Gives back the jobs that this worker was given in an answer that it has never received. None was attempted.
const RELEASE_NOT_RECEIVED: &str = "
    UPDATE {schema}._private_jobs AS jobs
    SET locked_by = NULL, locked_at = NULL, updated_at = now()
    WHERE locked_by = $1 AND NOT EXISTS (
        SELECT FROM unnest($2::int8[], $3::int8[]) AS received (id, taken_at)
        WHERE received.id = jobs.id
            AND jobs.locked_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'
    )";

/// Graphile's `recover_dead_worker_jobs` counts no attempt, so a task that kills its workers would be tried for
/// ever. A job that has no attempts left is handed out once more, to a worker that makes it a dead letter and
/// logs that. What has begun was updated since it was taken.
const TAKE_OVER: &str = "
    UPDATE {schema}._private_jobs AS jobs
    SET
        max_attempts = CASE WHEN EXISTS (
            SELECT FROM {schema}._private_job_retirements AS retired WHERE retired.id = jobs.id
        ) THEN max_attempts ELSE greatest(max_attempts, least(attempts::int4 + 1, 32767)) END,
        last_error = CASE WHEN updated_at != locked_at OR last_error = $2 THEN $2 ELSE $3 END,
        locked_by = NULL,
        locked_at = NULL,
        updated_at = now()
    WHERE locked_by = ANY($1)";

impl Graphile {
    /// Sends a heartbeat, which also registers the worker.
    pub(super) async fn send_heartbeat(&self) -> Result<(), EngineError> {
        let lost_after = u64::try_from(self.worker.lost_after.as_millis()).unwrap_or(u64::MAX);
        let metadata = json!({ "airlock_lost_after_ms": lost_after }).to_string();
        let (pool, name) = (self.control(), self.worker.name());
        let sent = async {
            let heartbeat = sqlx::query_scalar(self.sql(HEARTBEAT)).bind(name).bind(&metadata);
            let silent: Vec<String> = heartbeat.fetch_all(&pool).await?;
            if !silent.is_empty() {
                let renew = sqlx::query(self.sql(RENEW_ALL)).bind(name).bind(&metadata);
                renew.bind(silent).execute(&pool).await?;
            }
            Ok(())
        };
        let sent: sqlx::Result<()> = sent.await;
        sent.map_err(|error| self.error("register a worker in", error))
    }

    pub(super) async fn is_registered(&self) -> Result<bool, EngineError> {
        let last =
            get_worker_last_heartbeat(&self.control(), &self.schema, self.worker.name()).await;
        Ok(last.map_err(|error| self.error("look for workers in", error))?.is_some())
    }

    /// Gives back what this worker holds without knowing it.
    pub(super) async fn release_not_received(&self) -> Result<(), EngineError> {
        let release = async |received: Vec<(i64, i64)>| {
            let (ids, taken_at): (Vec<_>, Vec<_>) = received.into_iter().unzip();
            let timeout = self.worker.heartbeat() / 2;
            let mut transaction = statement_timeout::begin(&self.control(), timeout).await?;
            let release = sqlx::query(self.sql(RELEASE_NOT_RECEIVED)).bind(self.worker.name());
            release.bind(ids).bind(taken_at).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        let released = self.received_ids.release_others(release).await;
        released.map_err(|error: sqlx::Error| self.error("put jobs back into", error))
    }

    /// Gives the jobs of lost workers back. No worker counts as lost before that is committed.
    pub(super) async fn sweep(&self) -> Result<(), EngineError> {
        let failed = |error| self.error("look for lost workers in", error);
        let timeout = self.worker.heartbeat() / 2;
        let transaction = statement_timeout::begin(&self.control(), timeout).await;
        let mut transaction = transaction.map_err(failed)?;
        let lost: Vec<String> = sqlx::query_scalar(self.sql(SWEEP))
            .bind(self.worker.name())
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed)?;
        if !lost.is_empty() {
            let taken = sqlx::query(self.sql(TAKE_OVER)).bind(&lost).bind(INTERRUPTED).bind(WAITED);
            let taken = taken.execute(&mut *transaction).await;
            taken.map_err(|error| self.error("take over jobs in", error))?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Gives back what this worker still holds, and deregisters it: others only take over from registered
    /// workers. Attempts that have begun count.
    pub(super) async fn deregister(&self) -> Result<(), EngineError> {
        let failed = |error| self.error("take leave of", error);
        let mut transaction = undivided::begin(&self.control()).await.map_err(failed)?;
        let own = vec![self.worker.name()];
        let given_back = sqlx::query(self.sql(TAKE_OVER)).bind(own).bind(INTERRUPTED).bind(WAITED);
        let given_back = given_back.execute(&mut *transaction).await;
        given_back.map_err(|error| self.error("give jobs back to", error))?;
        worker_deregister(&mut transaction, &self.schema, self.worker.name())
            .await
            .map_err(|error| self.error("take leave of", error))?;
        transaction.commit().await.map_err(failed)
    }
}
