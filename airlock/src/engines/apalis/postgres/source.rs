//! The table of jobs as a worker's source.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;

use crate::core::task::called::BoxError;
use crate::engines::apalis::Postgres;
use crate::engines::apalis::sql::{
    Delivery, INTERRUPTED, SqlReceipt, WAITED, deliveries_by_worker, message, others, worker_in,
};
use crate::engines::shared::postgres::{Conflicts, column};
use crate::worker::engine_error::EngineError;
use crate::worker::{Message, Settled, Source};

/// Where apalis' triggers, and our own statement, notify of jobs.
const CHANNEL: &str = "apalis::job::insert";

/// Calls apalis' own function, but not its `fetch_next`. That one fails for all of a batch, which is this
/// worker's by then, where another program has written one row with an id that is no ULID; and it
/// returns rows in any order.
const RECEIVE: &str = "
    SELECT
        id,
        job,
        attempts::int8,
        round(extract(epoch FROM lock_at) * 1000000)::int8,
        coalesce(last_result IN ($4::jsonb, $5::jsonb), false),
        coalesce(last_result = $5::jsonb, false)
    FROM apalis.get_jobs($1, $2, $3)
    ORDER BY priority DESC, run_at, id";

/// Its id, its body, its attempts, when it was taken, whether its worker was lost, and whether it only waited there.
type Row = (String, Vec<u8>, i64, i64, bool, bool);

/// In apalis' tables a job is `Queued` while it waits in a worker, and `Running` once it has begun.
///
/// This commit is the only one that doesn't wait for the disk. If PostgreSQL itself is killed, it may be lost:
/// then one attempt is not counted of a task whose worker dies at that moment too.
const BEGIN: &str = "
    WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE apalis.jobs AS jobs SET status = 'Running'
    FROM relaxed, unnest($2::int8[], $3::text[], $4::int8[], $5::int4[])
        AS begun (place, id, taken_at, attempts_before)
    WHERE jobs.id = begun.id
        AND lock_by = $1
        AND lock_at = 'epoch'::timestamptz + begun.taken_at * interval '1 microsecond'
        AND jobs.attempts = begun.attempts_before
    RETURNING begun.place";

const DUE: &str = "
    SELECT EXISTS (
        SELECT FROM apalis.jobs
        WHERE job_type = ANY($1)
            AND (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts))
            AND run_at < now()
    )";

impl Source for Postgres {
    type Receipt = SqlReceipt;

    fn served_queues(&self) -> Option<Vec<String>> {
        Some(self.worker.queues().to_vec())
    }

    fn default_queue(&self) -> Option<String> {
        Some(self.worker.queue.clone())
    }

    async fn open(&self) -> Result<(), BoxError> {
        self.send_heartbeat().await?;
        self.listen();
        Ok(self.take_over().await?)
    }

    async fn wait(&self) {
        // Where this fails, `receive` fails as well, and reports it.
        let due = || async {
            let queues = self.worker.queues();
            sqlx::query_scalar(DUE).bind(queues).fetch_one(&self.pool).await.unwrap_or(true)
        };
        self.wakeup.wait(self.worker.poll, due).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<SqlReceipt>>, BoxError> {
        let take = |index, room| self.receive_from(index, room);
        self.turns.receive(self.worker.queues().len(), room, take).await
    }

    async fn begin(&self, receipts: &[&SqlReceipt]) -> Result<Vec<usize>, BoxError> {
        let mut lost = Vec::new();
        for (worker, begun) in deliveries_by_worker(&self.worker, receipts) {
            let held = sqlx::query_scalar(BEGIN)
                .bind(worker)
                .bind(column(&begun, |delivery| delivery.place))
                .bind(column(&begun, |delivery| &*delivery.id))
                .bind(column(&begun, |delivery| delivery.taken_at))
                .bind(column(&begun, |delivery| delivery.attempts_before))
                .fetch_all(&self.control())
                .await;
            let held: Vec<i64> = held.map_err(|error| self.error("begin jobs of", error))?;
            let held: HashSet<_> = held.into_iter().collect();
            let is_held = |delivery: &Delivery| held.contains(&delivery.place);
            self.received_ids.forget(begun.iter().filter(|one| !is_held(one)).map(Delivery::key));
            lost.extend(others(&begun, is_held));
        }
        Ok(lost)
    }

    async fn settle(&self, settled: &[Settled<SqlReceipt>]) -> Result<Vec<usize>, BoxError> {
        Ok(self.settle_all(settled).await?)
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        self.worker.within_heartbeat(async { Ok(self.send_heartbeat().await?) }).await?;
        let look_after = async {
            self.release_not_received().await?;
            Ok(self.take_over().await?)
        };
        self.worker.look_after(look_after).await;
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

impl Postgres {
    async fn receive_from(
        &self,
        index: usize,
        room: usize,
    ) -> Result<Vec<Message<SqlReceipt>>, EngineError> {
        let queue = &self.worker.queues()[index];
        let worker = worker_in(&self.worker, queue);
        let rows = async {
            let mut conflicts = Conflicts::default();
            loop {
                let rows = sqlx::query_as(RECEIVE)
                    .bind(&worker)
                    .bind(queue)
                    .bind(i32::try_from(room).unwrap_or(i32::MAX))
                    .bind(INTERRUPTED)
                    .bind(WAITED)
                    .fetch_all(&self.pool);
                match rows.await {
                    Err(error) if conflicts.again(&error).await => {}
                    rows => return rows,
                }
            }
        };
        let rows = self.received_ids.receive(rows, key).await;
        let rows = rows.map_err(|error| self.error("take jobs from", error))?;
        let message = |(id, body, attempts, taken_at, interrupted, waited): Row| {
            message(index, id, &body, attempts, taken_at, interrupted).waited(waited)
        };
        Ok(rows.into_iter().map(message).collect())
    }

    /// Wakes the workers of this handle and its clones by notifications of the served queues.
    fn listen(&self) {
        let (queues, notifier) = (self.worker.queues().to_vec(), self.wakeup.notifier());
        self.listener.start(self.pool.clone(), CHANNEL, move |payload| {
            if payload.is_none_or(|payload| concerns(payload, &queues)) {
                notifier.notify();
            }
        });
    }
}

/// As a worker notes what it has received.
fn key((id, _, _, taken_at, ..): &Row) -> (String, i64) {
    (id.clone(), *taken_at)
}

/// Whether a notification is about one of the queues; one that can't be read may be.
fn concerns(payload: &str, queues: &[String]) -> bool {
    #[derive(Deserialize)]
    struct Payload {
        job_type: String,
    }
    serde_json::from_str(payload).map_or(true, |Payload { job_type }| queues.contains(&job_type))
}
