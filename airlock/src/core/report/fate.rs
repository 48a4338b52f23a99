//! The fates of intents.

use std::fmt;

use crate::core::cut::cut;

/// The one thing that became of an intent.
///
/// # Examples
///
/// ```
/// use airlock::Fate;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().policy(airlock::DropAll).seal(|| send_mail::enqueue(42));
/// let report = sealed.flush()?;
/// match report.entries()[0].fate() {
///     Fate::Dropped { policy } => assert_eq!(policy, "DropAll"),
///     fate => panic!("{fate}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The executor carried it out, or took it over.
    Dispatched,
    /// The engine holds one of the same [unique key](crate::Options::unique_key), so it was left out.
    Duplicate,
    /// A policy dropped it at flush.
    Dropped {
        /// The policy's name.
        policy: String,
    },
    /// Its scope ended without a flush.
    Discarded(Why),
    /// The enclosing scope took it over.
    Captured,
    /// The executor failed to carry it out; it is handed back. Where the flush was dropped half-way
    /// nobody is there to hand it to, and it may have left. A row of a transaction of which nobody can
    /// tell whether it was committed is not handed back: it is there if the transaction is.
    Failed {
        /// What the executor, or the task, said.
        error: String,
    },
    /// An earlier one failed, or the executor could attempt none; it is handed back.
    NotAttempted,
}

/// Why a scope ended without a flush.
///
/// # Examples
///
/// ```
/// use airlock::{Fate, Why};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let (_, sealed) = airlock::scope().seal(|| send_mail::enqueue(42));
/// let report = sealed.discard();
/// assert_eq!(*report.entries()[0].fate(), Fate::Discarded(Why::Request));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// Its body returned an error.
    Error,
    /// Its body panicked.
    Panic,
    /// Its future was dropped before its end, or its flush's was.
    Cancelled,
    /// It was asked to discard.
    Request,
    /// It was sealed, and dropped before anyone decided.
    Undecided,
    /// Its transaction was rolled back.
    RolledBack,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Cancelled => "cancelled",
            Self::Request => "on request",
            Self::Undecided => "undecided",
            Self::RolledBack => "rolled back",
        })
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dispatched => f.write_str("dispatched"),
            Self::Duplicate => f.write_str("left out: its unique key is taken"),
            Self::Dropped { policy } => write!(f, "dropped by {policy}"),
            Self::Discarded(why) => write!(f, "discarded: {why}"),
            Self::Captured => f.write_str("captured by the enclosing scope"),
            Self::Failed { error } => write!(f, "failed: {}", cut(error)),
            Self::NotAttempted => f.write_str("not attempted"),
        }
    }
}
