//! A database whose transactions are scopes. Long, for it is every method of one type, most of it documentation.

use std::fmt;

use crate::transactions::shared::retry::retries;
use crate::transactions::shared::settings::settings;
use crate::transactions::shared::{
    self as transaction, Conflicts, FailedAttempt, Failure, Queue, Retrying, Settings,
    TransactionError, When,
};

use super::begin::{begin_on, begin_owned};
use super::begun::{Backend, begin_error};
use super::display_name::display_name;
use super::driver::Statement;
use super::driver::sqlx::{self, Pool};
use super::{Begin, Begun, Guard, IntoPool, clean_connection, is_conflict};

/// A pool with the settings of its transactions, for a program's state. Clones share the pool.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// use std::time::Duration;
///
/// let database = Database::new(pool().await?)
///     .begin_with("BEGIN IMMEDIATE")
///     .scope(|| airlock::scope().named("checkout"))
///     .commit_timeout(Duration::from_secs(5));
/// let placed = database.transaction(async |tx: &mut SqliteConnection| {
///     let order = insert(tx).await?;
///     send_mail::enqueue(order)?;                             // leaves after the commit
///     Ok::<_, BoxError>(order)
/// });
/// assert_eq!(placed.await?, 1);
///
/// // Policies around a transaction apply inside as well.
/// let quiet = airlock::policy(airlock::DropAll);
/// let placed = database.transaction(async |tx: &mut SqliteConnection| {
///     send_mail::enqueue(insert(tx).await?)?;
///     Ok::<_, BoxError>(())
/// });
/// quiet.run_async(placed).await?;
/// # Ok(())
/// # }
/// ```
pub struct Database<DB: Backend> {
    pool: Pool<DB>,
    pub(crate) begin: Option<Statement>,
    settings: Settings<DB::Connection>,
}

impl<DB: Backend> Database<DB> {
    /// Opens transactions on a pool.
    pub fn new(pool: impl IntoPool<DB>) -> Self {
        let pool = pool.into_pool();
        let settings = Settings::default().place(display_name(&pool));
        Self { pool, begin: None, settings }
    }

