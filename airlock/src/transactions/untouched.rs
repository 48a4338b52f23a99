//! Connections of a pool that are in no transaction.
//!
//! SQLite rolls back by itself where a disk fails, or a statement says so, and sqlx takes the connection
//! for one in a transaction ever after. What begins on it then is a savepoint, and nobody ends the
//! transaction around that.

use std::any::type_name;

use sqlx::pool::PoolConnection;
use sqlx::{Acquire, Connection, Pool, Transaction};
use sqlx_core::transaction::TransactionManager;

/// Why a transaction can't be committed.
pub(crate) const BY_ITSELF: &str = "SQLite has rolled the transaction back by itself after an error, and \
                                    what came after that is not undone: return such errors";

/// A connection of a pool that is in no transaction; others are closed.
pub(crate) async fn acquire<DB: sqlx::Database>(
    pool: &Pool<DB>,
) -> Result<PoolConnection<DB>, sqlx::Error> {
    loop {
        let mut connection = pool.acquire().await?;
        if depth::<DB>(&connection) > 0 {
            // What was dropped before is rolled back by then.
            connection.ping().await?;
        }
        if depth::<DB>(&connection) == 0 {
            return Ok(connection);
        }
        connection.close().await?;
    }
}

/// Begins a transaction on a connection of a pool, or what there is to begin on one of the caller's.
pub(crate) async fn begin<'c, A, DB>(on: A) -> Result<Transaction<'c, DB>, sqlx::Error>
where
    A: Acquire<'c, Database = DB>,
    DB: sqlx::Database,
{
    let mut begun = on.begin().await?;
    let is_pools = type_name::<A::Connection>() == type_name::<PoolConnection<DB>>();
    if is_pools && depth::<DB>(&begun) > 1 {
        // The savepoint has begun a transaction, of which there is something to roll back.
        while depth::<DB>(&begun) > 0 {
            DB::TransactionManager::rollback(&mut begun).await?;
        }
        DB::TransactionManager::begin(&mut begun, None).await?;
    }
    Ok(begun)
}

fn depth<DB: sqlx::Database>(connection: &DB::Connection) -> usize {
    DB::TransactionManager::get_transaction_depth(connection)
}
