//! Transactions of PostgreSQL whose statements wait for a limited time.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Transaction};

use crate::engines::shared::postgres::undivided;

/// Begins a transaction with a `statement_timeout`: the server cancels a statement that takes longer, and
/// the connection stays usable.
pub(crate) async fn begin(
    pool: &PgPool,
    timeout: Duration,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    let mut transaction = undivided::begin(pool).await?;
    sqlx::query("SELECT set_config('statement_timeout', $1, true)")
        .bind(i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX).max(1).to_string())
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}
