//! SeaORM's transactions.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    Statement, TransactionTrait,
};

use ::tokio::runtime::Handle;

use crate::core::task::called::BoxError;
use crate::transactions::sea_orm::inside::{Around, Inside};
use crate::transactions::shared::{
    self as transaction, CommitError, DatabaseError, LEFT_OPEN, PassedOver, Row, Step,
    TransactionError, dialect,
};
use crate::transactions::untouched;

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
    // Before the transaction: no other one is at its address by then.
    around: Around,
    transaction: Box<DatabaseTransaction>,
    inside: Option<Inside>,
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
            let Some(inside) = Inside::of(self) else {
                let error = DatabaseError::new(Step::Begin, name(backend), LEFT_OPEN);
                return Err(error.into());
            };
            let mut begun = begun(self.begin().await, backend, true)?;
            begun.inside = Some(inside);
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
    let found = |transaction| {
        let transaction = Box::new(transaction);
        Begun { around: Around::of(&transaction), transaction, inside: None, nested }
    };
    begun.map(found).map_err(|error| {
        let error = DatabaseError::new(Step::Begin, name(backend), error);
        match next {
            Some(next) => error.with_next_step(next).into(),
            None => error.into(),
        }
    })
}

/// What the database itself has answered, if it did.
fn answer(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => error.as_database_error(),
        _ => None,
    }
}

fn name(backend: DbBackend) -> &'static str {
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
        name(self.transaction.get_database_backend()).to_owned()
    }

    fn is_nested(&mut self) -> bool {
        self.nested
    }

    /// Before a commit, too: one that fails is the end of SeaORM's transaction, and leaves the connection in it.
    async fn ready(&mut self, _: bool) -> Result<(), CommitError> {
        if self.around.is_around_another() {
            return Err(CommitError::rolled_back(LEFT_OPEN));
        }
        if self.inside.as_ref().is_some_and(Inside::is_left_alone) {
            return Err(CommitError::rolled_back("the transaction around it has ended"));
        }
        if self.is_sqlite() && self.transaction.execute_unprepared("BEGIN").await.is_ok() {
            // The connection is as it was found: whoever is around this one finds out by this as well.
            let _ = self.transaction.execute_unprepared("ROLLBACK").await;
            return Err(CommitError::rolled_back(untouched::BY_ITSELF));
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
            let passed_over = code.is_some_and(|code| code == "25P02");
            if passed_over { PassedOver(error.into()).into() } else { error.into() }
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
            // To its end, also where nobody waits for it any more: half-way is where it must not be left.
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

    /// Rolls back what SQLite has begun, and then ends what SeaORM, or sqlx below it, thinks has begun.
    ///
    /// Where SQLite has rolled back by itself, sqlx can't, and takes the connection for one in a transaction ever
    /// after: the next one would be a savepoint, whose rollback leaves open what nobody commits. So what sqlx ends is
    /// a transaction that is empty, and that either of its statements ends, `COMMIT` and the release of its first
    /// savepoint.
    async fn roll_back_sqlite(self) -> Result<(), DbErr> {
        let Self { transaction, .. } = self;
        if transaction.execute_unprepared("ROLLBACK").await.is_err() {
            // Refused where there is a transaction all the same: it must not be committed below.
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

impl transaction::Connection<dialect::Postgres> for DatabaseTransaction {
    async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        query(self, DbBackend::Postgres, statement, parameter).await
    }
}

impl transaction::Connection<dialect::Sqlite> for DatabaseTransaction {
    async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        query(self, DbBackend::Sqlite, statement, parameter).await
    }
}

/// SeaORM's types don't say which database it is.
async fn query(
    transaction: &DatabaseTransaction,
    queue: DbBackend,
    statement: &str,
    parameter: &str,
) -> Result<Vec<Row>, BoxError> {
    let backend = transaction.get_database_backend();
    if backend != queue {
        return Err(format!(
            "the transaction is in {}, and the queue's tables are in {}: give the database a queue of \
             its own kind",
            name(backend),
            name(queue)
        )
        .into());
    }
    let statement = Statement::from_sql_and_values(backend, statement, [parameter.into()]);
    let rows = transaction.query_all_raw(statement).await?;
    let row = |row: sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    rows.into_iter().map(row).collect()
}
