//! Settings for transactions of diesel.

use std::fmt;

use diesel::connection::Connection;

use crate::diesel::begun::begin_on;
use crate::diesel::{Through, Transaction};
use crate::executor::{Batch, DispatchError};
use crate::transaction::settings::settings;
use crate::transaction::{self, Queue, Settings, TransactionError};

/// The settings of transactions on connections `C`, for a program's state. The connections come from
/// wherever the program has them.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "apalis-sqlite")]
/// # fn example(jobs: airlock::apalis::Sqlite, connection: &mut diesel::SqliteConnection)
/// # -> Result<(), airlock::BoxError> {
/// # #[airlock::task]
/// # fn send_mail(order_id: i64) {}
/// use airlock::diesel::Database;
/// use diesel::SqliteConnection;
///
/// let database = Database::<SqliteConnection>::new().queue(jobs);
/// database.transaction(connection, |_tx| {
///     send_mail::enqueue(42)?;                                // becomes a row of the transaction
///     Ok::<_, airlock::BoxError>(())
/// })?;
/// # Ok(())
/// # }
/// ```
pub struct Database<C> {
    settings: Settings<C>,
}

impl<C: Connection> Database<C> {
    /// Transactions without settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes effects to a queue in the same database, as rows of the transaction: data and effects are
    /// committed together or not at all.
    #[must_use]
    pub fn queue(mut self, queue: impl for<'c> Queue<Through<'c, C>>) -> Self {
        self.settings = self.settings.queue(Adapted(queue));
        self
    }

    settings!();

    /// Runs `body` in a transaction that is a scope, or in a savepoint where the connection is in a
    /// transaction.
    ///
    /// With a [queue](Self::queue), effects of a savepoint become rows of the transaction around, whoever
    /// opened it. Without one, a scope has to be around that, and they move into it.
    ///
    /// # Errors
    ///
    /// The body's own, after a rollback; else [`TransactionError`], as the body's error type.
    ///
    /// # Panics
    ///
    /// Where `body` does, after a rollback.
    pub fn transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        transaction::run_sync(begin_on(connection)?, &self.settings, body)
    }

    /// Begins a transaction that is a scope, for code that can't use a closure.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] where the database does not begin one.
    pub fn begin<'c>(&self, connection: &'c mut C) -> Result<Transaction<'c, C>, TransactionError> {
        Transaction::begin_blocking(begin_on(connection)?, self.settings.clone())
    }
}

/// A queue that is given diesel's connections.
struct Adapted<Q>(Q);

impl<C: Send, Q: for<'c> Queue<Through<'c, C>>> Queue<C> for Adapted<Q> {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        self.0.push(&mut Through(connection), batch).await
    }

    fn committed(&self) {
        self.0.committed();
    }
}

impl<C> Default for Database<C> {
    fn default() -> Self {
        Self { settings: Settings::default() }
    }
}

impl<C> Clone for Database<C> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone() }
    }
}

impl<C> fmt::Debug for Database<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("queue", &self.settings.queue.is_some())
            .finish_non_exhaustive()
    }
}
