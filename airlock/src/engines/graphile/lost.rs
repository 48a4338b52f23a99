//! Jobs of lost workers: workers send heartbeats, and give back the jobs of those that don't.

use graphile_worker_queries::worker_heartbeat::registration::{
    worker_deregister, worker_heartbeat,
};
use graphile_worker_queries::worker_heartbeat::stale::get_worker_last_heartbeat;
use serde_json::json;

use crate::engines::graphile::Graphile;
use crate::engines::shared::postgres::statement_timeout;
use crate::worker::engine_error::EngineError;

/// The last error of a job whose worker was lost.
pub(super) const INTERRUPTED: &str = "the worker that had it did not live to say what became of it";

/// Graphile's `list_stale_workers` also returns workers of other programs, which may have other intervals. Each
/// of ours states with its heartbeat when it is lost.
const SWEEP: &str = "
    DELETE FROM {schema}._private_workers
    WHERE last_heartbeat_at
        < now() - (metadata ->> 'airlock_lost_after_ms')::int8 * interval '1 millisecond'
    RETURNING id";

/// Gives back the jobs that this worker was given in an answer that it has never received. None was attempted.
const RELEASE_NOT_RECEIVED: &str = "
    UPDATE {schema}._private_jobs
    SET locked_by = NULL, locked_at = NULL, updated_at = now()
    WHERE locked_by = $1 AND id != ALL($2)";

/// Graphile's `recover_dead_worker_jobs` counts no attempt, so a task that kills its workers would be tried for
/// ever. A job that has no attempts left is handed out once more, to a worker that makes it a dead letter and
/// logs that.
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

impl Graphile {
    /// Sends a heartbeat, which also registers the worker.
    pub(super) async fn send_heartbeat(&self) -> Result<(), EngineError> {
        let lost_after = u64::try_from(self.worker.lost_after.as_millis()).unwrap_or(u64::MAX);
        let metadata = json!({ "airlock_lost_after_ms": lost_after });
        worker_heartbeat(&self.pool, &self.schema, self.worker.name(), Some(metadata))
            .await
            .map_err(|error| self.error("register a worker in", error))
    }

    pub(super) async fn is_registered(&self) -> Result<bool, EngineError> {
        let last = get_worker_last_heartbeat(&self.pool, &self.schema, self.worker.name()).await;
        Ok(last.map_err(|error| self.error("look for workers in", error))?.is_some())
    }

    /// Gives back what this worker holds without knowing it.
    pub(super) async fn release_not_received(&self) -> Result<(), EngineError> {
        let release = async |received: Vec<i64>| {
            let timeout = self.worker.heartbeat() / 2;
            let mut transaction = statement_timeout::begin(&self.pool, timeout).await?;
            let release = sqlx::query(self.sql(RELEASE_NOT_RECEIVED)).bind(self.worker.name());
            release.bind(received).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        let released = self.received_ids.release_others(release).await;
        released.map_err(|error: sqlx::Error| self.error("put jobs back into", error))
    }

    /// Gives the jobs of lost workers back. No worker counts as lost before that is committed.
    pub(super) async fn sweep(&self) -> Result<(), EngineError> {
        let failed = |error| self.error("look for lost workers in", error);
        let transaction = statement_timeout::begin(&self.pool, self.worker.heartbeat() / 2).await;
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
        transaction.commit().await.map_err(failed)
    }

    /// Gives back what this worker still holds, and deregisters it: others only take over from registered
    /// workers. Attempts that have begun count.
    pub(super) async fn deregister(&self) -> Result<(), EngineError> {
        let failed = |error| self.error("take leave of", error);
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let own = vec![self.worker.name()];
        let given_back = sqlx::query(self.sql(TAKE_OVER)).bind(own).bind(INTERRUPTED);
        let given_back = given_back.execute(&mut *transaction).await;
        given_back.map_err(|error| self.error("give jobs back to", error))?;
        worker_deregister(&mut transaction, &self.schema, self.worker.name())
            .await
            .map_err(|error| self.error("take leave of", error))?;
        transaction.commit().await.map_err(failed)
    }
}
