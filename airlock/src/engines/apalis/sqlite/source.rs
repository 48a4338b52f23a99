//! The table of jobs as a worker's source.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::core::task::called::BoxError;
use crate::engines::apalis::Sqlite;
use crate::engines::apalis::sql::{
    Delivery, INTERRUPTED, SqlReceipt, WAITED, deliveries_by_worker, message, others, worker_in,
};
use crate::worker::engine_error::EngineError;
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
        CAST(job AS BLOB), CAST(attempts AS INTEGER), CAST(lock_at AS INTEGER),
        coalesce(last_result IN (?4, ?5), false), last_result IS ?5";

/// What puts a row in order, its body, its attempts, when it was taken, whether its worker was lost, and whether it only
/// waited there.
type Row = (i64, i64, String, Vec<u8>, i64, i64, bool, bool);

/// In apalis' tables a job is `Queued` while it waits in a worker, and `Running` once it has begun.
///
/// The plus makes SQLite find jobs by their ids.
const BEGIN: &str = "
    UPDATE Jobs SET status = 'Running'
    FROM json_each(?1)
    WHERE Jobs.id = value ->> 0 AND +lock_by = ?2
        AND lock_at = value ->> 1 AND attempts = value ->> 2
    RETURNING CAST(Jobs.id AS TEXT), CAST(lock_at AS INTEGER)";

/// Reads only: an idle worker never holds the lock of the one writer.
///
/// `CROSS JOIN` makes SQLite look into the served queues, and not into all that is due anywhere.
const DUE: &str = "
    SELECT EXISTS (
        SELECT 1 FROM json_each(?1) AS queue
        CROSS JOIN Jobs ON job_type = queue.value
        WHERE status IN ('Pending', 'Failed') AND run_at <= unixepoch()
            AND (status = 'Pending' OR attempts < max_attempts)
    )";

impl Source for Sqlite {
    type Receipt = SqlReceipt;

    fn served_queues(&self) -> Option<Vec<String>> {
        Some(self.worker.queues().to_vec())
    }

    fn default_queue(&self) -> Option<String> {
        Some(self.worker.queue.clone())
    }

    async fn open(&self) -> Result<(), BoxError> {
        self.send_heartbeat().await?;
        Ok(self.take_over().await?)
    }

    async fn wait(&self) {
        // Where this fails, `receive` fails as well, and reports it.
        let due = || async {
            let due = sqlx::query_scalar(DUE).bind(self.queues_json()).fetch_one(&self.pool).await;
            due.unwrap_or(true)
        };
        self.wakeup.wait(self.worker.poll, due).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<SqlReceipt>>, BoxError> {
        let take = |index, room| self.receive_from(index, room);
        self.turns.receive(self.worker.queues().len(), room, take).await
    }

    async fn begin(&self, receipts: &[&SqlReceipt]) -> Result<Vec<usize>, BoxError> {
        let mut lost = Vec::new();
        for (worker, deliveries) in deliveries_by_worker(&self.worker, receipts) {
            let begun = async {
                let mut connection = self.acquire_relaxed().await?;
                let rows: Vec<_> = deliveries.iter().map(json_delivery).collect();
                let begin = sqlx::query_as(BEGIN).bind(Value::from(rows).to_string()).bind(worker);
                begin.fetch_all(&mut *connection).await
            };
            let held: sqlx::Result<Vec<(String, i64)>> = begun.await;
            let held = held.map_err(|error| self.error("begin jobs of", error))?;
            let held: HashSet<_> = held.into_iter().collect();
            lost.extend(others(&deliveries, |delivery| held.contains(&delivery.key())));
        }
        Ok(lost)
    }

    async fn settle(&self, settled: &[Settled<SqlReceipt>]) -> Result<Vec<usize>, BoxError> {
        Ok(self.settle_all(settled).await?)
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        // Where the file is locked, it waits for the lock.
        self.send_heartbeat().await?;
        self.worker.look_after(async { Ok(self.take_over().await?) }).await;
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.worker.heartbeat())
    }

    async fn close(&self) -> Result<(), BoxError> {
        let left = self.deregister().await;
        self.control.close().await;
        Ok(left?)
    }
}

impl Sqlite {
    async fn receive_from(
        &self,
        index: usize,
        room: usize,
    ) -> Result<Vec<Message<SqlReceipt>>, EngineError> {
        let queue = &self.worker.queues()[index];
        let rows = async {
            let mut connection = self.acquire_relaxed().await?;
            sqlx::query_as(RECEIVE)
                .bind(worker_in(&self.worker, queue))
                .bind(queue)
                .bind(i64::try_from(room).unwrap_or(i64::MAX))
                .bind(INTERRUPTED)
                .bind(WAITED)
                .fetch_all(&mut *connection)
                .await
        };
        let rows = rows.await.map_err(|error| self.error("take jobs from", error));
        let mut rows: Vec<Row> = rows?;
        rows.sort_unstable();
        let message = |(_, _, id, body, attempts, taken_at, interrupted, waited): Row| {
            message(index, id, &body, attempts, taken_at, interrupted).waited(waited)
        };
        Ok(rows.into_iter().map(message).collect())
    }
}

fn json_delivery(Delivery { id, taken_at, attempts_before, .. }: &Delivery) -> Value {
    json!([id, taken_at, attempts_before])
}
