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
use super::driver::TransactionManager;
use super::driver::sqlx::{self, Executor, Transaction};
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
/// // What `Guard` guards.
/// let tx: airlock::transaction::Guard<airlock::sqlx::Begun<'_, Sqlite>> =
///     airlock::sqlx::begin(&pool().await?).await?;
/// tx.rollback().await?;
/// # Ok(())
/// # }
/// ```
pub struct Begun<'c, DB: sqlx::Database>(Held<'c, DB>);

/// What ends the transaction when it is dropped.
enum Held<'c, DB: sqlx::Database> {
    /// On a connection of a pool, sqlx's own.
    Transaction(Transaction<'c, DB>),
    /// On the caller's connection.
    Borrowed(Borrowed<'c, DB>),
}

struct Borrowed<'c, DB: sqlx::Database> {
    connection: &'c mut DB::Connection,
    /// 1 for a transaction, more for a savepoint.
    level: usize,
    open: bool,
}

impl<'c, DB: sqlx::Database> Begun<'c, DB> {
    pub(super) fn own(transaction: Transaction<'c, DB>) -> Self {
        Self(Held::Transaction(transaction))
    }

    pub(super) fn borrowed(connection: &'c mut DB::Connection) -> Self {
        let level = depth::<DB>(connection);
        Self(Held::Borrowed(Borrowed { connection, level, open: true }))
    }

    fn level(&self) -> usize {
        match &self.0 {
            Held::Transaction(_) => 1,
            Held::Borrowed(borrowed) => borrowed.level,
        }
    }

    pub(super) fn transaction(&mut self) -> Option<&mut Transaction<'c, DB>> {
        match &mut self.0 {
            Held::Transaction(transaction) => Some(transaction),
            Held::Borrowed(_) => None,
        }
    }

    /// The same, where it began on a connection of a pool.
    pub(super) fn of_a_pool(&mut self) -> &mut Transaction<'c, DB> {
        self.transaction().expect("it began on a connection of the pool")
    }
}

impl<'c, DB: Backend> transaction::Guard<Begun<'c, DB>> {
    /// sqlx's own transaction, for functions that take one. `None` where this began on a connection that is borrowed:
    /// on one of your own, or as a savepoint.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// use sqlx::{Sqlite, Transaction};
    ///
    /// async fn place(tx: &mut Transaction<'_, Sqlite>) -> Result<(), BoxError> {
    ///     let order = insert(&mut *tx).await?;
    ///     Ok(send_mail::enqueue(order)?)
    /// }
    ///
    /// use airlock::InScope;
    ///
    /// let mut tx = airlock::sqlx::begin(&pool().await?).await?;
    /// let scope = tx.handle();
    /// let own = tx.sqlx_transaction().ok_or("it began on a pool")?;
    /// place(own).in_scope(scope).await?;
    /// tx.commit().await?;                                         // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub fn sqlx_transaction(&mut self) -> Option<&mut Transaction<'c, DB>> {
        self.begun.transaction()
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
        self.level() > 1
    }

    /// SQLite rolls back by itself when a disk fails, or when a statement says so, and reports an error for that
    /// statement alone. It then commits each further statement by itself, and a transaction can begin.
    async fn ready(&mut self, writes: bool) -> Result<(), CommitError> {
        if depth::<DB>(self) < self.level() {
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

    const EXECUTES: bool = true;

    async fn execute(&mut self, statement: &'static str) -> Result<(), BoxError> {
        Ok(DB::probe(self, statement).await?)
    }

    fn is_conflict(error: &(dyn Error + 'static)) -> bool {
        is_conflict(error)
    }

    async fn commit(self) -> Result<(), CommitError> {
        let committed = match self.0 {
            Held::Transaction(transaction) => transaction.commit().await,
            Held::Borrowed(borrowed) => borrowed.commit().await,
        };
        committed.map_err(|error| match error {
            sqlx::Error::Database(said) => {
                let code = said.code().map(Cow::into_owned);
                CommitError::answered(sqlx::Error::Database(said), code.as_deref())
            }
            error => CommitError::unknown(error),
        })
    }

    async fn rollback(self) -> Result<(), BoxError> {
        let rolled_back = match self.0 {
            Held::Transaction(transaction) => transaction.rollback().await,
            Held::Borrowed(borrowed) => borrowed.rollback().await,
        };
        Ok(rolled_back?)
    }
}

impl<DB: sqlx::Database> Borrowed<'_, DB> {
    async fn commit(mut self) -> sqlx::Result<()> {
        let committed = DB::TransactionManager::commit(self.connection).await;
        self.open = committed.is_err();
        committed
    }

    async fn rollback(mut self) -> sqlx::Result<()> {
        let rolled_back = DB::TransactionManager::rollback(self.connection).await;
        self.open = rolled_back.is_err();
        rolled_back
    }
}

impl<DB: sqlx::Database> Drop for Borrowed<'_, DB> {
    /// Where sqlx has ended it already, a rollback would be that of the transaction around.
    fn drop(&mut self) {
        if self.open && depth::<DB>(self.connection) >= self.level {
            // Sent before what the connection is next used for.
            DB::TransactionManager::start_rollback(self.connection);
        }
    }
}

impl<DB: sqlx::Database> Deref for Begun<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match &self.0 {
            Held::Transaction(transaction) => transaction,
            Held::Borrowed(borrowed) => borrowed.connection,
        }
    }
}

impl<DB: sqlx::Database> DerefMut for Begun<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match &mut self.0 {
            Held::Transaction(transaction) => transaction,
            Held::Borrowed(borrowed) => borrowed.connection,
        }
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
