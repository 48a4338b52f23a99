//! What begins in PostgreSQL, and is not left half begun where nobody waits for it.

use sqlx::{PgPool, Postgres, Transaction};

use crate::core::background::detached::Detached;
use crate::transactions::sqlx::clean_connection;

/// Begins a transaction on a clean connection of the pool.
pub(crate) async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    undivided(Transaction::begin(clean_connection::acquire(pool).await?, None)).await
}

/// Runs what begins transactions of its own to its end, also where this is dropped.
pub(crate) fn undivided<T: Send + 'static, E: Send + 'static>(
    future: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Detached<Result<T, E>> {
    Detached::new(future, drop)
}
