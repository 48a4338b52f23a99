//! diesel's transactions, as airlock begins and ends them.

use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};

use diesel::QueryResult;
use diesel::connection::{Connection, TransactionManager, TransactionManagerStatus};

use crate::core::task::called::BoxError;
use crate::core::wait::wait;
use crate::transactions::diesel_shared::{
    Level, begin_error, check_error, display_name, is_conflict,
};
use crate::transactions::shared::{
    self as transaction, CommitError, Guard, Settings, TransactionError, log,
};

/// A transaction of diesel that has begun.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// // What `Guard` guards.
/// let tx: airlock::transaction::Guard<airlock::diesel::Begun<'_, SqliteConnection>> =
///     airlock::diesel::begin(connection)?;
/// tx.rollback_blocking()?;
/// # Ok(())
/// # }
/// ```
pub struct Begun<'c, C: Connection> {
    connection: &'c mut C,
    level: Level,
    open: bool,
}

impl<C: Connection> fmt::Debug for Begun<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

/// Whether what begins next on the connection is a transaction, not a savepoint.
pub(super) fn is_idle<C: Connection>(connection: &mut C) -> bool {
    matches!(status(connection).transaction_depth(), Ok(None))
}

pub(super) fn begin_on<C: Connection>(
    connection: &mut C,
) -> Result<Begun<'_, C>, TransactionError> {
    let begun = C::TransactionManager::begin_transaction(connection);
    match begun.and_then(|()| Level::innermost(status(connection))) {
        Ok(level) => Ok(Begun { connection, level, open: true }),
        Err(error) => Err(begin_error::<C::Backend>(error)),
    }
}

impl<C: Connection> transaction::Begun for Begun<'_, C> {
    type Connection = C;

    fn connection(&mut self) -> &mut C {
        self.connection
    }

    fn place(&self) -> String {
        display_name::<C::Backend>().to_owned()
    }

    fn is_nested(&mut self) -> bool {
        self.level.is_nested()
    }

    async fn ready(&mut self, _: bool) -> Result<(), CommitError> {
        self.level.ready(status(self.connection))
    }

    async fn check(&mut self) -> Result<(), BoxError> {
        if display_name::<C::Backend>() == "SQLite" || self.is_nested() {
            return Ok(());
        }
        self.connection.batch_execute("SELECT 1").map_err(check_error)
    }

    const EXECUTES: bool = true;

    async fn execute(&mut self, statement: &'static str) -> Result<(), BoxError> {
        Ok(self.connection.batch_execute(statement)?)
    }

    fn is_conflict(error: &(dyn Error + 'static)) -> bool {
        is_conflict(error)
    }

    async fn commit(mut self) -> Result<(), CommitError> {
        let committed = C::TransactionManager::commit_transaction(self.connection)
            .map_err(|error| self.level.commit_error::<C::Backend>(error));
        self.open = self.level.open(status(self.connection)).is_ok();
        committed
    }

    async fn rollback(mut self) -> Result<(), BoxError> {
        self.open = false;
        Ok(self.roll_back()?)
    }
}

impl<C: Connection> Begun<'_, C> {
    fn roll_back(&mut self) -> QueryResult<()> {
        for _ in 0..self.level.open(status(self.connection))? {
            C::TransactionManager::rollback_transaction(self.connection)?;
        }
        Ok(())
    }
}

fn status<C: Connection>(connection: &mut C) -> &TransactionManagerStatus {
    C::TransactionManager::transaction_manager_status_mut(connection)
}

impl<C: Connection> Drop for Begun<'_, C> {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.roll_back()
        {
            log::not_rolled_back(display_name::<C::Backend>(), &error.into());
        }
    }
}

impl<C: Connection> Deref for Begun<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection
    }
}

impl<C: Connection> DerefMut for Begun<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.connection
    }
}

impl<'c, C: Connection> Guard<Begun<'c, C>> {
    pub(super) fn begin_blocking(
        begun: Begun<'c, C>,
        settings: Settings<C>,
    ) -> Result<Self, TransactionError> {
        wait(None, Self::new(begun, settings))
    }

    /// Commits; then the effects leave: [`commit`](Self::commit) from sync code.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] if the database does not commit, or the effects don't leave.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let mut tx = airlock::diesel::begin(connection)?;
    /// insert(&mut tx)?;
    /// tx.run(|_| send_mail::enqueue(1))?;
    /// tx.commit_blocking()?;                                      // the mail leaves here
    /// # Ok(())
    /// # }
    /// ```
    pub fn commit_blocking(self) -> Result<(), TransactionError> {
        self.commit_sync()
    }

    /// Rolls back, and discards what was enqueued: [`rollback`](Self::rollback) from sync code.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] if the rollback fails.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// let mut tx = airlock::diesel::begin(connection)?;
    /// insert(&mut tx)?;
    /// tx.run(|_| send_mail::enqueue(1))?;
    /// tx.rollback_blocking()?;                                    // and no mail leaves
    /// # Ok(())
    /// # }
    /// ```
    pub fn rollback_blocking(self) -> Result<(), TransactionError> {
        wait(None, self.rollback())
    }
}
