//! Jobs of lost workers: they are given back.

use sqlx::Connection as _;

use crate::engines::apalis::Sqlite;
use crate::engines::apalis::sql::{INTERRUPTED, lost_after, worker_in, worker_names};
use crate::worker::engine_error::EngineError;

/// Gives the jobs of lost workers back. apalis' own `reenqueue_orphaned` counts an attempt also for jobs
/// that did not begin there.
const TAKE_OVER: &str = "
    UPDATE Jobs SET
        attempts = attempts + (status = 'Running'),
        last_result = ?4,
        status = 'Pending',
        done_at = NULL,
        lock_by = NULL,
        lock_at = NULL
    WHERE status IN ('Queued', 'Running') AND lock_by IN (
        SELECT id FROM Workers
        WHERE worker_type = ?1 AND id != ?2 AND unixepoch() - last_seen >= ?3
    )";

/// Gives back the jobs that this worker could not settle: others only take over from registered workers.
/// Attempts that have begun count.
const GIVE_BACK: &str = "
    UPDATE Jobs SET
        attempts = attempts + (status = 'Running'),
        last_result = ?2,
        status = 'Pending',
        done_at = NULL,
        lock_by = NULL,
        lock_at = NULL
    WHERE status IN ('Queued', 'Running') AND lock_by IN (SELECT value FROM json_each(?1))";

const LEAVE: &str = "
    DELETE FROM Workers
    WHERE id IN (SELECT value FROM json_each(?1))
        AND NOT EXISTS (SELECT 1 FROM Jobs WHERE lock_by = Workers.id)";

impl Sqlite {
    /// Gives the jobs of lost workers back.
    pub(super) async fn take_over(&self) -> Result<(), EngineError> {
        for queue in self.worker.queues() {
            let taken = sqlx::query(TAKE_OVER)
                .bind(queue)
                .bind(worker_in(&self.worker, queue))
                .bind(lost_after(&self.worker))
                .bind(INTERRUPTED)
                .execute(&self.pool)
                .await;
            let taken = taken.map_err(|error| self.error("take over jobs in", error))?;
            if taken.rows_affected() > 0 {
                self.wake();
            }
        }
        Ok(())
    }

    /// Gives back what this worker still holds, and deregisters it.
    pub(super) async fn deregister(&self) -> Result<(), EngineError> {
        let workers = serde_json::Value::from(worker_names(&self.worker)).to_string();
        let left = async {
            let mut connection = self.acquire_relaxed().await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let give_back = sqlx::query(GIVE_BACK).bind(&workers).bind(INTERRUPTED);
            give_back.execute(&mut *transaction).await?;
            sqlx::query(LEAVE).bind(&workers).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        left.await.map_err(|error| self.error("take leave of", error))
    }
}