    #[doc = include_str!("../shared/docs/queue.md")]
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # #[cfg(feature = "apalis-sqlite")]
    /// # async fn example() -> Result<(), airlock::BoxError> {
    /// use airlock::apalis;
    /// use airlock::sqlx::Database;
    /// use sqlx::SqlitePool;
    ///
    /// let pool = SqlitePool::connect("sqlite:shop.db").await?;
    /// let jobs = apalis::Sqlite::new(pool.clone());
    /// jobs.setup().await?;
    /// let database = Database::new(pool).queue(jobs);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn queue(mut self, queue: impl Queue<DB::Connection>) -> Self {
        self.settings = self.settings.queue(queue);
        self
    }

    settings!(timeout);

    /// The pool.
    pub fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// Runs `body` in a transaction that is a scope.
    ///
    /// Inside another transaction this is a transaction of its own, on another connection. To nest, use the
    /// outer one's connection: [`transaction`](fn@super::transaction)`(&mut *tx, …)`.
    ///
    #[doc = include_str!("../shared/docs/body.md")]
    ///
    #[doc = include_str!("../shared/docs/errors.md")]
    #[doc = include_str!("../shared/docs/panics.md")]
    pub async fn transaction<T, E>(
        &self,
        body: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        self.attempt(body).await.map_err(FailedAttempt::into_error)
    }

    /// The same for a body that hands sqlx's own transaction on, to functions that take a `&mut sqlx::Transaction<'_, DB>`.
    ///
    #[doc = include_str!("../shared/docs/errors.md")]
    #[doc = include_str!("../shared/docs/panics.md")]
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// use sqlx::{Sqlite, Transaction};
    ///
    /// async fn place(tx: &mut Transaction<'_, Sqlite>) -> Result<(), BoxError> {
    ///     let order = insert(&mut *tx).await?;
    ///     Ok(send_mail::enqueue(order)?)
    /// }
    ///
    /// let database = Database::new(pool().await?);
    /// let placed = async |tx: &mut Transaction<'_, Sqlite>| place(tx).await;
    /// database.sqlx_transaction(placed).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sqlx_transaction<T, E>(
        &self,
        body: impl AsyncFnOnce(&mut sqlx::Transaction<'_, DB>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        self.sqlx_attempt(body).await.map_err(FailedAttempt::into_error)
    }

    #[doc = include_str!("../shared/docs/try_transaction.md")]
    ///
    #[doc = include_str!("../shared/docs/panics.md")]
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// use airlock::transaction::Failure;
    ///
    /// let database = Database::new(pool().await?);
    /// let placed = database.try_transaction(async |tx: &mut SqliteConnection| {
    ///     insert(tx).await?;
    ///     Err::<(), _>(sqlx::Error::RowNotFound)
    /// });
    /// assert!(matches!(placed.await, Err(Failure::Body(sqlx::Error::RowNotFound))));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_transaction<T, E>(
        &self,
        body: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, Failure<E>>
    where
        T: Send + 'static,
    {
        let body = async |tx: &mut DB::Connection| body(tx).await.map_err(Failure::Body);
        self.transaction(body).await
    }

    #[doc = include_str!("../shared/docs/within.md")]
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let database = Database::new(pool().await?);
    /// airlock::scope()
    ///     .run_async(async {
    ///         let mut foreign = database.pool().begin().await?;    // sqlx's own
    ///         let placed = database.within(&mut *foreign, async |tx: &mut SqliteConnection| {
    ///             send_mail::enqueue(insert(tx).await?)?;
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
    pub async fn within<'c, A, T, E>(
        &self,
        connection: A,
        body: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        A: Begin<'c, Database = DB>,
        T: Send + 'static,
        E: From<TransactionError>,
    {
        let begun = begin_on(connection, self.settings.display_name.as_deref()).await?;
        transaction::run(begun, &self.settings, body).await
    }

    #[doc = include_str!("../shared/docs/begin.md")]
    pub async fn begin(&self) -> Result<Guard<'static, DB>, TransactionError> {
        Guard::new(self.begun().await?, self.settings.clone()).await
    }

    retries! {
        /// # Examples
        ///
        /// ```
        #[doc = include_str!("orders.md")]
        #[doc = include_str!("../shared/docs/order_error.md")]
        /// # impl From<sqlx::Error> for OrderError {
        /// #     fn from(error: sqlx::Error) -> Self { Self(error.into()) }
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
        /// let database = Database::new(pool().await?);
        /// let placed = database.retry(3).transaction(async |tx: &mut SqliteConnection| {
        ///     send_mail::enqueue(insert(tx).await?)?;
        ///     Ok::<_, OrderError>(())
        /// });
        /// placed.await?;
        /// # Ok(())
        /// # }
        /// ```
    }

    pub(super) async fn attempt<T, E>(
        &self,
        body: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, FailedAttempt<E>>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        let begun =
            self.begun().await.map_err(FailedAttempt::transaction_not_begun::<Begun<'_, DB>>)?;
        transaction::attempt(begun, &self.settings, body).await
    }

    pub(super) async fn sqlx_attempt<T, E>(
        &self,
        body: impl AsyncFnOnce(&mut sqlx::Transaction<'_, DB>) -> Result<T, E>,
    ) -> Result<T, FailedAttempt<E>>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        let begun =
            self.begun().await.map_err(FailedAttempt::transaction_not_begun::<Begun<'_, DB>>)?;
        transaction::attempt_on(begun, &self.settings, Begun::of_a_pool, body).await
    }

    async fn begun(&self) -> Result<Begun<'static, DB>, TransactionError> {
        let begun = async {
            let connection = clean_connection::acquire(&self.pool).await?;
            begin_owned(connection, self.begin.clone()).await
        };
        let display_name = self.settings.display_name.as_deref();
        begun.await.map_err(|error| begin_error::<DB>(display_name, error))
    }
}

impl<DB: Backend> Clone for Database<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), begin: self.begin.clone(), settings: self.settings.clone() }
    }
}

impl<DB: Backend> fmt::Debug for Database<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("place", &self.settings.display_name)
            .field("queue", &self.settings.queue.is_some())
            .finish_non_exhaustive()
    }
}
