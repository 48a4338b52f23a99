//! A database whose transactions are scopes. Long, for it is every method of one type, most of it documentation.

use std::fmt;

use crate::transactions::shared::retry::retries;
use crate::transactions::shared::settings::settings;
use crate::transactions::shared::{
    Conflicts, FailedAttempt, Failure, Queue, Retrying, Settings, TransactionError, When,
};

use super::begin::{Begin, begun_elsewhere};
use super::begun::Begun;
use super::driver::sea_orm::{DatabaseConnection, DatabaseTransaction};
use super::driver::{Options, begin_with};
use super::{Guard, IntoConnection, attempt, is_conflict, run};

/// A connection of SeaORM with the settings of its transactions, for a program's state. Clones share
/// the pool.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// use std::time::Duration;
///
/// let database = Database::new(connection)
///     .scope(|| airlock::scope().named("checkout"))
///     .commit_timeout(Duration::from_secs(5));
/// let placed = database.transaction(async |tx: &DatabaseTransaction| {
///     insert(tx).await?;
///     send_mail::enqueue(42)?;                                // leaves after the commit
///     Ok::<_, BoxError>(())
/// });
/// placed.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database {
    connection: DatabaseConnection,
    pub(crate) options: Option<Options>,
    settings: Settings<DatabaseTransaction>,
}

impl Database {
    /// Opens transactions on a connection.
    pub fn new(connection: impl IntoConnection) -> Self {
        let connection = connection.into_connection();
        Self { connection, options: None, settings: Settings::default() }
    }

    #[doc = include_str!("../shared/docs/queue.md")]
    ///
    /// SeaORM's types don't say which database a connection leads to: a queue for another kind of database is rejected
    /// when there is something to write.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # #[cfg(feature = "apalis-sqlite")]
    /// # async fn example() -> Result<(), airlock::BoxError> {
    /// use airlock::apalis;
    /// use airlock::sea_orm::Database;
    ///
    /// let connection = sea_orm::Database::connect("sqlite:shop.db").await?;
    /// let jobs = apalis::Sqlite::connect("sqlite:shop.db").await?;
    /// let database = Database::new(connection).queue(jobs);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn queue(mut self, queue: impl Queue<DatabaseTransaction>) -> Self {
        self.settings = self.settings.queue(queue);
        self
    }

    settings!(timeout);

    /// The connection.
    pub fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Runs `body` in a transaction that is a scope: its effects leave after the commit.
    ///
    #[doc = include_str!("../shared/docs/body.md")]
    ///
    #[doc = include_str!("../shared/docs/errors.md")]
    #[doc = include_str!("../shared/docs/panics.md")]
    pub async fn transaction<T, E>(
        &self,
        body: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        self.attempt(body).await.map_err(FailedAttempt::into_error)
    }

    #[doc = include_str!("../shared/docs/try_transaction.md")]
    ///
    #[doc = include_str!("../shared/docs/panics.md")]
    pub async fn try_transaction<T, E>(
        &self,
        body: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>,
    ) -> Result<T, Failure<E>>
    where
        T: Send + 'static,
    {
        let body = async |tx: &DatabaseTransaction| body(tx).await.map_err(Failure::Body);
        self.transaction(body).await
    }

    #[doc = include_str!("../shared/docs/within.md")]
    ///
    /// # Examples
    ///
    /// ```no_run
    #[doc = include_str!("orders.md")]
    /// use sea_orm::TransactionTrait;
    ///
    /// let foreign = connection.begin().await?;                    // SeaORM's own
    /// let database = Database::new(connection);
    /// airlock::scope()
    ///     .run_async(async {
    ///         let placed = database.within(&foreign, async |tx: &DatabaseTransaction| {
    ///             insert(tx).await?;
    ///             send_mail::enqueue(42)?;
    ///             Ok::<_, BoxError>(())
    ///         });
    ///         placed.await?;
    ///         foreign.commit().await?;
    ///         Ok::<_, BoxError>(())
    ///     })
    ///     .await??;                                               // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub async fn within<T, E>(
        &self,
        transaction: &DatabaseTransaction,
        body: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        run(transaction.begun().await?, &self.settings, body).await
    }

    #[doc = include_str!("../shared/docs/begin.md")]
    pub async fn begin(&self) -> Result<Guard, TransactionError> {
        Guard::new(self.begun().await?, self.settings.clone()).await
    }

    retries! {
        /// # Examples
        ///
        /// ```no_run
        #[doc = include_str!("orders.md")]
        #[doc = include_str!("../shared/docs/order_error.md")]
        /// # impl From<sea_orm::DbErr> for OrderError {
        /// #     fn from(error: sea_orm::DbErr) -> Self { Self(error.into()) }
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
        /// let database = Database::new(connection);
        /// let placed = database.retry(3).transaction(async |tx: &DatabaseTransaction| {
        ///     insert(tx).await?;
        ///     send_mail::enqueue(42)?;
        ///     Ok::<_, OrderError>(())
        /// });
        /// placed.await?;
        /// # Ok(())
        /// # }
        /// ```
    }

    pub(super) async fn attempt<T, E>(
        &self,
        body: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>,
    ) -> Result<T, FailedAttempt<E>>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        attempt(
            self.begun().await.map_err(FailedAttempt::transaction_not_begun::<Begun>)?,
            &self.settings,
            body,
        )
        .await
    }

    async fn begun(&self) -> Result<Begun, TransactionError> {
        match self.options {
            None => self.connection.begun().await,
            Some(options) => {
                let begin = begin_with(self.connection.clone(), options);
                begun_elsewhere(&self.connection, begin).await
            }
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("connection", &self.connection)
            .field("queue", &self.settings.queue.is_some())
            .finish_non_exhaustive()
    }
}
