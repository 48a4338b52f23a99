//! How the transactions of a database are run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::scope::{Scope, scope};
use crate::transactions::shared::queue::{DynQueue, Queue};

type MakeScope = Arc<dyn Fn() -> Scope + Send + Sync>;

/// What a value that stands for a database keeps for each of its transactions, whose connections are
/// `C`.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// let mut ledger = Ledger::default();
/// let mut tx = Transaction::new(ledger.begin(), Settings::default().place("the ledger of today")).await?;
/// tx.run(|orders| orders.push(0));                            // which the ledger refuses to commit
/// let error = tx.commit().await.expect_err("rolled back");
/// assert_eq!(error.to_string(), "can't commit to the ledger of today: 0 is no order");
/// # Ok(())
/// # }
/// ```
pub struct Settings<C> {
    pub(crate) place: Option<Arc<str>>,
    pub(crate) queue: Option<Arc<dyn DynQueue<C>>>,
    pub(crate) scope: Option<MakeScope>,
    pub(crate) commit_timeout: Option<Duration>,
}

impl<C> Settings<C> {
    /// Writes effects to a queue in the same database.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::Queue;
    /// use airlock::{Batch, DispatchError};
    ///
    /// /// Its jobs are orders of the number 7.
    /// struct Jobs;
    ///
    /// impl Queue<Vec<i64>> for Jobs {
    ///     async fn push(&self, orders: &mut Vec<i64>, batch: &mut Batch) -> Result<(), DispatchError> {
    ///         orders.extend(batch.iter().map(|_| 7));
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default().queue(Jobs)).await?;
    /// tx.run(|orders| orders.push(42));
    /// tx.run(|_| send_mail::enqueue(42))?;
    /// tx.commit().await?;
    /// assert_eq!(ledger.0, [42, 7]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn queue(mut self, queue: impl Queue<C>) -> Self {
        self.queue = Some(Arc::new(queue));
        self
    }

    /// Makes each transaction's scope.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let settings = Settings::default().scope(|| airlock::scope().policy(airlock::DropAll));
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), settings).await?;
    /// tx.run(|_| send_mail::enqueue(42))?;
    /// tx.commit().await?;                                         // and no mail leaves
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn scope(mut self, make: impl Fn() -> Scope + Send + Sync + 'static) -> Self {
        self.scope = Some(Arc::new(make));
        self
    }

    /// Waits for a commit no longer than this, no longer for what is written and asked before it, and no
    /// longer for a rollback.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use std::time::Duration;
    ///
    /// let settings = Settings::default().commit_timeout(Duration::from_secs(5));
    ///
    /// let mut ledger = Ledger::default();
    /// Transaction::new(ledger.begin(), settings).await?.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn commit_timeout(mut self, timeout: Duration) -> Self {
        self.commit_timeout = Some(timeout);
        self
    }

    /// Says what errors call the database, where that is more than its transactions know.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let settings = Settings::default().place("the ledger of today");
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), settings).await?;
    /// tx.run(|orders| orders.push(0));                            // which the ledger refuses to commit
    /// let error = tx.commit().await.expect_err("rolled back").to_string();
    /// assert!(error.starts_with("can't commit to the ledger of today"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn place(mut self, place: impl Into<Arc<str>>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) fn make_scope(&self) -> Scope {
        self.scope.as_ref().map_or_else(scope, |make| make())
    }
}

impl<C> fmt::Debug for Settings<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("place", &self.place)
            .field("queue", &self.queue.is_some())
            .finish_non_exhaustive()
    }
}

impl<C> Default for Settings<C> {
    fn default() -> Self {
        Self { place: None, queue: None, scope: None, commit_timeout: None }
    }
}

impl<C> Clone for Settings<C> {
    fn clone(&self) -> Self {
        Self {
            place: self.place.clone(),
            queue: self.queue.clone(),
            scope: self.scope.clone(),
            commit_timeout: self.commit_timeout,
        }
    }
}

/// The builder's methods of a type with a field `settings`.
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sea-orm", feature = "sqlx"))]
macro_rules! settings {
    () => {
        /// Makes each transaction's scope, one with settings; it is [`scope()`](crate::scope()) unless
        /// told otherwise.
        ///
        /// # Examples
        ///
        /// ```
        /// # #[cfg(feature = "apalis-sqlite")]
        /// fn quiet(
        ///     database: airlock::sqlx::Database<sqlx::Sqlite>,
        /// ) -> airlock::sqlx::Database<sqlx::Sqlite> {
        ///     database.scope(|| airlock::scope().policy(airlock::DropAll))
        /// }
        /// ```
        #[must_use]
        pub fn scope(
            mut self,
            make: impl Fn() -> crate::core::scope::Scope + Send + Sync + 'static,
        ) -> Self {
            self.settings = self.settings.scope(make);
            self
        }
    };
    (timeout) => {
        $crate::transactions::shared::settings::settings!();

        /// Waits for a commit no longer than this, and no longer for what is written and asked before it;
        /// for as long as the connection does unless told otherwise.
        ///
        /// Nobody can tell whether a commit that was not waited for has happened: the error
        /// [says so](crate::transaction::DatabaseError::is_certain) and has the effects. A database that
        /// does not answer before it is asked to commit rolls back.
        ///
        /// # Examples
        ///
        /// ```
        /// # #[cfg(feature = "apalis-sqlite")]
        /// fn impatient(
        ///     database: airlock::sqlx::Database<sqlx::Sqlite>,
        /// ) -> airlock::sqlx::Database<sqlx::Sqlite> {
        ///     database.commit_timeout(std::time::Duration::from_secs(5))
        /// }
        /// ```
        #[must_use]
        pub fn commit_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.settings = self.settings.commit_timeout(timeout);
            self
        }
    };
}

#[cfg(any(
    feature = "diesel",
    feature = "diesel-async",
    feature = "sea-orm",
    feature = "sqlx"
))]
pub(crate) use settings;
