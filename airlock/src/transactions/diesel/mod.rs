//! Transactions of [diesel](https://docs.rs/diesel) that are scopes.
//!
//! The book's page `docs/transactions.md` says what leaves when. All of this is sync: effects leave on the thread that
//! commits.
//!
//! If a commit fails with an error for which diesel has no kind, the outcome is unknown
//! ([`is_certain`](crate::transaction::DatabaseError::is_certain) is false), for a proxy may have answered. SQLite's
//! errors and deadlocks are exceptions.
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
mod retrying;
mod through;

pub use begun::Begun;
pub use database::Database;
pub use through::Through;

pub use crate::transactions::diesel_shared::is_conflict;

use diesel::connection::Connection;

use crate::transactions::diesel::begun::begin_on;
use crate::transactions::shared::{self as transaction, FailedAttempt, Settings, TransactionError};

/// A transaction of diesel with a scope, for code that can't use a closure; made by [`begin`] and
/// [`Database::begin`]. It derefs to the connection.
pub type Guard<'c, C> = transaction::Guard<Begun<'c, C>>;

/// Runs `body` in a transaction that is a scope: its effects leave after the commit.
///
/// On a connection that is in a transaction this is a savepoint, whose effects move into the outer transaction's scope.
/// An outer transaction that was opened without airlock needs a scope around it.
///
#[doc = include_str!("../shared/docs/errors.md")]
#[doc = include_str!("../shared/docs/panics.md")]
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
    attempt(connection, &Settings::default(), body).map_err(FailedAttempt::into_error)
}

#[doc = include_str!("../shared/docs/begin.md")]
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
pub fn begin<C: Connection>(connection: &mut C) -> Result<Guard<'_, C>, TransactionError> {
    Guard::begin_blocking(begin_on(connection)?, Settings::default())
}

fn attempt<C, T, E>(
    connection: &mut C,
    settings: &Settings<C>,
    body: impl FnOnce(&mut C) -> Result<T, E>,
) -> Result<T, FailedAttempt<E>>
where
    C: Connection,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let is_idle = begun::is_idle(connection);
    let not_begun = if is_idle {
        FailedAttempt::transaction_not_begun::<Begun<'_, C>>
    } else {
        FailedAttempt::savepoint_not_set
    };
    let begun = begin_on(connection).map_err(not_begun)?;
    transaction::attempt_sync(begun, settings, body)
}
