//! From the table of jobs to a worker, and back.

use std::time::{Duration, SystemTime};

use apalis_core::worker::context::WorkerContext;
use apalis_sqlite::{Config, queries};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::core::task::called::BoxError;
use crate::engines::apalis::Sqlite;
use crate::engines::apalis::sql::{Ending, INTERRUPTED, SqlReceipt, endings, ids, message};
use crate::engines::apalis::sqlite::push::seconds;
use crate::worker::engine_error::EngineError;
use crate::worker::{Message, Settled, Source, within_heartbeat};

/// What apalis' own `fetch_next` does, with two differences. That one fails for all of a batch, and
/// again and again, where another program has written one row with an id that is no ULID; here a row
/// may hold anything. And the rows come with what puts them in order, for `RETURNING` doesn't.
///
/// The plus keeps SQLite from the index by time, after which it would sort all that is due.
const RECEIVE: &str = "
    UPDATE Jobs SET status = 'Queued', lock_by = ?1, lock_at = unixepoch()
    WHERE rowid IN (
        SELECT rowid FROM (
            SELECT * FROM (
                SELECT rowid, priority, run_at, id FROM Jobs
                WHERE job_type = ?2 AND status = 'Pending' AND lock_by IS NULL
                    AND +run_at <= unixepoch()
                ORDER BY priority DESC, run_at, id LIMIT ?3
            )
            UNION ALL
            SELECT * FROM (
                SELECT rowid, priority, run_at, id FROM Jobs
                WHERE job_type = ?2 AND status = 'Failed' AND attempts < max_attempts
                    AND +run_at <= unixepoch()
                ORDER BY priority DESC, run_at, id LIMIT ?3
            )
        )
        ORDER BY priority DESC, run_at, id LIMIT ?3
    )
    RETURNING
        -CAST(priority AS INTEGER), CAST(run_at AS INTEGER), CAST(id AS TEXT),
        CAST(job AS BLOB), CAST(attempts AS INTEGER), CAST(lock_at AS INTEGER), last_result IS ?4";

/// What puts a row in order, its body, its attempts, when it was taken, and whether its worker died.
type Row = (i64, i64, String, Vec<u8>, i64, i64, bool);

/// In apalis' tables a job is `Queued` while it waits in a worker, and `Running` once it has begun.
///
/// The plus makes SQLite find jobs by their ids.
const BEGIN: &str = "
    UPDATE Jobs SET status = 'Running'
    WHERE id IN (SELECT value FROM json_each(?1)) AND +lock_by = ?2";

/// Puts back what lost workers held. apalis' own `reenqueue_orphaned` counts an attempt also for what
/// only waited there.
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

/// What this worker could not settle: nobody would take it over from one that is gone. Attempts that
/// have begun were made.
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

/// Reads only: a worker without work keeps nobody from writing.
///
/// `CROSS JOIN` makes SQLite look into the served queues, and not into all that is due anywhere.
const DUE: &str = "
    SELECT EXISTS (
        SELECT 1 FROM json_each(?1) AS queue
        CROSS JOIN Jobs ON job_type = queue.value
        WHERE status IN ('Pending', 'Failed') AND run_at <= unixepoch()
            AND (status = 'Pending' OR attempts < max_attempts)
    )";

/// apalis' own statements won't do. Its `ack_tasks` looks through all that this worker has ever done,
/// because the worker's name stays in the rows. Those for jobs that go back count an attempt each time,
/// and know no later time and no reason. And with `Failed`, which is apalis' status for such jobs, one
/// is lost when it has been tried as often as its row says, whatever the worker thinks.
///
/// The plus makes SQLite find jobs by their ids.
const SETTLE: &str = "
    UPDATE Jobs SET
        status = value ->> 1,
        attempts = value ->> 2,
        run_at = coalesce(value ->> 3, run_at),
        last_result = coalesce(value ->> 4, last_result),
        done_at = CASE WHEN value ->> 1 != 'Pending' THEN unixepoch() END,
        lock_by = NULL,
        lock_at = NULL
    FROM json_each(?1)
    WHERE Jobs.id = value ->> 0 AND +lock_by = ?2
        AND lock_at = value ->> 5 AND attempts = value ->> 6";

impl Source for Sqlite {
    type Receipt = SqlReceipt;

