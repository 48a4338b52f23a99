//! Settings for transactions of diesel.

use diesel::connection::Connection;

use crate::transactions::diesel::begun::begin_on;
use crate::transactions::diesel::{Guard, Through, attempt, is_conflict};
use crate::transactions::diesel_shared::database::settings_only_database;
use crate::transactions::shared::retry::retries;
use crate::transactions::shared::settings::settings;
use crate::transactions::shared::{
    Conflicts, FailedAttempt, Failure, Queue, Retrying, Settings, TransactionError, When,
};

/// The settings of transactions on connections `C`, for a program's state. The program brings the connections itself.
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
pub struct Database<C> {
    pub(super) settings: Settings<C>,
}

impl<C: Connection> Database<C> {
    /// Transactions without settings.
    pub fn new() -> Self {
        Self::default()
    }

    #[doc = include_str!("../shared/docs/queue.md")]
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

    /// Runs `body` in a transaction that is a scope, or in a savepoint if the connection is in a transaction.
    ///
    /// With a [queue](Self::queue), the effects of a savepoint become rows of the outer transaction, whoever opened
    /// it. Without one, a scope has to enclose the outer transaction, and they move into that scope.
    ///
    #[doc = include_str!("../shared/docs/errors.md")]
    #[doc = include_str!("../shared/docs/panics.md")]
    pub fn transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        attempt(connection, &self.settings, body).map_err(FailedAttempt::into_error)
    }

    #[doc = include_str!("../shared/docs/try_transaction.md")]
    ///
    #[doc = include_str!("../shared/docs/panics.md")]
    pub fn try_transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, Failure<E>>
    where
        T: Send + 'static,
    {
        self.transaction(connection, |tx| body(tx).map_err(Failure::Body))
    }

    #[doc = include_str!("../shared/docs/begin.md")]
    pub fn begin<'c>(&self, connection: &'c mut C) -> Result<Guard<'c, C>, TransactionError> {
        Guard::begin_blocking(begin_on(connection)?, self.settings.clone())
    }

    retries! {
        /// # Examples
        ///
        /// ```
        #[doc = include_str!("orders.md")]
        #[doc = include_str!("../shared/docs/order_error.md")]
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
    }
}

settings_only_database!();
