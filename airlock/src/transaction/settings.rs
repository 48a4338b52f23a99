//! How the transactions of a database are run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::scope::{Scope, scope};
use crate::transaction::queue::{DynQueue, Queue};

type MakeScope = Arc<dyn Fn() -> Scope + Send + Sync>;

/// What a value that stands for a database keeps for each of its transactions, whose connections are
/// `C`.
pub struct Settings<C> {
    pub(crate) place: Option<Arc<str>>,
    pub(crate) queue: Option<Arc<dyn DynQueue<C>>>,
    pub(crate) scope: Option<MakeScope>,
    pub(crate) commit_timeout: Option<Duration>,
}

impl<C> Settings<C> {
    /// Writes effects to a queue in the same database.
    #[must_use]
    pub fn queue(mut self, queue: impl Queue<C>) -> Self {
        self.queue = Some(Arc::new(queue));
        self
    }

    /// Makes each transaction's scope.
    #[must_use]
    pub fn scope(mut self, make: impl Fn() -> Scope + Send + Sync + 'static) -> Self {
        self.scope = Some(Arc::new(make));
        self
    }

    /// Waits for a commit no longer than this.
    #[must_use]
    pub fn commit_timeout(mut self, timeout: Duration) -> Self {
        self.commit_timeout = Some(timeout);
        self
    }

    /// Says what errors call the database, where that is more than its transactions know.
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
            make: impl Fn() -> crate::scope::Scope + Send + Sync + 'static,
        ) -> Self {
            self.settings = self.settings.scope(make);
            self
        }
    };
    (timeout) => {
        $crate::transaction::settings::settings!();

        /// Waits for a commit no longer than this; for as long as the connection does unless told
        /// otherwise.
        ///
        /// Nobody can tell whether a commit that was not waited for has happened: the error
        /// [says so](crate::transaction::DatabaseError::is_certain) and has the effects.
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
