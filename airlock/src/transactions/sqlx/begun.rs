//! sqlx's transactions.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

use crate::core::task::called::BoxError;
use crate::transactions::shared::{
    self as transaction, CommitError, DatabaseError, InFailedTransaction, Step, TransactionError,
};

use super::clean_connection::{ROLLED_BACK_BY_SQLITE, ROLLED_BACK_BY_SQLX, depth};
use super::driver::sqlx::{self, Executor};
use super::driver::sqlx_core::pool::MaybePoolConnection;
use super::driver::sqlx_core::transaction::TransactionManager;
use super::is_conflict;

/// A database of sqlx; implemented for every one.
///
/// # Examples
///
/// ```
/// use airlock::BoxError;
/// use airlock::sqlx::{Backend, Database};
///
/// /// Whatever database it is.
/// async fn in_a_transaction<DB: Backend>(
///     database: &Database<DB>,
///     body: impl AsyncFnOnce(&mut DB::Connection) -> Result<(), BoxError>,
/// ) -> Result<(), BoxError> {
///     database.transaction(body).await
/// }
/// ```
pub trait Backend: sqlx::Database {
    /// Runs a statement, to find out whether the transaction can still be committed.
    #[doc(hidden)]
    fn probe<'c>(
        connection: &'c mut Self::Connection,
        statement: &'static str,
    ) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>>;
}

impl<DB> Backend for DB
where
    DB: sqlx::Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fn probe<'c>(
        connection: &'c mut Self::Connection,
        statement: &'static str,
    ) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>> {
        Box::pin(async move { connection.execute(statement).await.map(drop) })
    }
}

/// A transaction of sqlx that has begun.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// use sqlx::Sqlite;
///
/// // What `Transaction` is a guard of.
/// let tx: airlock::transaction::Transaction<airlock::sqlx::Begun<'_, Sqlite>> =
///     airlock::sqlx::begin(&pool().await?).await?;
/// tx.rollback().await?;
/// # Ok(())
/// # }
/// ```
pub struct Begun<'c, DB: sqlx::Database> {
    connection: MaybePoolConnection<'c, DB>,
    /// 1 for a transaction, more for a savepoint.
    level: usize,
    open: bool,
}

impl<'c, DB: sqlx::Database> Begun<'c, DB> {
    pub(super) fn new(connection: MaybePoolConnection<'c, DB>) -> Self {
        let level = depth::<DB>(&connection);
        Self { connection, level, open: true }
    }
}

impl<DB: Backend> transaction::Begun for Begun<'_, DB> {
    type Connection = DB::Connection;

    fn connection(&mut self) -> &mut DB::Connection {
        self
    }

    fn place(&self) -> String {
        DB::NAME.to_owned()
    }

    fn is_nested(&mut self) -> bool {
        self.level > 1
    }

    /// SQLite rolls back by itself when a disk fails, or when a statement says so, and reports an error for that
    /// statement alone. It then commits each further statement by itself, and a transaction can begin.
    async fn ready(&mut self, writes: bool) -> Result<(), CommitError> {
        if depth::<DB>(self) < self.level {
            return Err(CommitError::rolled_back(ROLLED_BACK_BY_SQLX));
        }
        if writes && DB::NAME == "SQLite" && DB::probe(self, "BEGIN").await.is_ok() {
            // Leaves the connection as it was found, so that the outer transaction finds out in the same way.
            let _ = DB::probe(self, "ROLLBACK").await;
            return Err(CommitError::rolled_back(ROLLED_BACK_BY_SQLITE));
        }
        Ok(())
    }

    /// After a failed statement PostgreSQL answers a commit with a rollback, and sqlx does not show this. SQLite does
    /// not do so. `Any` may be either, so all but SQLite are asked.
    async fn check(&mut self) -> Result<(), BoxError> {
        if DB::NAME == "SQLite" || self.is_nested() {
            return Ok(());
        }
        let probed = DB::probe(self, "SELECT 1").await;
        probed.map_err(|error| {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            let in_failed_transaction = code.is_some_and(|code| code == "25P02");
            if in_failed_transaction {
                InFailedTransaction(error.into()).into()
            } else {
                error.into()
            }
        })
    }

    fn is_conflict(error: &(dyn Error + 'static)) -> bool {
        is_conflict(error)
    }

    async fn commit(mut self) -> Result<(), CommitError> {
        let committed = DB::TransactionManager::commit(&mut self.connection).await;
        self.open = committed.is_err();
        committed.map_err(|error| match error {
            sqlx::Error::Database(said) => {
                let code = said.code().map(Cow::into_owned);
                CommitError::answered(sqlx::Error::Database(said), code.as_deref())
            }
            error => CommitError::unknown(error),
        })
    }

    async fn rollback(mut self) -> Result<(), BoxError> {
        let rolled_back = DB::TransactionManager::rollback(&mut self.connection).await;
        self.open = rolled_back.is_err();
        Ok(rolled_back?)
    }
}

impl<DB: sqlx::Database> Drop for Begun<'_, DB> {
    fn drop(&mut self) {
        if self.open && depth::<DB>(self) >= self.level {
            // Sent before what the connection is next used for, also by the pool.
            DB::TransactionManager::start_rollback(&mut self.connection);
        }
    }
}

impl<DB: sqlx::Database> Deref for Begun<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.connection
    }
}

impl<DB: sqlx::Database> DerefMut for Begun<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }
}

impl<DB: sqlx::Database> fmt::Debug for Begun<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

pub(super) fn begin_error<DB: Backend>(
    place: Option<&str>,
    error: sqlx::Error,
) -> TransactionError {
    let next = match &error {
        sqlx::Error::PoolTimedOut => Some(
            "all connections are in use: give the pool more of them, and inside a transaction run \
             statements, and nested transactions, on its own connection",
        ),
        sqlx::Error::Io(_) => Some("check that the server runs and that the URL leads to it"),
        sqlx::Error::PoolClosed => Some("begin before the pool is closed"),
        _ => None,
    };
    let error = DatabaseError::new(Step::Begin, place.unwrap_or(DB::NAME), error);
    match next {
        Some(next) => error.with_next_step(next).into(),
        None => error.into(),
    }
}
