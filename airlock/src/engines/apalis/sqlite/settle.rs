//! Settling messages.

use std::collections::HashSet;
use std::time::SystemTime;

use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::engines::apalis::Sqlite;
use crate::engines::apalis::sql::{Delivery, SettledRow, SqlReceipt, others, rows_by_worker};
use crate::engines::apalis::sqlite::push::seconds;
use crate::worker::Settled;
use crate::worker::engine_error::EngineError;

/// apalis' own statements won't do. Its `ack_tasks` looks through all that this worker has ever done,
/// because the worker's name stays in the rows. Those for jobs that go back count an attempt each time,
/// and take no later time and no reason. And with `Failed`, which is apalis' status for such jobs, a job is
/// lost once it has been tried as often as its row says, even if the worker allows more attempts.
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
        AND lock_at = value ->> 5 AND attempts = value ->> 6
    RETURNING CAST(Jobs.id AS TEXT)";

impl Sqlite {
    pub(super) async fn settle_all(
        &self,
        settled: &[Settled<SqlReceipt>],
    ) -> Result<Vec<usize>, EngineError> {
        let written = async {
            let mut lost = Vec::new();
            let mut connection = self.acquire_relaxed().await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            for (worker, rows) in rows_by_worker(&self.worker, settled) {
                let json: Vec<_> = rows.iter().map(json_row).collect();
                let settle =
                    sqlx::query_scalar(SETTLE).bind(Value::from(json).to_string()).bind(worker);
                let held: Vec<String> = settle.fetch_all(&mut *transaction).await?;
                let held: HashSet<_> = held.into_iter().collect();
                let deliveries = rows.iter().map(|row| &row.delivery);
                lost.extend(others(deliveries, |delivery| held.contains(&delivery.id)));
            }
            transaction.commit().await?;
            Ok(lost)
        };
        let written: sqlx::Result<_> = written.await;
        written.map_err(|error| self.error("settle jobs in", error))
    }
}

fn json_row(row: &SettledRow) -> Value {
    let SettledRow { delivery, status, attempts, after, result } = row;
    let Delivery { id, taken_at, attempts_before, .. } = delivery;
    let after = after.map(|after| seconds(SystemTime::now() + after));
    json!([id, status, attempts, after, result, taken_at, attempts_before])
}
