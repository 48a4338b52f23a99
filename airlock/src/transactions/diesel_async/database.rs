//! Settings for transactions of diesel-async.

use diesel_async::AsyncConnection;

use crate::transactions::diesel_async::begun::begin_on;
use crate::transactions::diesel_async::{Guard, Through, attempt, is_conflict};
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
/// ```no_run
#[doc = include_str!("orders.md")]
/// use std::time::Duration;
///
/// let database = Database::new()
///     .scope(|| airlock::scope().named("checkout"))
///     .commit_timeout(Duration::from_secs(5));
/// let placed = database.transaction(connection, async |tx: &mut C| {
///     insert(tx).await?;
///     send_mail::enqueue(42)?;                                // leaves after the commit
///     Ok::<_, BoxError>(())
/// });
/// placed.await?;
/// # Ok(())
/// # }
/// ```
pub struct Database<C> {
    pub(super) settings: Settings<C>,
}

impl<C: AsyncConnection> Database<C> {
    /// Transactions without settings.
    pub fn new() -> Self {
        Self::default()
    }

    #[doc = include_str!("../shared/docs/queue.md")]
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

    /// Runs `body` in a transaction that is a scope, or in a savepoint if the connection is in a transaction.
    ///
    /// With a [queue](Self::queue), the effects of a savepoint become rows of the outer transaction, whoever opened
    /// it. Without one, a scope has to enclose the outer transaction, and they move into that scope.
    ///
    #[doc = include_str!("../shared/docs/body.md")]
    ///
    #[doc = include_str!("../shared/docs/errors.md")]
    #[doc = include_str!("panics.md")]
    pub async fn transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        attempt(connection, &self.settings, body).await.map_err(FailedAttempt::into_error)
    }

    #[doc = include_str!("../shared/docs/try_transaction.md")]
    ///
    #[doc = include_str!("panics.md")]
    pub async fn try_transaction<T, E>(
        &self,
        connection: &mut C,
        body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, Failure<E>>
    where
        T: Send + 'static,
    {
        let body = async |tx: &mut C| body(tx).await.map_err(Failure::Body);
        self.transaction(connection, body).await
    }

    #[doc = include_str!("../shared/docs/begin.md")]
    pub async fn begin<'c>(&self, connection: &'c mut C) -> Result<Guard<'c, C>, TransactionError> {
        Guard::new(begin_on(connection).await?, self.settings.clone()).await
    }

    retries! {
        /// # Examples
        ///
        /// ```no_run
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
    }
}

settings_only_database!();
