//! Settings for transactions of diesel-async.

use std::fmt;

use diesel_async::AsyncConnection;

use crate::diesel_async::begun::begin_on;
use crate::diesel_async::{Through, Transaction};
use crate::executor::{Batch, DispatchError};
use crate::transaction::settings::settings;
use crate::transaction::{self, Queue, Settings, TransactionError};

/// The settings of transactions on connections `C`, for a program's state. The connections come from
/// wherever the program has them.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "graphile")]
/// # fn example(jobs: airlock::graphile::Graphile) {
/// use airlock::diesel_async::Database;
/// # use diesel_async::AsyncConnection;
///
/// fn database<C>(jobs: airlock::graphile::Graphile) -> Database<C>
/// where
///     C: AsyncConnection<Backend = diesel::pg::Pg> + 'static,
/// {
///     Database::new().queue(jobs)
/// }
/// # }
/// ```
pub struct Database<C> {
    settings: Settings<C>,
}

impl<C: AsyncConnection> Database<C> {
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

    settings!(timeout);

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
    pub async fn transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        transaction::run(begin_on(connection).await?, &self.settings, body).await
    }

    /// Begins a transaction that is a scope, for code that can't use a closure.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] where the database does not begin one.
    pub async fn begin<'c>(
        &self,
        connection: &'c mut C,
    ) -> Result<Transaction<'c, C>, TransactionError> {
        Transaction::new(begin_on(connection).await?, self.settings.clone()).await
    }
}

/// A queue that is given diesel-async's connections.
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
