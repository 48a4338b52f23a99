//! From the table of jobs to a worker, and back.

use std::time::{Duration, SystemTime};

use apalis_core::backend::WorkerFilter;
use apalis_core::worker::context::WorkerContext;
use apalis_sqlite::{Config, queries};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::apalis::sql::{Ending, SqlReceipt, endings, message};
use crate::apalis::sqlite::push::seconds;
use crate::apalis::{SqlError, Sqlite};
use crate::private::BoxError;
use crate::worker::{Message, Settled, Source};

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
        CAST(job AS BLOB), CAST(attempts AS INTEGER)";

/// What puts a row in order, its body and its attempts.
type Row = (i64, i64, String, Vec<u8>, i64);

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
    WHERE Jobs.id = value ->> 0 AND +lock_by = ?2";

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
        Ok(self.take_over().await?)
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.serving.heartbeat())
    }
}

impl Sqlite {
    async fn receive_from(
        &self,
        index: usize,
        room: usize,
    ) -> Result<Vec<Message<SqlReceipt>>, SqlError> {
        let queue = &self.serving.queues()[index];
        let rows = async {
            let mut connection = self.acquire_relaxed().await?;
            sqlx::query_as(RECEIVE)
                .bind(self.serving.worker(queue))
                .bind(queue)
                .bind(i64::try_from(room).unwrap_or(i64::MAX))
                .fetch_all(&mut *connection)
                .await
        };
        let rows = rows.await.map_err(|error| self.error("take jobs from", error));
        let mut rows: Vec<Row> = rows?;
        rows.sort_unstable();
        let messages = rows.into_iter();
        Ok(messages.map(|(_, _, id, body, attempts)| message(index, id, &body, attempts)).collect())
    }

    /// Puts back what lost workers held. apalis counts an attempt for each.
    async fn take_over(&self) -> Result<(), SqlError> {
        for queue in self.serving.queues() {
            let others = WorkerFilter::AllExcept(self.serving.worker(queue));
            let lost_after = self.serving.lost_after().into();
            let taken = queries::reenqueue_orphaned(&self.pool, lost_after, queue, &others).await;
            if taken.map_err(|error| self.error("take over jobs in", error))? > 0 {
                self.wake();
            }
        }
        Ok(())
    }
}

fn row(ending: &Ending) -> Value {
    let Ending { id, status, attempts, after, result } = ending;
    json!([id, status, attempts, after.map(|after| seconds(SystemTime::now() + after)), result])
}
