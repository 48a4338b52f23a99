//! A database whose transactions are scopes.

use std::fmt;
use std::sync::Arc;

use sqlx::{Acquire, ConnectOptions, Connection, Pool, SqlStr};

use crate::transactions::shared::retry::retries;
use crate::transactions::shared::settings::settings;
use crate::transactions::shared::{
    self as transaction, Conflicts, Failed, Passing, Queue, Retrying, Settings, TransactionError,
    When,
};
use crate::transactions::sqlx::begun::{Backend, begin_on, not_begun};
use crate::transactions::sqlx::{Transaction, is_conflict};
use crate::transactions::untouched;

/// A pool with the settings of its transactions, for a program's state. Clones share the pool.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// let database = Database::new(pool().await?).scope(|| airlock::scope().named("checkout"));
/// let placed = database.transaction(async |tx: &mut SqliteConnection| {
///     send_mail::enqueue(insert(tx).await?)?;
///     Ok::<_, BoxError>(())
/// });
/// placed.await?;
///
/// // Policies around a transaction hold inside as well.
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
    begin: Option<SqlStr>,
    settings: Settings<DB::Connection>,
}

impl<DB: Backend> Database<DB> {
    /// Uses a pool that the program has.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let database = Database::new(pool().await?);
    /// assert_eq!(database.pool().size(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(pool: Pool<DB>) -> Self {
        let settings = Settings::default().place(place(&pool));
        Self { pool, begin: None, settings }
    }

    /// Writes effects to a queue in the same database, as rows of the transaction: data and effects
    /// are committed together or not at all.
    ///
    /// Such as `apalis::Sqlite`, `apalis::Postgres` and `graphile::Graphile`. What the policies let pass is
    /// written in one statement before the commit. Rows belong to the data: a scope around the transaction
    /// neither delays nor captures them, and its policies hold. A scope's
    /// [`chunks`](crate::Scope::chunks), [`on_failure`](crate::Scope::on_failure) and
    /// [`executor`](crate::Scope::executor) say nothing about rows.
    ///
    /// Data and queue have to be in one database: the queue is written to through the transaction's
    /// connection, not through its own pool.
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

    /// Begins transactions with this statement, such as `BEGIN ISOLATION LEVEL SERIALIZABLE` in
    /// PostgreSQL.
    ///
    /// SQLite's own `BEGIN` takes the lock for writing at the first statement that writes, and fails there
    /// where somebody else has written since the first one that read; `BEGIN IMMEDIATE` waits for its turn
    /// first.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let database = Database::new(pool().await?).begin_with("BEGIN IMMEDIATE");
    /// # drop(database);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn begin_with(mut self, statement: impl sqlx::SqlSafeStr) -> Self {
        self.begin = Some(statement.into_sql_str());
        self
    }

    /// The pool.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let database = Database::new(pool().await?);
    /// let orders = sqlx::query_scalar("SELECT count(*) FROM orders");
    /// let orders: i64 = orders.fetch_one(database.pool()).await?;
    /// assert_eq!(orders, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// Runs `body` in a transaction that is a scope.
    ///
    /// Called inside another transaction it is one of its own, on another connection. To nest, pass the
    /// connection on: [`airlock::sqlx::transaction`](fn@crate::sqlx::transaction)`(&mut *tx, …)`.
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
    /// let database = Database::new(pool().await?);
    /// let placed = database.transaction(async |tx: &mut SqliteConnection| {
    ///     let order = insert(tx).await?;
    ///     send_mail::enqueue(order)?;                             // leaves after the commit
    ///     Ok::<_, BoxError>(order)
    /// });
    /// assert_eq!(placed.await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<T, E>(
        &self,
        body: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        self.attempt(body).await.map_err(Failed::into_error)
    }

    /// Runs `body` in a savepoint of the transaction that is open on `connection`, whoever opened it.
    ///
    /// With a [queue](Self::queue), effects become rows of that transaction when the savepoint is released:
    /// they are committed or rolled back with it. They are reported as dispatched then. Without one, a scope
    /// has to be around the transaction, and they move into that.
    ///
    /// # Errors
    ///
    /// The body's own, after a rollback to the savepoint; else [`TransactionError`], as the body's error
    /// type.
    ///
    /// # Panics
    ///
    /// Where `body` does, after a rollback to the savepoint.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let database = Database::new(pool().await?);
    /// airlock::scope()
    ///     .run_async(async {
    ///         let mut foreign = database.pool().begin().await?;
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
        A: Acquire<'c, Database = DB>,
        T: Send + 'static,
        E: From<TransactionError>,
    {
        let begun = begin_on(connection, self.settings.place.as_deref()).await?;
        transaction::run(begun, &self.settings, body).await
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
    /// let mut tx = Database::new(pool().await?).begin().await?;
    /// let order = insert(&mut tx).await?;
    /// tx.run(|_| send_mail::enqueue(order))?;
    /// tx.commit().await?;                                         // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin(&self) -> Result<Transaction<'static, DB>, TransactionError> {
        Transaction::new(self.begun().await?, self.settings.clone()).await
    }

    retries! {
        /// # Examples
        ///
        /// ```
        #[doc = include_str!("orders.md")]
        #[doc = include_str!("../shared/order_error.md")]
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
        retry,
        /// # Examples
        ///
        /// ```
        #[doc = include_str!("orders.md")]
        /// let database = Database::new(pool().await?);
        /// let again = database.retry_if(3, |error: &BoxError| airlock::sqlx::is_conflict(&**error));
        /// let placed = again.transaction(async |tx: &mut SqliteConnection| {
        ///     send_mail::enqueue(insert(tx).await?)?;
        ///     Ok::<_, BoxError>(())
        /// });
        /// placed.await?;
        /// # Ok(())
        /// # }
        /// ```
        retry_if,
    }

    async fn attempt<T, E>(
        &self,
        body: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, Failed<E>>
    where
        T: Send + 'static,
        E: From<TransactionError>,
    {
        let begun = self.begun().await.map_err(Failed::outermost)?;
        transaction::attempt(begun, &self.settings, body).await
    }

    async fn begun(&self) -> Result<sqlx::Transaction<'static, DB>, TransactionError> {
        let begun = async {
            let connection = untouched::acquire(&self.pool).await?;
            sqlx::Transaction::begin(connection, self.begin.clone()).await
        };
        begun.await.map_err(|error| not_begun::<DB>(self.settings.place.as_deref(), error))
    }
}

