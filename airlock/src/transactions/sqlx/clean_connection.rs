//! Clean connections: those of a pool that are in no transaction.
//!
//! SQLite rolls back by itself when a disk fails, or when a statement says so. sqlx does not notice, and from then on
//! takes the connection for one in a transaction. What begins on it next is a savepoint, and the transaction that sqlx
//! assumes around it is never ended.
//!
//! sqlx counts a transaction once the database has answered that it has begun. If the future is dropped before that,
//! sqlx rolls nothing back and the pool lends out a connection in a transaction that nobody will commit: so a
//! transaction that begins on a pool's connection is begun to its end, and rolled back where nobody waits for it.

use super::driver::sqlx::pool::PoolConnection;
use super::driver::sqlx::{self, Connection, Pool};
use super::driver::sqlx_core::transaction::TransactionManager;

/// Why a transaction can't be committed.
pub(crate) const ROLLED_BACK_BY_SQLITE: &str = "SQLite has rolled the transaction back by itself after an error, and what came after that is not undone: return \
     such errors";

/// The same, where sqlx has ended it.
pub(crate) const ROLLED_BACK_BY_SQLX: &str = "sqlx has rolled the transaction back, because a savepoint inside it was dropped before \
     the database had set it, and what came after that is not undone: wait until a savepoint is set";

/// Takes a connection from the pool that is in no transaction, and closes those that are in one.
pub(crate) async fn acquire<DB: sqlx::Database>(
    pool: &Pool<DB>,
) -> Result<PoolConnection<DB>, sqlx::Error> {
    loop {
        let mut connection = pool.acquire().await?;
        if !is_in_transaction(&mut connection).await? {
            return Ok(connection);
        }
        connection.close().await?;
    }
}

/// Ends the transaction that sqlx assumes on a pool's connection, if there is one.
pub(super) async fn clean<DB: sqlx::Database>(
    connection: &mut PoolConnection<DB>,
) -> Result<(), sqlx::Error> {
    if is_in_transaction(connection).await? {
        // SQLite is in none, so that it begins one with the savepoint: it can be rolled back.
        DB::TransactionManager::begin(connection, None).await?;
        while depth::<DB>(connection) > 0 {
            DB::TransactionManager::rollback(connection).await?;
        }
    }
    Ok(())
}

async fn is_in_transaction<DB: sqlx::Database>(
    connection: &mut PoolConnection<DB>,
) -> Result<bool, sqlx::Error> {
    if depth::<DB>(connection) > 0 {
        // This also runs the rollback of a transaction that was dropped.
        connection.ping().await?;
    }
    Ok(depth::<DB>(connection) > 0)
}

pub(crate) fn depth<DB: sqlx::Database>(connection: &DB::Connection) -> usize {
    DB::TransactionManager::get_transaction_depth(connection)
}
