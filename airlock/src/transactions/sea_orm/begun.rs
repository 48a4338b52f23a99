//! SeaORM's transactions, as airlock begins and ends them.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    TransactionTrait,
};

use ::tokio::runtime::Handle;

use crate::core::task::called::BoxError;
use crate::transactions::sea_orm::nesting::{Nested, Outer};
use crate::transactions::shared::{
    self as transaction, CommitError, DatabaseError, InFailedTransaction, NESTED_STILL_OPEN, Step,
    TransactionError,
};
use crate::transactions::sqlx::clean_connection::ROLLED_BACK_BY_SQLITE;

/// A transaction of SeaORM that has begun.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// use airlock::transaction::Settings;
///
/// // What `Transaction` is a guard of.
/// let tx: airlock::transaction::Transaction<airlock::sea_orm::Begun> =
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
    nested: bool,
}

/// What a transaction can begin on: SeaORM's connection, and its transaction.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// use airlock::sea_orm::Begin;
///
/// /// In a transaction, or in a savepoint of one.
/// async fn place(on: &impl Begin) -> Result<(), BoxError> {
///     let placed = airlock::sea_orm::transaction(on, async |tx: &DatabaseTransaction| {
///         insert(tx).await?;
///         send_mail::enqueue(42)?;
///         Ok::<_, BoxError>(())
///     });
///     placed.await
/// }
/// place(&connection).await?;
/// # Ok(())
/// # }
/// ```
pub trait Begin: Sync {
    /// Begins a transaction, or sets a savepoint.
    #[doc(hidden)]
    fn begun(&self) -> Pin<Box<dyn Future<Output = Result<Begun, TransactionError>> + Send + '_>>;
}

impl Begin for DatabaseConnection {
    fn begun(&self) -> Pin<Box<dyn Future<Output = Result<Begun, TransactionError>> + Send + '_>> {
        Box::pin(async { begun(self.begin().await, self.get_database_backend(), false) })
    }
}

impl Begin for DatabaseTransaction {
    fn begun(&self) -> Pin<Box<dyn Future<Output = Result<Begun, TransactionError>> + Send + '_>> {
        Box::pin(async {
            let backend = self.get_database_backend();
            let Some(nested) = Nested::register(self) else {
                let error =
                    DatabaseError::new(Step::Begin, display_name(backend), NESTED_STILL_OPEN);
                return Err(error.into());
            };
            let mut begun = begun(self.begin().await, backend, true)?;
            begun.as_nested = Some(nested);
            Ok(begun)
        })
    }
}

pub(super) fn begun(
    begun: Result<DatabaseTransaction, DbErr>,
    backend: DbBackend,
    nested: bool,
) -> Result<Begun, TransactionError> {
    let next = match &begun {
        Err(DbErr::ConnectionAcquire(_)) => Some(
            "all connections are in use, or the pool is closed: give the pool more of them, and inside \
             a transaction run statements, and nested transactions, on that",
        ),
        Err(DbErr::Conn(RuntimeErr::SqlxError(error))) if matches!(**error, sqlx::Error::Io(_)) => {
            Some("check that the server runs and that the URL leads to it")
        }
        _ => None,
    };
    let register = |transaction| {
        let transaction = Box::new(transaction);
        Begun { as_outer: Outer::new(&transaction), transaction, as_nested: None, nested }
    };
    begun.map(register).map_err(|error| {
        let error = DatabaseError::new(Step::Begin, display_name(backend), error);
        match next {
            Some(next) => error.with_next_step(next).into(),
            None => error.into(),
        }
    })
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
        self.nested
    }

    /// Also asks SQLite before a commit, not only before rows are written: a commit that fails ends SeaORM's
    /// transaction and leaves the connection in it.
    async fn ready(&mut self, _: bool) -> Result<(), CommitError> {
        if self.as_outer.has_nested() {
            return Err(CommitError::rolled_back(NESTED_STILL_OPEN));
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
        if self.is_sqlite() || self.nested {
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

    async fn commit(self) -> Result<(), CommitError> {
        let answered = |error| match answer(&error).map(|said| said.code().map(Cow::into_owned)) {
            Some(code) => CommitError::answered(error, code.as_deref()),
            None => CommitError::unknown(error),
        };
        self.transaction.commit().await.map_err(answered)
    }

    async fn rollback(self) -> Result<(), BoxError> {
        if self.is_sqlite() && !self.nested {
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
