//! What a transaction of SeaORM can begin on.

use std::pin::Pin;

use crate::core::background::detached::Detached;
use crate::transactions::shared::{DatabaseError, NESTED_STILL_OPEN, Step, TransactionError};

use super::begun::{Begun, display_name};
use super::driver::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    TransactionTrait,
};
use super::driver::sqlx;
use super::nesting::{Nested, Unanswered};

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
        let connection = self.clone();
        begun_elsewhere(self.get_database_backend(), async move { connection.begin().await })
    }
}

impl Begin for DatabaseTransaction {
    fn begun(&self) -> Pin<Box<dyn Future<Output = Result<Begun, TransactionError>> + Send + '_>> {
        Box::pin(async {
            let backend = self.get_database_backend();
            // If this future is dropped, so is the registration.
            let Some(nested) = Nested::register(self) else {
                let error =
                    DatabaseError::new(Step::Begin, display_name(backend), NESTED_STILL_OPEN);
                return Err(error.into());
            };
            let unanswered = Unanswered::of(self);
            let begun = self.begin().await;
            unanswered.answered();
            new_begun(begun, backend, Some(nested))
        })
    }
}

/// Begins to the end also where the future is dropped, and rolls back then: sqlx counts a transaction once the database
/// has answered, and before that leaves the pool's connection in it.
pub(super) fn begun_elsewhere<'a>(
    backend: DbBackend,
    begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
) -> Pin<Box<dyn Future<Output = Result<Begun, TransactionError>> + Send + 'a>> {
    Box::pin(async move { new_begun(Detached::new(begin, drop).await, backend, None) })
}

/// Wraps a transaction that has begun, or explains why it has not.
fn new_begun(
    begun: Result<DatabaseTransaction, DbErr>,
    backend: DbBackend,
    nested: Option<Nested>,
) -> Result<Begun, TransactionError> {
    let error = match begun {
        Ok(transaction) => return Ok(Begun::new(transaction, nested)),
        Err(error) => error,
    };
    let next_step = match &error {
        DbErr::ConnectionAcquire(_) => Some(
            "all connections are in use, or the pool is closed: give the pool more of them, and inside \
             a transaction run statements, and nested transactions, on that",
        ),
        DbErr::Conn(RuntimeErr::SqlxError(error)) if matches!(**error, sqlx::Error::Io(_)) => {
            Some("check that the server runs and that the URL leads to it")
        }
        _ => None,
    };
    let error = DatabaseError::new(Step::Begin, display_name(backend), error);
    match next_step {
        Some(next_step) => Err(error.with_next_step(next_step).into()),
        None => Err(error.into()),
    }
}
