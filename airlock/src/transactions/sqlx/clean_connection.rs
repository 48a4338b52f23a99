//! Clean connections: those of a pool that are in no transaction.
//!
//! SQLite rolls back by itself when a disk fails, or when a statement says so. sqlx does not notice, and from then on
//! takes the connection for one in a transaction. What begins on it next is a savepoint, and the transaction that sqlx
//! assumes around it is never ended.

use std::any::type_name;

use sqlx::pool::PoolConnection;
use sqlx::{Acquire, Connection, Pool, Transaction};
use sqlx_core::transaction::TransactionManager;

/// Why a transaction can't be committed.
pub(crate) const ROLLED_BACK_BY_SQLITE: &str = "SQLite has rolled the transaction back by itself after an error, and what came after that is not undone: return \
     such errors";

/// Takes a connection from the pool that is in no transaction, and closes those that are in one.
pub(crate) async fn acquire<DB: sqlx::Database>(
    pool: &Pool<DB>,
) -> Result<PoolConnection<DB>, sqlx::Error> {
    loop {
        let mut connection = pool.acquire().await?;
        if depth::<DB>(&connection) > 0 {
            // This also runs the rollback of a transaction that was dropped.
            connection.ping().await?;
        }
        if depth::<DB>(&connection) == 0 {
            return Ok(connection);
        }
        connection.close().await?;
    }
}

/// Begins a transaction on a clean connection of a pool; on the caller's own connection, a transaction or a savepoint.
pub(crate) async fn begin<'c, A, DB>(on: A) -> Result<Transaction<'c, DB>, sqlx::Error>
where
    A: Acquire<'c, Database = DB>,
    DB: sqlx::Database,
{
    let mut begun = on.begin().await?;
    let is_from_pool = type_name::<A::Connection>() == type_name::<PoolConnection<DB>>();
    if is_from_pool && depth::<DB>(&begun) > 1 {
        // The connection was in no transaction, so that SQLite began one with the savepoint: it can be rolled back.
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
