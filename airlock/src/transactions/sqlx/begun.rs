//! sqlx's transactions.

use std::borrow::Cow;
use std::pin::Pin;

use sqlx::{Acquire, Executor};
use sqlx_core::transaction::TransactionManager;

use crate::core::task::called::BoxError;
use crate::transactions::shared::{
    Begun, CommitError, DatabaseError, PassedOver, Step, TransactionError,
};
use crate::transactions::untouched;

/// A database of sqlx; implemented for all of them.
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
    /// Runs a statement, to hear whether the transaction is still a good one.
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

impl<DB: Backend> Begun for sqlx::Transaction<'_, DB> {
    type Connection = DB::Connection;

    fn connection(&mut self) -> &mut DB::Connection {
        self
    }

    fn place(&self) -> String {
        DB::NAME.to_owned()
    }

    fn is_nested(&mut self) -> bool {
        DB::TransactionManager::get_transaction_depth(self) > 1
    }

    /// SQLite rolls back by itself where a disk fails, or a statement says so, and says it of that statement alone.
    /// Whatever comes then is committed by itself, and a transaction can begin.
    async fn ready(&mut self, writes: bool) -> Result<(), CommitError> {
        if writes && DB::NAME == "SQLite" && DB::probe(self, "BEGIN").await.is_ok() {
            // The connection is as it was found: whoever is around this one finds out by this as well.
            let _ = DB::probe(self, "ROLLBACK").await;
            return Err(CommitError::rolled_back(untouched::BY_ITSELF));
        }
        Ok(())
    }

    /// PostgreSQL commits by rolling back where a statement has failed, and says so in a way that sqlx does
    /// not show. Of the others SQLite is known not to; behind `Any` may be either.
    async fn check(&mut self) -> Result<(), BoxError> {
        if DB::NAME == "SQLite" || self.is_nested() {
            return Ok(());
        }
        let probed = DB::probe(self, "SELECT 1").await;
        probed.map_err(|error| {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            let passed_over = code.is_some_and(|code| code == "25P02");
            if passed_over { PassedOver(error.into()).into() } else { error.into() }
        })
    }

    async fn commit(self) -> Result<(), CommitError> {
        sqlx::Transaction::commit(self).await.map_err(|error| match error {
            sqlx::Error::Database(said) => {
                let code = said.code().map(Cow::into_owned);
                CommitError::answered(sqlx::Error::Database(said), code.as_deref())
            }
            error => CommitError::unknown(error),
        })
    }

    async fn rollback(self) -> Result<(), BoxError> {
        Ok(sqlx::Transaction::rollback(self).await?)
    }
}

/// Begins a transaction, or sets a savepoint.
pub(super) async fn begin_on<'c, A, DB>(
    on: A,
    place: Option<&str>,
) -> Result<sqlx::Transaction<'c, DB>, TransactionError>
where
    A: Acquire<'c, Database = DB>,
    DB: Backend,
{
    untouched::begin(on).await.map_err(|error| not_begun::<DB>(place, error))
}

pub(super) fn not_begun<DB: Backend>(place: Option<&str>, error: sqlx::Error) -> TransactionError {
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
