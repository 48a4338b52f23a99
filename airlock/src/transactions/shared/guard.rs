//! A transaction that is a scope, for code that can't use a closure.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::core::scope::detached_scope::DetachedScope;
use crate::core::scope::{Handle, InScope};
#[cfg(feature = "diesel")]
use crate::core::wait::wait;
use crate::transactions::shared::end::{
    Ended, Failed, enclosed, end, place, roll_back, rolled_back,
};
use crate::transactions::shared::{Begun, DatabaseError, Settings, Step, TransactionError};

/// A transaction with a scope: what is enqueued in that leaves when this is [committed](Self::commit),
/// and is discarded when this is rolled back, or dropped.
///
/// The scope is not current by itself: code is run in it by [`run`](Self::run), or by
/// [`in_scope`](crate::InScope::in_scope) with its [`handle`](Self::handle). That is also where a nested
/// transaction belongs, in [`run_async`](Self::run_async): the effects of a savepoint move into the scope that
/// is current where it is set, and outside that is not this one but a request's, say, which knows nothing
/// of this transaction and lets them out also where this is rolled back.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// let mut ledger = Ledger::default();
/// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
/// tx.run(|orders| orders.push(42));
/// tx.run(|_| send_mail::enqueue(42))?;
/// tx.commit().await?;                                         // the mail leaves here
/// assert_eq!(ledger.0, [42]);
/// # Ok(())
/// # }
/// ```
pub struct Transaction<B: Begun> {
    // In the order in which they end when this is dropped.
    pub(crate) scope: DetachedScope,
    pub(crate) begun: B,
    pub(crate) settings: Settings<B::Connection>,
}

impl<B: Begun> Transaction<B> {
    /// Opens the scope of a transaction that has just begun.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] where nothing can be enqueued in it: inside a policy, and in a savepoint
    /// around which there is no scope.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.rollback().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn new(
        begun: B,
        settings: Settings<B::Connection>,
    ) -> Result<Self, TransactionError> {
        const IN_POLICY: &str =
            "it would begin inside a policy: policies judge effects, they have none";
        let begun = enclosed(begun, &settings).await?;
        if let Some(scope) = settings.make_scope().detach() {
            return Ok(Self { scope, begun, settings });
        }
        let error = DatabaseError::new(Step::Begin, place(&begun, &settings), IN_POLICY);
        roll_back(begun, &settings).await;
        Err(error.into())
    }

    /// A handle on the scope, to run code in it.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::InScope;
    ///
    /// async fn remind(order: i64) -> Result<(), airlock::EnqueueError> {
    ///     send_mail::enqueue(order)
    /// }
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// remind(42).in_scope(tx.handle()).await?;
    /// tx.commit().await?;                                         // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle(&self) -> Handle {
        self.scope.handle().clone()
    }

    /// Runs code in the scope that is not async, such as one that only enqueues.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|orders| {
    ///     orders.push(42);
    ///     send_mail::enqueue(42)
    /// })?;
    /// tx.commit().await?;                                         // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<T>(&mut self, body: impl FnOnce(&mut B::Connection) -> T) -> T {
        let handle = self.handle();
        handle.run(|| body(self.begun.connection()))
    }

    /// Runs async code in the scope.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run_async(async |orders: &mut Vec<i64>| {
    ///     orders.push(42);
    ///     send_mail::enqueue(42)
    /// })
    /// .await?;
    /// tx.commit().await?;                                         // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_async<T>(&mut self, body: impl AsyncFnOnce(&mut B::Connection) -> T) -> T {
        let handle = self.handle();
        async { body(self.begun.connection()).await }.in_scope(handle).await
    }

    /// Commits; then the effects leave.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] where the database does not commit, or the effects don't leave.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|_| send_mail::enqueue(42))?;
    /// tx.commit().await?;                                         // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub async fn commit(self) -> Result<(), TransactionError> {
        self.end().await.flush_async().await.map_err(Failed::into_error)
    }

    /// Rolls back, and discards what was enqueued.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] where the database can't be told. It rolls back all the same, once it finds
    /// that the connection is lost.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|orders| orders.push(42));
    /// tx.run(|_| send_mail::enqueue(42))?;
    /// tx.rollback().await?;                                       // and no mail leaves
    /// assert!(ledger.0.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rollback(self) -> Result<(), TransactionError> {
        let Self { scope, begun, settings } = self;
        let place = place(&begun, &settings);
        drop(scope);
        let rolled_back = rolled_back(begun, &settings).await;
        rolled_back.map_err(|error| DatabaseError::new(Step::Rollback, place, error).into())
    }
}

impl<B: Begun> Transaction<B> {
    async fn end(self) -> Ended<(), TransactionError> {
        let Self { scope, begun, settings } = self;
        end(begun, &settings, scope.seal(), Ok(())).await
    }

    /// The same as [`commit`](Self::commit), from sync code.
    #[cfg(feature = "diesel")]
    pub(crate) fn commit_sync(self) -> Result<(), TransactionError> {
        wait(None, self.end()).flush().map_err(Failed::into_error)
    }
}

impl<B: Begun> Deref for Transaction<B>
where
    B: Deref<Target = B::Connection>,
{
    type Target = B::Connection;

    fn deref(&self) -> &B::Connection {
        &self.begun
    }
}

impl<B: Begun> DerefMut for Transaction<B>
where
    B: DerefMut<Target = B::Connection>,
{
    fn deref_mut(&mut self) -> &mut B::Connection {
        &mut self.begun
    }
}

impl<B: Begun> fmt::Debug for Transaction<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("place", &place(&self.begun, &self.settings))
            .finish_non_exhaustive()
    }
}
