//! The table of jobs as a worker's source.

use std::future::ready;
use std::time::Duration;

use crate::core::task::called::BoxError;
use crate::engines::graphile::lost::{INTERRUPTED, WAITED};
use crate::engines::graphile::settle::{others, places};
use crate::engines::graphile::{Graphile, GraphileReceipt};
use crate::engines::shared::postgres::{Conflicts, column};
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
        SET locked_by = $1, locked_at = now(), updated_at = now()
        WHERE id = ANY(ARRAY(SELECT id FROM due))
        RETURNING id, payload, attempts, priority, run_at, locked_at, last_error
    )
    SELECT
        id,
        payload::text,
        attempts,
        round(extract(epoch FROM locked_at) * 1000000)::int8,
        coalesce(last_error IN ($4, $5), false),
        coalesce(last_error = $5, false)
    FROM taken
    ORDER BY priority, run_at, id";

/// Graphile counts an attempt when it hands out a job. Here an attempt counts once its task has begun.
///
/// This commit is the only one that doesn't wait for the disk. If PostgreSQL itself is killed, it may be lost:
/// then one attempt is not counted of a task whose worker dies at that moment too.
const BEGIN: &str = "
    WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE {schema}._private_jobs AS jobs
    SET
        attempts = greatest(jobs.attempts, attempt),
        updated_at = greatest(clock_timestamp(), locked_at + interval '1 microsecond')
    FROM unnest($2::int8[], $3::int8[], $4::int2[], $5::int8[])
        AS begun (id, taken_at, attempt, place), relaxed
    WHERE jobs.id = begun.id
        AND jobs.locked_by = $1
        AND jobs.locked_at = 'epoch'::timestamptz + taken_at * interval '1 microsecond'
    RETURNING begun.place";

/// Its id, its body, its attempts, when it was taken, whether its worker was lost, and whether it only waited there.
type Row = (i64, String, i16, i64, bool, bool);

impl Source for Graphile {
    type Receipt = GraphileReceipt;

    fn served_queues(&self) -> Option<Vec<String>> {
        Some(self.worker.queues().to_vec())
    }

    fn default_queue(&self) -> Option<String> {
        Some(self.worker.queue.clone())
    }

    async fn open(&self) -> Result<(), BoxError> {
        self.send_heartbeat().await?;
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
        Ok(self.received_ids.receive(received, |message| message.receipt.key()).await?)
    }

    async fn begin(&self, receipts: &[&GraphileReceipt]) -> Result<Vec<usize>, BoxError> {
        let held = sqlx::query_scalar(self.sql(BEGIN))
            .bind(self.worker.name())
            .bind(column(receipts, |receipt| receipt.id))
            .bind(column(receipts, |receipt| receipt.taken_at))
            .bind(column(receipts, |receipt| receipt.attempt))
            .bind(places(receipts.len()))
            .fetch_all(&self.control())
            .await;
        let lost =
            others(receipts.len(), &held.map_err(|error| self.error("begin jobs of", error))?);
        self.received_ids.forget(lost.iter().map(|place| receipts[*place].key()));
        Ok(lost)
    }

    async fn settle(&self, settled: &[Settled<GraphileReceipt>]) -> Result<Vec<usize>, BoxError> {
        Ok(self.settle_all(settled).await?)
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        self.worker.within_heartbeat(async { Ok(self.send_heartbeat().await?) }).await?;
        let look_after = async {
            self.release_not_received().await?;
            Ok(self.sweep().await?)
        };
        self.worker.look_after(look_after).await;
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.worker.heartbeat())
    }

    async fn close(&self) -> Result<(), BoxError> {
        self.listener.stop();
        let left = self.deregister().await;
        self.control.close().await;
        Ok(left?)
    }
}

impl Graphile {
    async fn take(&self, room: usize) -> Result<Vec<Message<GraphileReceipt>>, EngineError> {
        let mut conflicts = Conflicts::default();
        let jobs: sqlx::Result<Vec<Row>> = loop {
            let jobs = sqlx::query_as(self.sql(TAKE))
                .bind(self.worker.name())
                .bind(self.identifiers())
                .bind(i64::try_from(room).unwrap_or(i64::MAX))
                .bind(INTERRUPTED)
                .bind(WAITED)
                .fetch_all(&self.pool);
            match jobs.await {
                Err(error) if conflicts.again(&error).await => {}
                jobs => break jobs,
            }
        };
        let jobs = jobs.map_err(|error| self.error("take jobs from", error))?;
        let message = |(id, payload, attempts, taken_at, interrupted, waited): Row| {
            let attempt = attempts.max(0).saturating_add(1);
            let receipt = GraphileReceipt { id, taken_at, attempt };
            Message::new(receipt, Envelope::from_json(payload.as_bytes()))
                .attempt(attempt.try_into().unwrap_or(1))
                .interrupted(interrupted)
                .waited(waited)
        };
        Ok(jobs.into_iter().map(message).collect())
    }
}
