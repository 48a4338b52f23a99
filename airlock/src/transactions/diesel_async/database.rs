//! Settings for transactions of diesel-async.

use diesel_async::AsyncConnection;

use crate::transactions::diesel_async::begun::begin_on;
use crate::transactions::diesel_async::{Through, Transaction, attempt, is_conflict};
use crate::transactions::diesel_sql::only_settings;
use crate::transactions::shared::retry::retries;
use crate::transactions::shared::settings::settings;
use crate::transactions::shared::{
    Conflicts, Failed, Passing, Queue, Retrying, Settings, TransactionError, When,
};

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
    ///
    /// # Examples
    ///
    /// ```no_run
    #[doc = include_str!("orders.md")]
    /// let database = Database::new();
    /// let inserted = database.transaction(connection, async |tx: &mut C| {
    ///     Ok::<_, BoxError>(insert(tx).await?)
    /// });
    /// inserted.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes effects to a queue in the same database, as rows of the transaction: data and effects are
    /// committed together or not at all.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "apalis-postgres")]
    /// # mod example {
    /// use airlock::apalis;
    /// use airlock::diesel_async::Database;
    /// use diesel_async::AsyncConnection;
    ///
    /// fn database<C>(jobs: apalis::Postgres) -> Database<C>
    /// where
    ///     C: AsyncConnection<Backend = diesel::pg::Pg> + 'static,
    /// {
    ///     Database::new().queue(jobs)
    /// }
    /// # }
    /// ```
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
    /// Where `body` does. The connection is left in the transaction then, as where the future is dropped,
    /// and refuses to begin another one.
    ///
    /// # Examples
    ///
    /// ```no_run
    #[doc = include_str!("orders.md")]
    /// let database = Database::new().scope(|| airlock::scope().named("checkout"));
    /// let placed = database.transaction(connection, async |tx: &mut C| {
    ///     insert(tx).await?;
    ///     send_mail::enqueue(42)?;                                // leaves after the commit
    ///     Ok::<_, BoxError>(())
    /// });
    /// placed.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        attempt(connection, &self.settings, body).await.map_err(Failed::into_error)
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
    /// let database = Database::new();
    /// let mut tx = database.begin(connection).await?;
    /// insert(&mut *tx).await?;
    /// tx.run(|_| send_mail::enqueue(42))?;
    /// tx.commit().await?;                                         // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin<'c>(
        &self,
        connection: &'c mut C,
    ) -> Result<Transaction<'c, C>, TransactionError> {
        Transaction::new(begin_on(connection).await?, self.settings.clone()).await
    }

    retries! {
        /// # Examples
        ///
        /// ```no_run
        #[doc = include_str!("orders.md")]
        #[doc = include_str!("../shared/order_error.md")]
        /// # impl From<diesel::result::Error> for OrderError {
        /// #     fn from(error: diesel::result::Error) -> Self { Self(error.into()) }
        /// # }
        /// #[derive(Debug)]
        /// struct OrderError(BoxError);
        ///
        /// impl std::error::Error for OrderError {
        ///     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        ///         Some(&*self.0)                                      // what a conflict is found by
        ///     }
        /// }
        ///
        /// let database = Database::new();
        /// let placed = database.retry(3).transaction(connection, async |tx: &mut C| {
        ///     insert(tx).await?;
        ///     send_mail::enqueue(42)?;
        ///     Ok::<_, OrderError>(())
        /// });
        /// placed.await?;
        /// # Ok(())
        /// # }
        /// ```
        retry,
        /// # Examples
        ///
        /// ```no_run
        #[doc = include_str!("orders.md")]
        /// use airlock::diesel_async::is_conflict;
        ///
        /// let database = Database::new();
        /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
        /// let placed = again.transaction(connection, async |tx: &mut C| {
        ///     insert(tx).await?;
        ///     send_mail::enqueue(42)?;
        ///     Ok::<_, BoxError>(())
        /// });
        /// placed.await?;
        /// # Ok(())
        /// # }
        /// ```
        retry_if,
    }
}

impl<C: AsyncConnection, W> Retrying<'_, Database<C>, W> {
    /// Runs `body` in a transaction that is a scope, and again in another one where that fails for a
    /// while. What an attempt that failed had enqueued is discarded.
    ///
    /// # Errors
    ///
    /// That of the last attempt.
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
    /// use airlock::diesel_async::is_conflict;
    ///
    /// let database = Database::new();
    /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
    /// let placed = again.transaction(connection, async |tx: &mut C| {
    ///     insert(tx).await?;
    ///     send_mail::enqueue(42)?;                                // leaves after the commit
    ///     Ok::<_, BoxError>(())
    /// });
    /// placed.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<T, E>(
        mut self,
        connection: &mut C,
        mut body: impl AsyncFnMut(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        loop {
            match attempt(connection, &self.database.settings, &mut body).await {
                Ok(value) => return Ok(value),
                Err(failed) => self.attempts.wait_after(failed).await?,
            }
        }
    }
}

only_settings!();