    async fn open(&self) -> Result<(), BoxError> {
        for queue in self.serving.queues() {
            let worker = WorkerContext::new(&self.serving.worker(queue));
            let config = Config::default().queue(queue);
            let registered =
                queries::register_worker(&self.pool, &config, &worker, "SqliteStorage").await;
            registered.map_err(|error| self.error("begin to work on", error))?;
        }
        self.serving.last_heartbeat.sent(self.serving.heartbeat());
        Ok(self.take_over().await?)
    }

    async fn wait(&self) {
        // What goes wrong here goes wrong again in `receive`, which tells.
        let due = || async {
            let due = sqlx::query_scalar(DUE).bind(self.queues_json()).fetch_one(&self.pool).await;
            due.unwrap_or(true)
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
            let told = async {
                let mut connection = self.acquire_relaxed().await?;
                sqlx::query(BEGIN)
                    .bind(Value::from(ids).to_string())
                    .bind(self.serving.worker(queue))
                    .execute(&mut *connection)
                    .await
            };
            told.await.map_err(|error| self.error("begin jobs of", error))?;
        }
        Ok(())
    }

    async fn settle(&self, settled: &[Settled<SqlReceipt>]) -> Result<(), BoxError> {
        let told = async {
            let mut connection = self.acquire_relaxed().await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            for (index, queue) in self.serving.queues().iter().enumerate() {
                let rows: Vec<_> = endings(settled, index).iter().map(row).collect();
                sqlx::query(SETTLE)
                    .bind(Value::from(rows).to_string())
                    .bind(self.serving.worker(queue))
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        };
        Ok(told.await.map_err(|error| self.error("settle jobs in", error))?)
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        for queue in self.serving.queues() {
            let worker = WorkerContext::new(&self.serving.worker(queue));
            let kept =
                queries::keep_alive(&self.pool, &Config::default().queue(queue), &worker).await;
            kept.map_err(|error| self.error("say that the worker lives to", error))?;
        }
        let heartbeat = self.serving.heartbeat();
        if self.serving.last_heartbeat.sent(heartbeat) {
            within_heartbeat(heartbeat, async { Ok(self.take_over().await?) }).await?;
        }
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.serving.heartbeat())
    }

    async fn close(&self) -> Result<(), BoxError> {
        let queues = self.serving.queues().iter();
        let workers: Vec<_> = queues.map(|queue| self.serving.worker(queue)).collect();
        let workers = Value::from(workers).to_string();
        let left = async {
            let mut connection = self.acquire_relaxed().await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let give_back = sqlx::query(GIVE_BACK).bind(&workers).bind(INTERRUPTED);
            give_back.execute(&mut *transaction).await?;
            sqlx::query(LEAVE).bind(&workers).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        Ok(left.await.map_err(|error| self.error("take leave of", error))?)
    }
}

impl Sqlite {
    async fn receive_from(
        &self,
        index: usize,
        room: usize,
    ) -> Result<Vec<Message<SqlReceipt>>, EngineError> {
        let queue = &self.serving.queues()[index];
        let rows = async {
            let mut connection = self.acquire_relaxed().await?;
            sqlx::query_as(RECEIVE)
                .bind(self.serving.worker(queue))
                .bind(queue)
                .bind(i64::try_from(room).unwrap_or(i64::MAX))
                .bind(INTERRUPTED)
                .fetch_all(&mut *connection)
                .await
        };
        let rows = rows.await.map_err(|error| self.error("take jobs from", error));
        let mut rows: Vec<Row> = rows?;
        rows.sort_unstable();
        let message = |(_, _, id, body, attempts, taken_at, interrupted): Row| {
            message(index, id, &body, attempts, taken_at, interrupted)
        };
        Ok(rows.into_iter().map(message).collect())
    }

    /// Puts back what lost workers held.
    async fn take_over(&self) -> Result<(), EngineError> {
        for queue in self.serving.queues() {
            let taken = sqlx::query(TAKE_OVER)
                .bind(queue)
                .bind(self.serving.worker(queue))
                .bind(self.serving.lost_after())
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
}

fn row(ending: &Ending) -> Value {
    let Ending { id, taken_at, attempts_before, status, attempts, after, result } = ending;
    let after = after.map(|after| seconds(SystemTime::now() + after));
    json!([id, status, attempts, after, result, taken_at, attempts_before])
}
