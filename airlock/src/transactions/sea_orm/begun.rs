//! SeaORM's transactions, as airlock begins and ends them.

use std::borrow::Cow;
use std::error::Error;
use std::ops::{Deref, DerefMut};

use ::tokio::runtime::Handle;

use crate::core::task::called::BoxError;
use crate::transactions::shared::{
    self as transaction, CommitError, InFailedTransaction, NESTED_STILL_OPEN,
};

use super::driver::lower::clean_connection::{ROLLED_BACK_BY_SQLITE, ROLLED_BACK_BY_SQLX};
use super::driver::sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, RuntimeErr};
use super::driver::sqlx;
use super::is_conflict;
use super::nesting::{Nested, Outer};

/// A transaction of SeaORM that has begun.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// use airlock::transaction::Settings;
///
/// // What `Guard` guards.
/// let tx: airlock::transaction::Guard<airlock::sea_orm::Begun> =
///     airlock::sea_orm::begin(&connection).await?;
/// tx.rollback().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Begun {
    // Dropped before the transaction, while no other one can be at its address.
    as_outer: Outer,
    transaction: Box<DatabaseTransaction>,
    as_nested: Option<Nested>,
}

impl Begun {
    pub(super) fn new(transaction: DatabaseTransaction, as_nested: Option<Nested>) -> Self {
        // In a box, whose address stays the same when this is moved.
        let transaction = Box::new(transaction);
        Self { as_outer: Outer::new(&transaction), transaction, as_nested }
    }
}

/// The database's own error, if it has answered with one.
fn answer(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => error.as_database_error(),
        _ => None,
    }
}

pub(super) fn display_name(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "PostgreSQL",
        DbBackend::Sqlite => "SQLite",
        DbBackend::MySql => "MySQL",
        #[allow(unreachable_patterns, reason = "SeaORM 1.1 has no others")]
        _ => "the database",
    }
}

impl transaction::Begun for Begun {
    type Connection = DatabaseTransaction;

    fn connection(&mut self) -> &mut DatabaseTransaction {
        &mut self.transaction
    }

    fn place(&self) -> String {
        display_name(self.transaction.get_database_backend()).to_owned()
    }

    fn is_nested(&mut self) -> bool {
        self.as_nested.is_some()
    }

    /// Also asks SQLite before a commit, not only before rows are written: a commit that fails ends SeaORM's
    /// transaction and leaves the connection in it.
    async fn ready(&mut self, _: bool) -> Result<(), CommitError> {
        if self.as_outer.has_nested() {
            return Err(CommitError::rolled_back(NESTED_STILL_OPEN));
        }
        if self.as_outer.is_rolled_back() {
            return Err(CommitError::rolled_back(ROLLED_BACK_BY_SQLX));
        }
        if self.as_nested.as_ref().is_some_and(Nested::outer_has_ended) {
            return Err(CommitError::rolled_back("the transaction around it has ended"));
        }
        if self.is_sqlite() && self.transaction.execute_unprepared("BEGIN").await.is_ok() {
            // Leaves the connection as it was found, so that the outer transaction finds out in the same way.
            let _ = self.transaction.execute_unprepared("ROLLBACK").await;
            return Err(CommitError::rolled_back(ROLLED_BACK_BY_SQLITE));
        }
        Ok(())
    }

    async fn check(&mut self) -> Result<(), BoxError> {
        if self.is_sqlite() || self.as_nested.is_some() {
            return Ok(());
        }
        let probed = self.transaction.execute_unprepared("SELECT 1").await;
        probed.map(drop).map_err(|error| {
            let code = answer(&error).and_then(sqlx::error::DatabaseError::code);
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
        self.transaction.execute_unprepared(statement).await?;
        Ok(())
    }

    fn is_conflict(error: &(dyn Error + 'static)) -> bool {
        is_conflict(error)
    }

    async fn commit(self) -> Result<(), CommitError> {
        let answered = |error| match answer(&error).map(|said| said.code().map(Cow::into_owned)) {
            Some(code) => CommitError::answered(error, code.as_deref()),
            None => CommitError::unknown(error),
        };
        self.transaction.commit().await.map_err(answered)
    }

    async fn rollback(self) -> Result<(), BoxError> {
        if self.is_sqlite() && self.as_nested.is_none() {
            // In a task of its own: it has to run to its end even if this future is dropped.
            return match Handle::try_current() {
                Ok(runtime) => Ok(runtime.spawn(self.roll_back_sqlite()).await??),
                Err(_) => Ok(self.roll_back_sqlite().await?),
            };
        }
        Ok(self.transaction.rollback().await?)
    }
}

impl Begun {
    fn is_sqlite(&self) -> bool {
        self.transaction.get_database_backend() == DbBackend::Sqlite
    }

    /// Rolls back the transaction in SQLite, and then ends the one that SeaORM, and sqlx below it, assume.
    ///
    /// If SQLite has rolled back by itself, sqlx's rollback fails, and sqlx takes the connection for one in a
    /// transaction from then on: the next transaction would be a savepoint, whose rollback leaves an outer transaction
    /// open for good. So sqlx gets an empty transaction to end, which both of the statements that sqlx may send
    /// do end: `COMMIT`, and the release of the first savepoint.
    async fn roll_back_sqlite(self) -> Result<(), DbErr> {
        let Self { transaction, .. } = self;
        if transaction.execute_unprepared("ROLLBACK").await.is_err() {
            // Fails if there is a transaction all the same, which must not be committed below.
            transaction.execute_unprepared("BEGIN").await?;
            transaction.execute_unprepared("ROLLBACK").await?;
        }
        transaction.execute_unprepared("SAVEPOINT _sqlx_savepoint_1").await?;
        transaction.commit().await
    }
}

impl Deref for Begun {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

impl DerefMut for Begun {
    fn deref_mut(&mut self) -> &mut DatabaseTransaction {
        &mut self.transaction
    }
}