impl<DB: Backend, W> Retrying<'_, Database<DB>, W> {
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
    #[doc = include_str!("../shared/order_error.md")]
    /// # impl From<sqlx::Error> for OrderError {
    /// #     fn from(error: sqlx::Error) -> Self { Self(error.into()) }
    /// # }
    /// # #[derive(Debug)]
    /// # struct OrderError(BoxError);
    /// # impl std::error::Error for OrderError {
    /// #     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> { Some(&*self.0) }
    /// # }
    /// let database = Database::new(pool().await?);
    /// let placed = database.retry(3).transaction(async |tx: &mut SqliteConnection| {
    ///     let order = insert(tx).await?;
    ///     send_mail::enqueue(order)?;
    ///     Ok::<_, OrderError>(order)
    /// });
    /// assert_eq!(placed.await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<T, E>(
        mut self,
        mut body: impl AsyncFnMut(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        loop {
            match self.database.attempt(&mut body).await {
                Ok(value) => return Ok(value),
                Err(failed) => self.attempts.wait_after(failed).await?,
            }
        }
    }
}

/// Where a database is, without a password.
fn place<DB: Backend>(pool: &Pool<DB>) -> String {
    let options: Arc<<DB::Connection as Connection>::Options> = pool.connect_options();
    match DB::NAME {
        "PostgreSQL" | "MySQL" => {
            let mut url = options.to_url_lossy();
            url.set_query(None);
            // One without a host has no password either.
            let _ = url.set_password(None);
            url.to_string()
        }
        // `to_url_lossy` panics for one in memory.
        #[cfg(feature = "apalis-sqlite")]
        "SQLite" => {
            let options: &dyn std::any::Any = &*options;
            let options: Option<&sqlx::sqlite::SqliteConnectOptions> = options.downcast_ref();
            let name = options.map(|options| options.get_filename().display().to_string());
            name.map_or_else(|| DB::NAME.to_owned(), |name| format!("sqlite:{name}"))
        }
        // Others may not be able to say.
        _ => DB::NAME.to_owned(),
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
            .field("place", &self.settings.place)
            .field("queue", &self.settings.queue.is_some())
            .finish_non_exhaustive()
    }
}
