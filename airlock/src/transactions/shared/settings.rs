//! How the transactions of a database are run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::intent::Intent;
use crate::core::registry::task_set::TaskSet;
use crate::core::scope::{Scope, scope};
use crate::core::stack::enclosing::capture_around;
use crate::transactions::shared::Begun;
use crate::transactions::shared::queue::{DynQueue, Queue};

type MakeScope = Arc<dyn Fn() -> Scope + Send + Sync>;

/// The settings of a database's transactions, whose connections are `C`.
///
/// # Examples
///
/// ```
#[doc = include_str!("docs/ledger.md")]
/// use std::time::Duration;
///
/// use airlock::transaction::Queue;
/// use airlock::{Batch, DispatchError};
///
/// /// Its jobs are orders with the number 7.
/// struct Jobs;
///
/// impl Queue<Vec<i64>> for Jobs {
///     async fn push(&self, orders: &mut Vec<i64>, batch: &mut Batch) -> Result<(), DispatchError> {
///         orders.extend(batch.iter().map(|_| 7));
///         Ok(())
///     }
/// }
///
/// let settings = Settings::default()
///     .place("the ledger of today")
///     .scope(|| airlock::scope().named("order"))
///     .commit_timeout(Duration::from_secs(5))
///     .queue(Jobs);
///
/// let mut ledger = Ledger::default();
/// let mut tx = Guard::new(ledger.begin(), settings).await?;
/// tx.run(|orders| orders.push(42));
/// tx.run(|_| send_mail::enqueue(42))?;                        // becomes a row of the transaction
/// tx.commit().await?;
/// assert_eq!(ledger.0, [42, 7]);
/// # Ok(())
/// # }
/// ```
pub struct Settings<C> {
    pub(crate) display_name: Option<Arc<str>>,
    pub(crate) queue: Option<Arc<dyn DynQueue<C>>>,
    /// The tasks that are the queue's; `None` where all are.
    pub(crate) queued: Option<TaskSet>,
    pub(crate) scope: Option<MakeScope>,
    pub(crate) commit_timeout: Option<Duration>,
}

impl<C> Settings<C> {
    /// Writes effects to a queue in the same database, as rows of the transaction.
    #[must_use]
    pub fn queue(mut self, queue: impl Queue<C>) -> Self {
        self.queue = Some(Arc::new(queue));
        self
    }

    #[doc = include_str!("docs/tasks.md")]
    #[must_use]
    pub fn tasks(mut self, tasks: TaskSet) -> Self {
        self.queued = Some(tasks);
        self
    }

    /// Makes each transaction's scope.
    #[must_use]
    pub fn scope(mut self, make: impl Fn() -> Scope + Send + Sync + 'static) -> Self {
        self.scope = Some(Arc::new(make));
        self
    }

    #[doc = include_str!("docs/commit_timeout.md")]
    #[must_use]
    pub fn commit_timeout(mut self, timeout: Duration) -> Self {
        self.commit_timeout = Some(timeout);
        self
    }

    /// Sets the database's display name for errors, if it is more than its transactions know.
    #[must_use]
    pub fn place(mut self, place: impl Into<Arc<str>>) -> Self {
        self.display_name = Some(place.into());
        self
    }

    /// Whether an effect is the queue's.
    pub(crate) fn is_queued(&self, intent: &Intent) -> bool {
        self.queue.is_some()
            && self.queued.as_ref().is_none_or(|tasks| tasks.contains(intent.task()))
    }

    /// What errors call the database of a transaction.
    pub(crate) fn display_name<B: Begun<Connection = C>>(&self, begun: &B) -> String {
        self.display_name.as_deref().map_or_else(|| begun.place(), str::to_owned)
    }

    pub(crate) fn make_scope(&self) -> Scope {
        let scope = self.scope.as_ref().map_or_else(scope, |make| make());
        if capture_around().is_some() { scope.of_transaction() } else { scope }
    }
}

impl<C> fmt::Debug for Settings<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("place", &self.display_name)
            .field("queue", &self.queue.is_some())
            .field("tasks", &self.queued)
            .finish_non_exhaustive()
    }
}

impl<C> Default for Settings<C> {
    fn default() -> Self {
        Self { display_name: None, queue: None, queued: None, scope: None, commit_timeout: None }
    }
}

impl<C> Clone for Settings<C> {
    fn clone(&self) -> Self {
        Self {
            display_name: self.display_name.clone(),
            queue: self.queue.clone(),
            queued: self.queued.clone(),
            scope: self.scope.clone(),
            commit_timeout: self.commit_timeout,
        }
    }
}

/// The setters of a `Database` with a field `settings`.
#[cfg(feature = "_database")]
macro_rules! settings {
    () => {
        // The path is relative to the file that calls the macro.
        #[doc = include_str!("../shared/docs/tasks.md")]
        #[must_use]
        pub fn tasks(mut self, tasks: crate::core::registry::task_set::TaskSet) -> Self {
            self.settings = self.settings.tasks(tasks);
            self
        }

        /// Makes each transaction's scope, so that it can have settings; the default is
        /// [`scope()`](crate::scope()).
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

        // The path is relative to the file that calls the macro.
        #[doc = include_str!("../shared/docs/commit_timeout.md")]
        #[must_use]
        pub fn commit_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.settings = self.settings.commit_timeout(timeout);
            self
        }
    };
}

#[cfg(feature = "_database")]
pub(crate) use settings;
