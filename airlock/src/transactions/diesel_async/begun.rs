//! diesel-async's transactions.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::connection::TransactionManagerStatus;
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};

use crate::core::task::called::BoxError;
use crate::transactions::diesel_sql::{Answer, Level, name, not_begun, not_good, rows};
use crate::transactions::shared::{
    self as transaction, CommitError, Row, TransactionError, dialect,
};

/// A transaction of diesel-async that has begun.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// // What `Transaction` is a guard of.
/// let tx: airlock::transaction::Transaction<airlock::diesel_async::Begun<'_, C>> =
///     airlock::diesel_async::begin(connection).await?;
/// tx.rollback().await?;
/// # Ok(())
/// # }
/// ```
pub struct Begun<'c, C: AsyncConnection> {
    connection: &'c mut C,
    level: Level,
    open: bool,
}

impl<C: AsyncConnection> fmt::Debug for Begun<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

/// Whether what begins on it next is a transaction, and no savepoint of one.
pub(super) fn is_idle<C: AsyncConnection>(connection: &mut C) -> bool {
    matches!(status(connection).transaction_depth(), Ok(None))
}

pub(super) async fn begin_on<C: AsyncConnection>(
    connection: &mut C,
) -> Result<Begun<'_, C>, TransactionError> {
    let begun = C::TransactionManager::begin_transaction(connection).await;
    match begun.and_then(|()| Level::innermost(status(connection))) {
        Ok(level) => Ok(Begun { connection, level, open: true }),
        Err(error) => Err(not_begun::<C::Backend>(error)),
    }
}

impl<C: AsyncConnection> transaction::Begun for Begun<'_, C> {
    type Connection = C;

    fn connection(&mut self) -> &mut C {
        self.connection
    }

    fn place(&self) -> String {
        name::<C::Backend>().to_owned()
    }

    fn is_nested(&mut self) -> bool {
        self.level.is_nested()
    }

    async fn ready(&mut self, _: bool) -> Result<(), CommitError> {
        self.level.ready(status(self.connection))
    }

    async fn check(&mut self) -> Result<(), BoxError> {
        if name::<C::Backend>() == "SQLite" || self.is_nested() {
            return Ok(());
        }
        self.connection.batch_execute("SELECT 1").await.map_err(not_good)
    }

    async fn commit(mut self) -> Result<(), CommitError> {
        let committed = C::TransactionManager::commit_transaction(self.connection)
            .await
            .map_err(|error| self.level.commit_error::<C::Backend>(error));
        if committed.is_err() {
            // The commit's own error is what the caller hears of.
            let _ = self.roll_back().await;
        }
        self.open = self.level.open(status(self.connection)).is_ok();
        committed
    }

    async fn rollback(mut self) -> Result<(), BoxError> {
        let rolled_back = self.roll_back().await;
        self.open = self.level.open(status(self.connection)).is_ok();
        Ok(rolled_back?)
    }
}

impl<C: AsyncConnection> Begun<'_, C> {
    async fn roll_back(&mut self) -> QueryResult<()> {
        for _ in 0..self.level.open(status(self.connection))? {
            C::TransactionManager::rollback_transaction(self.connection).await?;
        }
        Ok(())
    }
}

fn status<C: AsyncConnection>(connection: &mut C) -> &mut TransactionManagerStatus {
    C::TransactionManager::transaction_manager_status_mut(connection)
}

impl<C: AsyncConnection> Drop for Begun<'_, C> {
    /// Nothing can be waited for, and so nothing rolled back. Whatever would begin next on the connection
    /// would be a savepoint of a transaction that nobody ever commits: diesel is told to refuse it.
    fn drop(&mut self) {
        if self.open {
            // diesel-async panics where a statement is still running on another thread.
            let marked = AssertUnwindSafe(|| status(self.connection).set_in_error());
            let _ = catch_unwind(marked);
        }
    }
}

impl<C: AsyncConnection> Deref for Begun<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection
    }
}

impl<C: AsyncConnection> DerefMut for Begun<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.connection
    }
}

/// A connection of diesel-async, as queues write through it.
///
/// # Examples
///
/// ```
/// use airlock::diesel_async::{Database, Through};
/// use airlock::transaction::Queue;
///
/// /// With whatever queue is in the database.
/// fn database<C, Q>(queue: Q) -> Database<C>
/// where
///     C: diesel_async::AsyncConnection,
///     Q: for<'c> Queue<Through<'c, C>>,
/// {
///     Database::new().queue(queue)
/// }
/// ```
pub struct Through<'c, C>(pub(super) &'c mut C);

impl<C> fmt::Debug for Through<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").finish_non_exhaustive()
    }
}

impl<C: AsyncConnection<Backend = Pg>> transaction::Connection<dialect::Postgres>
    for Through<'_, C>
{
    async fn query(&mut self, sql: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let answers: Vec<Answer> = sql_query(sql).bind::<Text, _>(parameter).load(self.0).await?;
        Ok(rows(answers))
    }
}

#[cfg(feature = "apalis-sqlite")]
impl<C: AsyncConnection<Backend = diesel::sqlite::Sqlite>> transaction::Connection<dialect::Sqlite>
    for Through<'_, C>
{
    async fn query(&mut self, sql: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let answers: Vec<Answer> = sql_query(sql).bind::<Text, _>(parameter).load(self.0).await?;
        Ok(rows(answers))
    }
}
