//! Transactions of [diesel-async](https://docs.rs/diesel-async) that are scopes.
//!
//! The book's page `docs/transactions.md` says what leaves when.
//!
//! A future or a guard that is dropped inside a transaction leaves the connection in it, as with diesel-async itself,
//! which can't wait for a rollback there; so does a panic. Effects are discarded at once. No transaction can begin on
//! such a connection any more: the error is diesel's `BrokenTransactionManager`. Pools discard the connection; drop a
//! connection of your own. The database then rolls back.
//!
//! If a commit fails with an error for which diesel has no kind, the outcome is unknown
//! ([`is_certain`](crate::transaction::DatabaseError::is_certain) is false), for a proxy may have answered. SQLite's
//! errors and deadlocks are exceptions.
//!
//! # Examples
//!
//! ```no_run
//! use airlock::BoxError;
//! use diesel_async::{AsyncConnection, SimpleAsyncConnection};
//!
//! #[airlock::task]
//! fn send_mail(order_id: i64) {}
//!
//! async fn place<C: AsyncConnection>(connection: &mut C) -> Result<(), BoxError> {
//!     airlock::diesel_async::transaction(connection, async |tx: &mut C| {
//!         tx.batch_execute("INSERT INTO orders (id) VALUES (42)").await?;
//!         send_mail::enqueue(42)?;                            // leaves after the commit
//!         Ok::<_, BoxError>(())
//!     })
//!     .await
//! }
//! ```

mod begun;
mod database;
mod retrying;
mod through;

pub use begun::Begun;
pub use database::Database;
pub use through::Through;

pub use crate::transactions::diesel_shared::is_conflict;

use diesel_async::AsyncConnection;

use crate::transactions::diesel_async::begun::begin_on;
use crate::transactions::shared::{self as transaction, FailedAttempt, Settings, TransactionError};

/// A transaction of diesel-async with a scope, for code that can't use a closure; made by [`begin`] and
/// [`Database::begin`]. It derefs to the connection.
pub type Guard<'c, C> = transaction::Guard<Begun<'c, C>>;

/// Runs `body` in a transaction that is a scope: its effects leave after the commit.
///
/// On a connection that is in a transaction this is a savepoint, whose effects move into the outer transaction's scope.
/// An outer transaction that was opened without airlock needs a scope around it.
///
#[doc = include_str!("../shared/docs/body.md")]
///
#[doc = include_str!("../shared/docs/errors.md")]
#[doc = include_str!("panics.md")]
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// let placed = airlock::diesel_async::transaction(connection, async |tx: &mut C| {
///     insert(tx).await?;
///     send_mail::enqueue(42)?;                                // leaves after the commit
///     Ok::<_, BoxError>(())
/// });
/// placed.await?;
/// # Ok(())
/// # }
/// ```
pub async fn transaction<C, T, E>(
    connection: &mut C,
    body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
) -> Result<T, E>
where
    C: AsyncConnection,
    T: Send + 'static,
    E: From<TransactionError>,
{
    attempt(connection, &Settings::default(), body).await.map_err(FailedAttempt::into_error)
}

#[doc = include_str!("../shared/docs/begin.md")]
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// let mut tx = airlock::diesel_async::begin(connection).await?;
/// insert(&mut *tx).await?;
/// tx.run(|_| send_mail::enqueue(42))?;
/// tx.commit().await?;                                         // the mail leaves here
/// # Ok(())
/// # }
/// ```
pub async fn begin<C: AsyncConnection>(
    connection: &mut C,
) -> Result<Guard<'_, C>, TransactionError> {
    Guard::new(begin_on(connection).await?, Settings::default()).await
}

async fn attempt<C, T, E>(
    connection: &mut C,
    settings: &Settings<C>,
    body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
) -> Result<T, FailedAttempt<E>>
where
    C: AsyncConnection,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let is_idle = begun::is_idle(connection);
    let not_begun = if is_idle {
        FailedAttempt::transaction_not_begun::<Begun<'_, C>>
    } else {
        FailedAttempt::savepoint_not_set
    };
    let begun = begin_on(connection).await.map_err(not_begun)?;
    transaction::attempt(begun, settings, body).await
}
