//! Transactions of [diesel](https://docs.rs/diesel) that are scopes.
//!
//! What leaves when is as the book's page `docs/transactions.md` says. All of this is sync: effects leave
//! on the thread that commits.
//!
//! A commit that fails with an error for which diesel has no kind is not
//! [certain](crate::transaction::DatabaseError::is_certain), unless it is SQLite's or a deadlock: a proxy
//! may have said it.
//!
//! # Examples
//!
//! ```no_run
//! use airlock::BoxError;
//! use diesel::connection::{Connection, SimpleConnection};
//!
//! #[airlock::task]
//! fn send_mail(order_id: i64) {}
//!
//! fn place<C: Connection>(connection: &mut C) -> Result<(), BoxError> {
//!     airlock::diesel::transaction(connection, |tx| {
//!         tx.batch_execute("INSERT INTO orders (id) VALUES (42)")?;
//!         send_mail::enqueue(42)?;                            // leaves after the commit
//!         Ok(())
//!     })
//! }
//! ```

mod begun;
mod database;

pub use begun::{Begun, Through};
pub use database::Database;

pub use crate::transactions::diesel_sql::is_conflict;

use diesel::connection::Connection;

use crate::transactions::diesel::begun::begin_on;
use crate::transactions::shared::{self as transaction, Failed, Settings, TransactionError};

/// A transaction of diesel with a scope, for code that can't use a closure; made by [`begin`] and
/// [`Database::begin`]. It derefs to the connection.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// let tx: airlock::diesel::Transaction<'_, SqliteConnection> = Database::new().begin(connection)?;
/// tx.rollback_blocking()?;
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
/// Where `body` does, after a rollback.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// airlock::diesel::transaction(connection, |tx| {
///     insert(tx)?;
///     send_mail::enqueue(1)?;                                 // leaves after the commit
///     Ok::<_, BoxError>(())
/// })?;
/// # Ok(())
/// # }
/// ```
pub fn transaction<C, T, E>(
    connection: &mut C,
    body: impl FnOnce(&mut C) -> Result<T, E>,
) -> Result<T, E>
where
    C: Connection,
    T: Send + 'static,
    E: From<TransactionError>,
{
    attempt(connection, &Settings::default(), body).map_err(Failed::into_error)
}

/// Begins a transaction that is a scope, for code that can't use a closure.
///
/// # Errors
///
/// [`TransactionError`] where the database does not begin one.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// let mut tx = airlock::diesel::begin(connection)?;
/// insert(&mut tx)?;
/// tx.run(|_| send_mail::enqueue(1))?;
/// tx.commit_blocking()?;                                      // the mail leaves here
/// # Ok(())
/// # }
/// ```
pub fn begin<C: Connection>(connection: &mut C) -> Result<Transaction<'_, C>, TransactionError> {
    Transaction::begin_blocking(begin_on(connection)?, Settings::default())
}

fn attempt<C, T, E>(
    connection: &mut C,
    settings: &Settings<C>,
    body: impl FnOnce(&mut C) -> Result<T, E>,
) -> Result<T, Failed<E>>
where
    C: Connection,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let is_idle = begun::is_idle(connection);
    let not_begun = if is_idle { Failed::outermost } else { Failed::savepoint };
    let begun = begin_on(connection).map_err(not_begun)?;
    transaction::attempt_sync(begun, settings, body)
}
