//! Transactions of [diesel-async](https://docs.rs/diesel-async) that are scopes.
//!
//! What leaves when is as the book's page `docs/transactions.md` says.
//!
//! A future, or a guard, that is dropped inside a transaction leaves the connection in it, as with
//! diesel-async itself, which can't wait for a rollback there; so does a panic. Effects are discarded at
//! once. Nothing can begin on such a connection any more: the error is diesel's
//! `BrokenTransactionManager`. Pools throw it away, and a connection of one's own has to be dropped. The
//! database rolls back then.
//!
//! A commit that fails with an error for which diesel has no kind is not
//! [certain](crate::transaction::DatabaseError::is_certain), unless it is SQLite's or a deadlock: a proxy
//! may have said it.
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

pub use begun::{Begun, Through};
pub use database::Database;

pub use crate::transactions::diesel_sql::is_conflict;

use diesel_async::AsyncConnection;

use crate::transactions::diesel_async::begun::begin_on;
use crate::transactions::shared::{self as transaction, Failed, Settings, TransactionError};

/// A transaction of diesel-async with a scope, for code that can't use a closure; made by [`begin`] and
/// [`Database::begin`]. It derefs to the connection.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// let tx: airlock::diesel_async::Transaction<'_, C> = Database::new().begin(connection).await?;
/// tx.rollback().await?;
/// # Ok(())
/// # }
/// ```
pub type Transaction<'c, C> = transaction::Transaction<Begun<'c, C>>;

/// Runs `body` in a transaction that is a scope: its effects leave after the commit.
///
/// On a connection that is in a transaction this is a savepoint, whose effects move into the scope of the
/// transaction around. One that was opened without airlock needs a scope around it.
///
/// # Errors
///
/// The body's own, after a rollback; else [`TransactionError`], as the body's error type.
///
/// # Panics
///
/// Where `body` does. The connection is left in the transaction then, as where the future is dropped,
/// and refuses to begin another one.
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
    attempt(connection, &Settings::default(), body).await.map_err(Failed::into_error)
}

/// Begins a transaction that is a scope, for code that can't use a closure.
///
/// # Errors
///
/// [`TransactionError`] where the database does not begin one.
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
) -> Result<Transaction<'_, C>, TransactionError> {
    Transaction::new(begin_on(connection).await?, Settings::default()).await
}

async fn attempt<C, T, E>(
    connection: &mut C,
    settings: &Settings<C>,
    body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
) -> Result<T, Failed<E>>
where
    C: AsyncConnection,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let is_idle = begun::is_idle(connection);
    let not_begun = if is_idle { Failed::outermost } else { Failed::savepoint };
    let begun = begin_on(connection).await.map_err(not_begun)?;
    transaction::attempt(begun, settings, body).await
}
