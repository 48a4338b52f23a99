//! Settling messages.

use std::collections::HashSet;
use std::time::Duration;

use crate::engines::apalis::Postgres;
use crate::engines::apalis::sql::{SqlReceipt, others, rows_by_worker};
use crate::engines::shared::postgres::column;
use crate::worker::Settled;
use crate::worker::engine_error::EngineError;

/// apalis' own statements won't do. Those for jobs that go back count an attempt each time, and take no
/// later time and no reason. With `Failed`, which is apalis' status for such jobs, a job is lost once it has
/// been tried as often as its row says, even if the worker allows more attempts. Here one statement settles
/// all jobs, and removes the worker's name: else to find what it holds would take longer the more it has
/// done.
const SETTLE: &str = "
    UPDATE apalis.jobs AS jobs SET
        status = ending.status,
        attempts = ending.attempts,
        run_at = coalesce(now() + ending.after * interval '1 microsecond', run_at),
        last_result = coalesce(ending.result::jsonb, last_result),
        done_at = CASE WHEN ending.status != 'Pending' THEN now() END,
        lock_by = NULL,
        lock_at = NULL
    FROM unnest(
        $2::text[], $3::text[], $4::int4[], $5::int8[], $6::text[], $7::int8[], $8::int4[], $9::int8[]
    ) AS ending (id, status, attempts, after, result, taken_at, attempts_before, place)
    WHERE jobs.id = ending.id
        AND lock_by = $1
        AND lock_at = 'epoch'::timestamptz + ending.taken_at * interval '1 microsecond'
        AND jobs.attempts = ending.attempts_before
    RETURNING ending.place";

impl Postgres {
    pub(super) async fn settle_all(
        &self,
        settled: &[Settled<SqlReceipt>],
    ) -> Result<Vec<usize>, EngineError> {
        let mut lost = Vec::new();
        for (worker, rows) in rows_by_worker(&self.worker, settled) {
            let deliveries = rows.iter().map(|row| &row.delivery).collect::<Vec<_>>();
            let held = sqlx::query_scalar(SETTLE)
                .bind(worker)
                .bind(column(&deliveries, |delivery| &*delivery.id))
                .bind(column(&rows, |row| row.status))
                .bind(column(&rows, |row| row.attempts))
                .bind(column(&rows, |row| row.after.map(microseconds)))
                .bind(column(&rows, |row| row.result.as_deref()))
                .bind(column(&deliveries, |delivery| delivery.taken_at))
                .bind(column(&deliveries, |delivery| delivery.attempts_before))
                .bind(column(&deliveries, |delivery| delivery.place))
                .fetch_all(&self.control())
                .await;
            let held: Vec<i64> = held.map_err(|error| self.error("settle jobs in", error))?;
            let held: HashSet<_> = held.into_iter().collect();
            self.received_ids.forget(deliveries.iter().map(|delivery| delivery.key()));
            lost.extend(others(deliveries, |delivery| held.contains(&delivery.place)));
        }
        Ok(lost)
    }
}

fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX)
}
