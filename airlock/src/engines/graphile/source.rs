//! The table of jobs as a worker's source.

use std::future::ready;
use std::time::Duration;

use crate::core::task::called::BoxError;
use crate::engines::graphile::lost::INTERRUPTED;
use crate::engines::graphile::{Graphile, GraphileReceipt};
use crate::engines::shared::postgres::column;
use crate::envelope::Envelope;
use crate::worker::engine_error::EngineError;
use crate::worker::{Message, Settled, Source};

/// Where Graphile notifies of jobs: of all schemas and queues of a database.
const CHANNEL: &str = "jobs:insert";

/// Graphile's `batch_get_jobs` differs in three ways: it returns jobs in any order; the crate reads
/// payloads into JSON values, which rounds large numbers; and it takes jobs for a worker that others
/// count as lost, from which no other would take them over.
///
/// The lock on the worker's own row keeps this statement and a sweep apart.
const TAKE: &str = "
    WITH alive AS MATERIALIZED (
        SELECT 1 FROM {schema}._private_workers WHERE id = $1 FOR KEY SHARE
    ),
    due AS MATERIALIZED (
        SELECT id FROM {schema}._private_jobs
        WHERE is_available = true
            AND run_at <= now()
            AND task_id = ANY(ARRAY(
                SELECT id FROM {schema}._private_tasks WHERE identifier = ANY($2)
            ))
            AND EXISTS (SELECT FROM alive)
        ORDER BY priority, run_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    ),
    taken AS (
        UPDATE {schema}._private_jobs
        SET locked_by = $1, locked_at = now()
        WHERE id = ANY(ARRAY(SELECT id FROM due))
        RETURNING id, payload, attempts, priority, run_at, locked_at, last_error
    )
    SELECT
        id,
        payload::text,
        attempts,
        round(extract(epoch FROM locked_at) * 1000000)::int8,
        coalesce(last_error = $4, false)
    FROM taken
    ORDER BY priority, run_at, id";

/// Graphile counts an attempt when it hands out a job. Here an attempt counts once its task has begun.
///
/// This commit is the only one that doesn't wait for the disk. If PostgreSQL itself is killed, it may be lost:
/// then one attempt is not counted of a task whose worker dies at that moment too.
const BEGIN: &str = "
    WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE {schema}._private_jobs AS jobs
    SET attempts = greatest(jobs.attempts, attempt)
    FROM unnest($2::int8[], $3::int8[], $4::int2[]) AS begun (id, taken_at, attempt), relaxed
    WHERE jobs.id = begun.id
        AND jobs.locked_by = $1
        AND jobs.locked_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'";

/// Its id, its body, its attempts, when it was taken, and whether its worker was lost.
type Row = (i64, String, i16, i64, bool);

impl Source for Graphile {
    type Receipt = GraphileReceipt;

    async fn open(&self) -> Result<(), BoxError> {
        self.send_heartbeat().await?;
        self.worker.heartbeat_sent();
        self.sweep().await?;
        let notifier = self.wakeup.notifier();
        self.listener.start(self.pool.clone(), CHANNEL, move |_| notifier.notify());
        Ok(())
    }

    async fn wait(&self) {
        self.wakeup.wait(self.worker.poll, || ready(true)).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<GraphileReceipt>>, BoxError> {
        let received = async {
            let messages = self.take(room).await?;
            // A worker that others counted as lost has to register again.
            if messages.is_empty() && !self.is_registered().await? {
                self.send_heartbeat().await?;
                return self.take(room).await;
            }
            Ok(messages)
        };
        Ok(self.received_ids.receive(received, |message| message.receipt.id).await?)
    }

    async fn begin(&self, receipts: &[&GraphileReceipt]) -> Result<(), BoxError> {
        let begun = sqlx::query(self.sql(BEGIN))
            .bind(self.worker.name())
            .bind(column(receipts, |receipt| receipt.id))
            .bind(column(receipts, |receipt| receipt.taken_at))
            .bind(column(receipts, |receipt| receipt.attempt))
            .execute(&self.pool);
        begun.await.map(drop).map_err(|error| self.error("begin jobs of", error).into())
    }

    async fn settle(&self, settled: &[Settled<GraphileReceipt>]) -> Result<(), BoxError> {
        Ok(self.settle_all(settled).await?)
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        self.worker.within_heartbeat(async { Ok(self.send_heartbeat().await?) }).await?;
        let in_time = self.worker.heartbeat_sent();
        let look_after = async {
            self.release_not_received().await?;
            if in_time {
                self.sweep().await?;
            }
            Ok(())
        };
        self.worker.within_heartbeat(look_after).await
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.worker.heartbeat())
    }

    async fn close(&self) -> Result<(), BoxError> {
        self.listener.stop();
        Ok(self.deregister().await?)
    }
}

impl Graphile {
    async fn take(&self, room: usize) -> Result<Vec<Message<GraphileReceipt>>, EngineError> {
        let jobs: Vec<Row> = sqlx::query_as(self.sql(TAKE))
            .bind(self.worker.name())
            .bind(self.identifiers())
            .bind(i64::try_from(room).unwrap_or(i64::MAX))
            .bind(INTERRUPTED)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.error("take jobs from", error))?;
        let message = |(id, payload, attempts, taken_at, interrupted): Row| {
            let attempt = attempts.max(0).saturating_add(1);
            let receipt = GraphileReceipt { id, taken_at, attempt };
            Message::new(receipt, Envelope::from_json(payload.as_bytes()))
                .attempt(attempt.try_into().unwrap_or(1))
                .interrupted(interrupted)
        };
        Ok(jobs.into_iter().map(message).collect())
    }
}
