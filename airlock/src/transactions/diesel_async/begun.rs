//! diesel-async's transactions, as airlock begins and ends them.

use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::task::{Context, Waker};

use diesel::QueryResult;
use diesel::connection::TransactionManagerStatus;
use diesel_async::{AsyncConnection, TransactionManager};

use crate::core::panics::shielded;
use crate::core::task::called::BoxError;
use crate::transactions::diesel_shared::{
    Level, begin_error, check_error, display_name, is_conflict,
};
use crate::transactions::shared::{self as transaction, CommitError, TransactionError};

/// A transaction of diesel-async that has begun.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// // What `Guard` guards.
/// let tx: airlock::transaction::Guard<airlock::diesel_async::Begun<'_, C>> =
///     airlock::diesel_async::begin(connection).await?;
/// tx.rollback().await?;
/// # Ok(())
/// # }
/// ```
pub struct Begun<'c, C: AsyncConnection> {
    connection: &'c mut C,
    level: Level,
    open: bool,
}

impl<C: AsyncConnection> fmt::Debug for Begun<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

/// Whether what begins next on the connection is a transaction, not a savepoint.
pub(super) fn is_idle<C: AsyncConnection>(connection: &mut C) -> bool {
    matches!(status(connection).transaction_depth(), Ok(None))
}

pub(super) async fn begin_on<C: AsyncConnection>(
    connection: &mut C,
) -> Result<Begun<'_, C>, TransactionError> {
    let mut unanswered = Unanswered(Some(connection));
    let connection = unanswered.0.as_deref_mut().expect("it was put in");
    let begun = C::TransactionManager::begin_transaction(connection).await;
    let connection = unanswered.0.take().expect("it was put in");
    match begun.and_then(|()| Level::innermost(status(connection))) {
        Ok(level) => Ok(Begun { connection, level, open: true }),
        Err(error) => Err(begin_error::<C::Backend>(error)),
    }
}

/// The connection on which a transaction is beginning, until the database has answered.
struct Unanswered<'c, C: AsyncConnection>(Option<&'c mut C>);

impl<C: AsyncConnection> Drop for Unanswered<'_, C> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            abandon(connection);
        }
    }
}

/// Leaves a connection of which nobody knows whether the database is in a transaction on it, since nothing can be waited
/// for: diesel is told to begin none on it any more, and a rollback is sent. That is before all that the connection is used
/// for next where the driver sends statements at once, as that for PostgreSQL does.
fn abandon<C: AsyncConnection>(connection: &mut C) {
    // diesel-async panics where a statement is still running on another thread, and would with this one.
    shielded(|| status(connection).set_in_error());
    if !std::any::type_name::<C>().contains("SyncConnectionWrapper") {
        shielded(|| {
            let sent = pin!(connection.batch_execute("ROLLBACK"));
            let _ = sent.poll(&mut Context::from_waker(Waker::noop()));
        });
    }
}

impl<C: AsyncConnection> transaction::Begun for Begun<'_, C> {
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
        self.connection.batch_execute("SELECT 1").await.map_err(check_error)
    }

    const EXECUTES: bool = true;

    async fn execute(&mut self, statement: &'static str) -> Result<(), BoxError> {
        Ok(self.connection.batch_execute(statement).await?)
    }

    fn is_conflict(error: &(dyn Error + 'static)) -> bool {
        is_conflict(error)
    }

    async fn commit(mut self) -> Result<(), CommitError> {
        let committed = C::TransactionManager::commit_transaction(self.connection)
            .await
            .map_err(|error| self.level.commit_error::<C::Backend>(error));
        if committed.is_err() {
            // The caller gets the commit's own error.
            let _ = self.roll_back().await;
        }
        self.open = self.level.open(status(self.connection)).is_ok();
        committed
    }

    async fn rollback(mut self) -> Result<(), BoxError> {
        let rolled_back = self.roll_back().await;
        self.open = self.level.open(status(self.connection)).is_ok();
        Ok(rolled_back?)
    }
}

impl<C: AsyncConnection> Begun<'_, C> {
    async fn roll_back(&mut self) -> QueryResult<()> {
        for _ in 0..self.level.open(status(self.connection))? {
            C::TransactionManager::rollback_transaction(self.connection).await?;
        }
        Ok(())
    }
}

fn status<C: AsyncConnection>(connection: &mut C) -> &mut TransactionManagerStatus {
    C::TransactionManager::transaction_manager_status_mut(connection)
}

impl<C: AsyncConnection> Drop for Begun<'_, C> {
    fn drop(&mut self) {
        if self.open {
            abandon(self.connection);
        }
    }
}

impl<C: AsyncConnection> Deref for Begun<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection
    }
}

impl<C: AsyncConnection> DerefMut for Begun<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.connection
    }
}
