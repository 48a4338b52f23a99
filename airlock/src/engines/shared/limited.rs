//! Transactions of PostgreSQL that give up when they wait for long.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Transaction};

/// A transaction of which no statement takes longer: the server ends it, and the connection is good
/// for the next one.
pub(crate) async fn begin(
    pool: &PgPool,
    limit: Duration,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT set_config('statement_timeout', $1, true)")
        .bind(i32::try_from(limit.as_millis()).unwrap_or(i32::MAX).max(1).to_string())
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}
