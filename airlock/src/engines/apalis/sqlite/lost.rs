//! Jobs of lost workers: they are given back.

use serde_json::{Value, json};
use sqlx::{Connection as _, SqlitePool};

use crate::engines::apalis::Sqlite;
use crate::engines::apalis::sql::{INTERRUPTED, WAITED, lost_after, worker_in, worker_names};
use crate::transactions::sqlx::clean_connection;
use crate::worker::engine_error::EngineError;

/// The worker's heartbeat, the first one and the others.
const HEARTBEAT: &str = "
    INSERT INTO Workers (id, worker_type, storage_name, layers, last_seen, started_at)
    SELECT value ->> 0, value ->> 1, 'SqliteStorage', 'airlock', unixepoch(), unixepoch()
    FROM json_each(?1) WHERE true
    ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen";

/// The first heartbeat for a while renews everybody's lease. The file was locked, say, or the machine was suspended:
/// the others could send no heartbeat, and get the time to say that they live. The clock may have been set back as
/// well.
const RENEW_ALL: &str = "
    UPDATE Workers SET last_seen = unixepoch()
    WHERE worker_type IN (
        SELECT worker_type FROM Workers
        WHERE worker_type IN (SELECT value ->> 1 FROM json_each(?1))
        GROUP BY worker_type
        HAVING max(last_seen) NOT BETWEEN unixepoch() - ?2 AND unixepoch() + 1
    )";

/// Gives the jobs of lost workers back. apalis' own `reenqueue_orphaned` counts an attempt also for jobs
/// that did not begin there.
///
/// By a worker whose own heartbeat is late none is lost: the machine was suspended since it sent that, say. Its next
/// heartbeat finds that out.
const TAKE_OVER: &str = "
    UPDATE Jobs SET
        attempts = attempts + (status = 'Running'),
        last_result = CASE WHEN status = 'Running' OR last_result = ?4 THEN ?4 ELSE ?5 END,
        status = 'Pending',
        done_at = NULL,
        lock_by = NULL,
        lock_at = NULL
    WHERE status IN ('Queued', 'Running') AND lock_by IN (
        SELECT id FROM Workers
        WHERE worker_type = ?1 AND id != ?2 AND unixepoch() - last_seen >= ?3
    ) AND EXISTS (
        SELECT 1 FROM Workers WHERE id = ?2 AND 2 * (unixepoch() - last_seen) < ?3
    )";

/// Gives back the jobs that this worker could not settle: others only take over from registered workers.
/// Attempts that have begun count.
const GIVE_BACK: &str = "
    UPDATE Jobs SET
        attempts = attempts + (status = 'Running'),
        last_result = CASE WHEN status = 'Running' OR last_result = ?2 THEN ?2 ELSE ?3 END,
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
    /// Sends a heartbeat, which also registers the worker.
    pub(super) async fn send_heartbeat(&self) -> Result<(), EngineError> {
        let queues = self.worker.queues();
        let own: Vec<_> =
            queues.iter().map(|queue| json!([worker_in(&self.worker, queue), queue])).collect();
        let own = Value::from(own).to_string();
        let sent = async {
            let mut connection = clean_connection::acquire(&self.control()).await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            // apalis' times are in whole seconds: between two heartbeats in time there may seem to be one more.
            let longest_silence = self.worker.longest_silence().ceil();
            let renew = sqlx::query(RENEW_ALL).bind(&own).bind(longest_silence);
            renew.execute(&mut *transaction).await?;
            sqlx::query(HEARTBEAT).bind(&own).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        let sent: sqlx::Result<()> = sent.await;
        sent.map_err(|error| self.error("say that a worker lives to", error))
    }

    /// The worker's own connection, for its heartbeats. A database in memory has one connection for all: sqlx says only
    /// in this text that it is one.
    fn control(&self) -> SqlitePool {
        let in_memory = format!("{:?}", self.pool.connect_options()).contains("in_memory: true");
        let is_named_so = self.pool.connect_options().get_filename().as_os_str() == ":memory:";
        if in_memory || is_named_so {
            self.pool.clone()
        } else {
            self.control.beside(&self.pool, 1)
        }
    }

    /// Gives the jobs of lost workers back.
    pub(super) async fn take_over(&self) -> Result<(), EngineError> {
        for queue in self.worker.queues() {
            let taken = sqlx::query(TAKE_OVER)
                .bind(queue)
                .bind(worker_in(&self.worker, queue))
                .bind(lost_after(&self.worker))
                .bind(INTERRUPTED)
                .bind(WAITED)
                .execute(&self.control())
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
        let workers = Value::from(worker_names(&self.worker)).to_string();
        let left = async {
            let mut connection = self.acquire_relaxed().await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let give_back = sqlx::query(GIVE_BACK).bind(&workers).bind(INTERRUPTED).bind(WAITED);
            give_back.execute(&mut *transaction).await?;
            sqlx::query(LEAVE).bind(&workers).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        left.await.map_err(|error| self.error("take leave of", error))
    }
}
