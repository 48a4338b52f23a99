//! Transactions that are run again.

use std::error::Error;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::sqlx::{Backend, Database, is_conflict};
use crate::transaction::TransactionError;

/// A [`Database`] whose transactions are run again where they fail for a while; made by
/// [`Database::retry`] and [`Database::retry_if`].
#[derive(Debug)]
pub struct Retrying<'d, DB: Backend, W> {
    database: &'d Database<DB>,
    times: u32,
    when: W,
}

/// Conflicts between transactions, as [`is_conflict`] knows them.
#[derive(Debug, Default)]
pub struct Conflicts {
    _private: (),
}

/// What a closure says of errors.
#[derive(Debug)]
pub struct When<F>(F);

impl<F> When<F> {
    pub(super) fn new(when: F) -> Self {
        Self(when)
    }
}

/// Says after which errors a transaction is run again.
pub trait Passing<E> {
    /// Whether it is after this one.
    fn is_passing(&self, error: &E) -> bool;
}

impl<E: Error + 'static> Passing<E> for Conflicts {
    fn is_passing(&self, error: &E) -> bool {
        is_conflict(error)
    }
}

impl<E, F: Fn(&E) -> bool> Passing<E> for When<F> {
    fn is_passing(&self, error: &E) -> bool {
        self.0(error)
    }
}

impl<'d, DB: Backend, W> Retrying<'d, DB, W> {
    pub(super) fn new(database: &'d Database<DB>, times: u32, when: W) -> Self {
        Self { database, times, when }
    }

    /// Runs `body` in a transaction that is a scope, and again in another one where that fails for a
    /// while. What an attempt that failed had enqueued is discarded.
    ///
    /// # Errors
    ///
    /// That of the last attempt.
    pub async fn transaction<T, E>(
        self,
        mut body: impl AsyncFnMut(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        const BACKOFF: Backoff =
            Backoff::new(Duration::from_millis(5)).longest(Duration::from_millis(500));
        for attempt in 1..=self.times {
            match self.database.transaction(&mut body).await {
                Err(error) if self.when.is_passing(&error) => {
                    ::tokio::time::sleep(BACKOFF.after(attempt)).await;
                }
                ended => return ended,
            }
        }
        self.database.transaction(body).await
    }
}
