//! Settings for transactions of diesel.

use diesel::connection::Connection;

use crate::transactions::diesel::begun::begin_on;
use crate::transactions::diesel::{Through, Transaction, attempt, is_conflict};
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
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let database = Database::new();
    /// database.transaction(connection, |tx| Ok::<_, BoxError>(insert(tx)?))?;
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
    /// # #[cfg(feature = "apalis-sqlite")]
    /// # mod example {
    /// use airlock::apalis;
    /// use airlock::diesel::Database;
    /// use diesel::SqliteConnection;
    ///
    /// fn database(jobs: apalis::Sqlite) -> Database<SqliteConnection> {
    ///     Database::new().queue(jobs)
    /// }
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let database = Database::new().scope(|| airlock::scope().named("checkout"));
    /// database.transaction(connection, |tx| {
    ///     insert(tx)?;
    ///     send_mail::enqueue(1)?;                                 // leaves after the commit
    ///     Ok::<_, BoxError>(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        attempt(connection, &self.settings, body).map_err(Failed::into_error)
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
    /// let mut tx = Database::new().begin(connection)?;
    /// insert(&mut tx)?;
    /// tx.run(|_| send_mail::enqueue(1))?;
    /// tx.commit_blocking()?;                                      // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin<'c>(&self, connection: &'c mut C) -> Result<Transaction<'c, C>, TransactionError> {
        Transaction::begin_blocking(begin_on(connection)?, self.settings.clone())
    }

    retries! {
        /// # Examples
        ///
        /// ```
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
        /// Database::new().retry(3).transaction(connection, |tx| {
        ///     insert(tx)?;
        ///     send_mail::enqueue(1)?;
        ///     Ok::<_, OrderError>(())
        /// })?;
        /// # Ok(())
        /// # }
        /// ```
        retry,
        /// # Examples
        ///
        /// ```
        #[doc = include_str!("orders.md")]
        /// use airlock::diesel::is_conflict;
        ///
        /// let database = Database::new();
        /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
        /// again.transaction(connection, |tx| {
        ///     insert(tx)?;
        ///     send_mail::enqueue(1)?;
        ///     Ok::<_, BoxError>(())
        /// })?;
        /// # Ok(())
        /// # }
        /// ```
        retry_if,
    }
}

impl<C: Connection, W> Retrying<'_, Database<C>, W> {
    /// Runs `body` in a transaction that is a scope, and again in another one where that fails for a
    /// while. What an attempt that failed had enqueued is discarded.
    ///
    /// # Errors
    ///
    /// That of the last attempt.
    ///
    /// # Panics
    ///
    /// Where `body` does, after a rollback.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// use airlock::diesel::is_conflict;
    ///
    /// let database = Database::new();
    /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
    /// again.transaction(connection, |tx| {
    ///     insert(tx)?;
    ///     send_mail::enqueue(1)?;
    ///     Ok::<_, BoxError>(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction<T, E>(
        mut self,
        connection: &mut C,
        mut body: impl FnMut(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        loop {
            match attempt(connection, &self.database.settings, &mut body) {
                Ok(value) => return Ok(value),
                Err(failed) => self.attempts.sleep_after(failed)?,
            }
        }
    }
}

only_settings!();
