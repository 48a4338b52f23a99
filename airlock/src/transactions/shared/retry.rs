//! Transactions that are run again.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::core::backoff::Backoff;
use crate::transactions::shared::log;
use crate::transactions::shared::outcome::{Again, FailedAttempt};

/// A database whose transactions are run again after some errors, such as conflicts; made by `retry` and `retry_if` of
/// each library's `Database`.
///
/// It waits between attempts with **exponential backoff**, from some milliseconds to half a second. A transaction that
/// is committed, or may be, is never run again, whatever its error.
///
/// In a spawned future, and so in a handler, write `async move |tx: …|` and move into the closure what it uses:
/// otherwise rustc can't prove that the future is `Send`.
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

/// How many more attempts are allowed, and after which errors.
#[derive(Debug)]
pub(crate) struct Attempts<W> {
    left: u32,
    made: u32,
    when: W,
}

/// Decides after which errors a transaction is run again.
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
    /// Whether the transaction is run again after this one.
    fn is_passing(&self, error: &E) -> bool;

    /// Whether it is also run again after a conflict that airlock has met itself, such as at the commit; and what to
    /// do about an error that is none.
    #[doc(hidden)]
    fn after_conflicts(&self) -> Result<(), &'static str> {
        Err("`retry_if`'s closure says no to it")
    }
}

/// Runs a transaction again after a conflict, which the library's `is_conflict` recognises.
pub struct Conflicts(pub(crate) fn(&(dyn Error + 'static)) -> bool);

/// Runs a transaction again if a closure says so of its error.
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

    fn after_conflicts(&self) -> Result<(), &'static str> {
        Ok(())
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
    /// Waits for the next attempt, if there is one; otherwise returns the error of the last one.
    #[cfg(feature = "_database-async")]
    pub(crate) async fn wait_after<E>(&mut self, failed: FailedAttempt<E>) -> Result<(), E>
    where
        W: Passing<E>,
    {
        ::tokio::time::sleep(self.delay_after(failed)?).await;
        Ok(())
    }

    /// `wait_after` from sync code.
    #[cfg(feature = "diesel")]
    pub(crate) fn sleep_after<E>(&mut self, failed: FailedAttempt<E>) -> Result<(), E>
    where
        W: Passing<E>,
    {
        std::thread::sleep(self.delay_after(failed)?);
        Ok(())
    }

    fn delay_after<E>(&mut self, failed: FailedAttempt<E>) -> Result<Duration, E>
    where
        W: Passing<E>,
    {
        const BACKOFF: Backoff =
            Backoff::new(Duration::from_millis(5)).longest(Duration::from_millis(500));
        self.made += 1;
        if let Some(why) = self.why_not_again(&failed) {
            log::not_run_again::<E>(self.made, why);
            return Err(failed.into_error());
        }
        self.left -= 1;
        let delay = BACKOFF.after(self.made);
        log::run_again::<E>(self.made, delay);
        Ok(delay)
    }

    fn why_not_again<E>(&self, failed: &FailedAttempt<E>) -> Option<&'static str>
    where
        W: Passing<E>,
    {
        const NO_CONFLICT: &str = "no conflict between transactions is in it, in its sources, or in what its `Debug` \
             shows: name the library's error as its `#[source]` or `#[from]`, or derive `Debug`, \
             or use `retry_if`";
        let asked = self.when.after_conflicts();
        let passing = match failed.again() {
            Again::Never(why) => return Some(why),
            Again::Possible { conflict: true } if asked.is_ok() => true,
            Again::Possible { .. } => self.when.is_passing(failed.error()),
        };
        if !passing {
            return Some(asked.err().unwrap_or(NO_CONFLICT));
        }
        (self.left == 0).then_some("that was the last attempt")
    }
}

impl fmt::Debug for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Conflicts").finish()
    }
}

/// The methods of a `Database` that make it [`Retrying`], with an example for its library, in whose module
/// there is `is_conflict`.
macro_rules! retries {
    ($(#[$example:meta])*) => {
        /// Runs a body again, up to `times` times, after a conflict between transactions, which [`is_conflict`]
        /// recognises, or which the begin or the commit has met. What a failed attempt has enqueued is discarded.
        /// Why an attempt is the last one is logged at DEBUG.
        ///
        /// A transaction that is committed, or may be, is never run again, whatever its error. A savepoint is run
        /// once: the outer transaction would have to be run again.
        ///
        $(#[$example])*
        pub fn retry(&self, times: u32) -> Retrying<'_, Self, Conflicts> {
            Retrying::new(self, times, Conflicts(is_conflict))
        }

        /// Does the same as [`retry`](Self::retry) after the errors for which `when` is true: for errors that don't
        /// implement [`std::error::Error`] themselves.
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
