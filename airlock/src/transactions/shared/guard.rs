//! A transaction that is a scope, for code that can't use a closure.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::core::scope::body::NotAFuture;
use crate::core::scope::detached_scope::DetachedScope;
use crate::core::scope::{Handle, InScope};
#[cfg(feature = "diesel")]
use crate::core::wait::wait;
use crate::transactions::shared::commit::{roll_back, try_roll_back};
use crate::transactions::shared::outcome::{EndedTransaction, FailedAttempt, end};
use crate::transactions::shared::run::require_enclosing_scope;
use crate::transactions::shared::{Begun, DatabaseError, Settings, Step, TransactionError};

/// A transaction with a scope: what is enqueued in the scope leaves when the guard is
/// [committed](Self::commit), and is discarded when the guard is rolled back or dropped.
///
/// The scope is not current by itself. Run code in it by [`run`](Self::run) or [`run_async`](Self::run_async), or by
/// [`in_scope`](crate::InScope::in_scope) with its [`handle`](Self::handle).
///
/// Begin a nested transaction inside [`run_async`](Self::run_async). The effects of a savepoint move into the scope
/// that is current where the savepoint is set. Elsewhere this is another scope, such as a request's: it knows nothing
/// of this transaction, and flushes the effects even if this transaction is rolled back.
///
/// # Examples
///
/// ```
#[doc = include_str!("docs/ledger.md")]
/// use airlock::InScope;
///
/// async fn remind(order: i64) -> Result<(), airlock::EnqueueError> {
///     send_mail::enqueue(order)
/// }
///
/// let mut ledger = Ledger::default();
/// let mut tx = Guard::new(ledger.begin(), Settings::default()).await?;
/// tx.run(|orders| {
///     orders.push(42);
///     send_mail::enqueue(42)
/// })?;
/// tx.run_async(async |orders: &mut Vec<i64>| {
///     orders.push(43);
///     remind(43).await
/// })
/// .await?;
/// remind(44).in_scope(tx.handle()).await?;
/// tx.commit().await?;                                         // the mails leave here
///
/// let mut tx = Guard::new(ledger.begin(), Settings::default()).await?;
/// tx.run(|orders| orders.push(45));
/// tx.run(|_| send_mail::enqueue(45))?;
/// tx.rollback().await?;                                       // and no mail leaves
/// assert_eq!(ledger.0, [42, 43]);
/// # Ok(())
/// # }
/// ```
pub struct Guard<B: Begun> {
    // In the order in which they end when this is dropped.
    pub(crate) scope: DetachedScope,
    pub(crate) begun: B,
    pub(crate) settings: Settings<B::Connection>,
}

impl<B: Begun> Guard<B> {
    /// Opens the scope of a transaction that has just begun.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] if nothing can be enqueued in it: inside a policy, and in a savepoint that no scope
    /// encloses.
    pub async fn new(
        begun: B,
        settings: Settings<B::Connection>,
    ) -> Result<Self, TransactionError> {
        const IN_POLICY: &str =
            "it would begin inside a policy: policies judge effects, they have none";
        let begun = require_enclosing_scope(begun, &settings).await?;
        if let Some(scope) = settings.make_scope().detach() {
            return Ok(Self { scope, begun, settings });
        }
        let error = DatabaseError::new(Step::Begin, settings.display_name(&begun), IN_POLICY);
        roll_back(begun, &settings).await;
        Err(error.into())
    }

    /// A handle on the scope, to run code in it.
    pub fn handle(&self) -> Handle {
        self.scope.handle().clone()
    }

    /// Runs sync code in the scope, such as code that only enqueues.
    ///
    /// A body that returns a future does not compile; [`run_async`](Self::run_async) takes one.
    pub fn run<T, ForAFutureUseRunAsync>(&mut self, body: impl FnOnce(&mut B::Connection) -> T) -> T
    where
        T: NotAFuture<ForAFutureUseRunAsync>,
    {
        let handle = self.handle();
        handle.run(|| body(self.begun.connection()))
    }

    /// Runs async code in the scope.
    pub async fn run_async<T>(&mut self, body: impl AsyncFnOnce(&mut B::Connection) -> T) -> T {
        let handle = self.handle();
        async { body(self.begun.connection()).await }.in_scope(handle).await
    }

    /// Commits; then the effects leave.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] if the database does not commit, or the effects don't leave.
    pub async fn commit(self) -> Result<(), TransactionError> {
        self.end().await.flush_async().await.map_err(FailedAttempt::into_error)
    }

    /// Rolls back, and discards what was enqueued.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] if the rollback fails. The database rolls back all the same, once it finds that the
    /// connection is lost.
    pub async fn rollback(self) -> Result<(), TransactionError> {
        let Self { scope, begun, settings } = self;
        let database = settings.display_name(&begun);
        drop(scope);
        let rolled_back = try_roll_back(begun, &settings).await;
        rolled_back.map_err(|error| DatabaseError::new(Step::Rollback, database, error).into())
    }

    async fn end(self) -> EndedTransaction<(), TransactionError> {
        let Self { scope, begun, settings } = self;
        end(begun, &settings, scope.seal(), Ok(())).await
    }

    /// [`commit`](Self::commit) from sync code.
    #[cfg(feature = "diesel")]
    pub(crate) fn commit_sync(self) -> Result<(), TransactionError> {
        wait(None, self.end()).flush().map_err(FailedAttempt::into_error)
    }
}

impl<B: Begun> Deref for Guard<B>
where
    B: Deref<Target = B::Connection>,
{
    type Target = B::Connection;

    fn deref(&self) -> &B::Connection {
        &self.begun
    }
}

impl<B: Begun> DerefMut for Guard<B>
where
    B: DerefMut<Target = B::Connection>,
{
    fn deref_mut(&mut self) -> &mut B::Connection {
        &mut self.begun
    }
}

impl<B: Begun> fmt::Debug for Guard<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("place", &self.settings.display_name(&self.begun))
            .finish_non_exhaustive()
    }
}
