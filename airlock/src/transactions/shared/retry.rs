//! Transactions that are run again.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::core::backoff::Backoff;
use crate::transactions::shared::TransactionError;
use crate::transactions::shared::end::Failed;

/// A database whose transactions are run again where they fail for a while; made by `retry` and
/// `retry_if` of each library's `Database`.
///
/// Between two attempts it waits for some milliseconds, longer each time and up to half a second. What is
/// committed, or may be, is never run again, whatever its error.
///
/// In a future that is spawned, and so in a handler, write `async move |tx: …|` and give the closure what it
/// uses: rustc does not see otherwise that the future is `Send`.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "apalis-sqlite")]
/// # mod example {
/// use airlock::sqlx::Database;
/// use airlock::transaction::{Conflicts, Retrying};
/// use sqlx::Sqlite;
///
/// fn patient(database: &Database<Sqlite>) -> Retrying<'_, Database<Sqlite>, Conflicts> {
///     database.retry(10)
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Retrying<'d, D, W> {
    pub(crate) database: &'d D,
    pub(crate) attempts: Attempts<W>,
}

/// How many attempts are left, and after which errors.
#[derive(Debug)]
pub(crate) struct Attempts<W> {
    left: u32,
    made: u32,
    when: W,
}

/// Says after which errors a transaction is run again.
///
/// # Examples
///
/// ```
/// use airlock::transaction::Passing;
///
/// fn is_worth_another_try<E, W: Passing<E>>(when: &W, error: &E) -> bool {
///     when.is_passing(error)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`retry` can't look for a conflict in `{E}`",
    label = "has to be an error whose sources can be looked at",
    note = "`retry` looks in types that implement `std::error::Error`; for any other, `retry_if(3, |error| …)` asks you, and `is_conflict` of the library's module answers"
)]
pub trait Passing<E> {
    /// Whether it is after this one.
    fn is_passing(&self, error: &E) -> bool;
}

/// Conflicts between transactions, as the library's `is_conflict` knows them.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "apalis-sqlite")]
/// # mod example {
/// use airlock::sqlx::Database;
/// use airlock::transaction::{Conflicts, Retrying};
/// use sqlx::Sqlite;
///
/// fn hasty(database: &Database<Sqlite>) -> Retrying<'_, Database<Sqlite>, Conflicts> {
///     database.retry(1)
/// }
/// # }
/// ```
pub struct Conflicts(pub(crate) fn(&(dyn Error + 'static)) -> bool);

/// What a closure says of errors.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "apalis-sqlite")]
/// # mod example {
/// use airlock::BoxError;
/// use airlock::sqlx::{Database, is_conflict};
/// use airlock::transaction::{Retrying, When};
/// use sqlx::Sqlite;
///
/// fn patient(
///     database: &Database<Sqlite>,
/// ) -> Retrying<'_, Database<Sqlite>, When<impl Fn(&BoxError) -> bool>> {
///     database.retry_if(10, |error: &BoxError| is_conflict(&**error))
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct When<F>(pub(crate) F);

#[diagnostic::do_not_recommend]
impl<E: Error + 'static> Passing<E> for Conflicts {
    fn is_passing(&self, error: &E) -> bool {
        self.0(error)
    }
}

impl<E, F: Fn(&E) -> bool> Passing<E> for When<F> {
    fn is_passing(&self, error: &E) -> bool {
        self.0(error)
    }
}

impl<'d, D, W> Retrying<'d, D, W> {
    pub(crate) fn new(database: &'d D, times: u32, when: W) -> Self {
        Self { database, attempts: Attempts { left: times, made: 0, when } }
    }
}

impl<W> Attempts<W> {
    /// Waits before the next attempt, where there is to be one; else gives what the last one failed with.
    #[cfg(any(feature = "diesel-async", feature = "sqlx"))]
    pub(crate) async fn wait_after<E>(&mut self, failed: Failed<E>) -> Result<(), E>
    where
        W: Passing<E>,
    {
        let wait = self.after(failed)?;
        ::tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The same from sync code.
    #[cfg(feature = "diesel")]
    pub(crate) fn sleep_after<E>(&mut self, failed: Failed<E>) -> Result<(), E>
    where
        W: Passing<E>,
    {
        std::thread::sleep(self.after(failed)?);
        Ok(())
    }

    fn after<E>(&mut self, failed: Failed<E>) -> Result<Duration, E>
    where
        W: Passing<E>,
    {
        const BACKOFF: Backoff =
            Backoff::new(Duration::from_millis(5)).longest(Duration::from_millis(500));
        let passing = failed.again().is_some_and(|error| self.when.is_passing(error));
        if self.left == 0 || !passing {
            return Err(failed.into_error());
        }
        self.left -= 1;
        self.made += 1;
        Ok(BACKOFF.after(self.made))
    }
}

/// Whether an error, or one that it came from, is a conflict to `this`; of a transaction that is
/// committed there is none.
pub(crate) fn any_source(
    error: &(dyn Error + 'static),
    this: impl Fn(&(dyn Error + 'static)) -> bool,
) -> bool {
    let uncommitted = |error: &&(dyn Error + 'static)| {
        error.downcast_ref().is_none_or(|error: &TransactionError| error.is_undone())
    };
    std::iter::successors(Some(error), |error| (*error).source()).take_while(uncommitted).any(this)
}

impl fmt::Debug for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Conflicts").finish()
    }
}

/// The methods of a `Database` that make it [`Retrying`], with examples for its library, in whose module
/// there is `is_conflict`.
macro_rules! retries {
    ($(#[$retry:meta])* retry, $(#[$retry_if:meta])* retry_if,) => {
        /// Runs bodies up to `times` more where transactions were in each other's way, which
        /// [`is_conflict`] says of their errors. What an attempt that failed had enqueued is discarded.
        ///
        /// What is committed, or may be, is never run again, whatever its error. A savepoint is run once,
        /// for what has to be run again is the transaction around.
        ///
        $(#[$retry])*
        pub fn retry(&self, times: u32) -> Retrying<'_, Self, Conflicts> {
            Retrying::new(self, times, Conflicts(is_conflict))
        }

        /// The same where `when` says so, for errors that are no [`std::error::Error`] themselves.
        ///
        $(#[$retry_if])*
        pub fn retry_if<E>(
            &self,
            times: u32,
            when: impl Fn(&E) -> bool,
        ) -> Retrying<'_, Self, When<impl Fn(&E) -> bool>> {
            Retrying::new(self, times, When(when))
        }
    };
}

pub(crate) use retries;
