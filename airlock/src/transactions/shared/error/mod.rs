//! What goes wrong around a transaction's body.

mod committed;
mod database;
mod failure;
mod several;

use std::error::Error;
use std::fmt;

use crate::core::flush::FlushError;
use crate::core::intent::Intent;

pub use committed::Committed;
pub use database::{DatabaseError, Step};
pub use failure::Failure;
pub use several::SeveralError;

/// What went wrong around a transaction's body; the body's own error is returned as it is.
///
/// A body's error type converts this one by `From`, as `Box<dyn Error + Send + Sync>` and `anyhow::Error` already do.
///
/// # Examples
///
/// ```
/// use airlock::transaction::TransactionError;
///
/// # struct SqlError;
/// enum OrderError {
///     OutOfStock,
///     Sql(SqlError),
///     Transaction(TransactionError),
/// }
///
/// impl From<TransactionError> for OrderError {
///     fn from(error: TransactionError) -> Self {
///         Self::Transaction(error)
///     }
/// }
///
/// /// What to tell a customer.
/// fn answer(error: OrderError) -> &'static str {
///     match error {
///         OrderError::Transaction(error) if error.is_committed() => {
///             for mail in error.into_intents() {
///                 println!("to be tried again: {mail}");
///             }
///             "The order is placed, its mail comes later."
///         }
///         _ => "Please try again.",
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TransactionError {
    /// The database refused, or could not be reached. Nothing was committed, unless
    /// [`is_certain`](DatabaseError::is_certain) is false: then the outcome is unknown.
    Database(DatabaseError),
    /// The effects could not be written to the queue in the same database, so the transaction was rolled back. The
    /// error has the effects.
    Queue(FlushError),
    /// The data is committed, and not all of its effects left.
    Committed(Committed),
    /// Some of several transactions are committed, and others are not; or all are, and not all of their
    /// effects left.
    Several(SeveralError),
}

/// Whether a text shows an error of a transaction that is committed, or may be.
#[cfg(feature = "_database")]
pub(crate) fn says_committed(text: &str) -> bool {
    [committed::SENTENCE, several::SENTENCE].iter().any(|sentence| text.contains(sentence))
        || text.split(database::UNKNOWN).skip(1).any(|rest| rest.contains(" committed: "))
}

impl TransactionError {
    /// Whether the data is committed all the same; of several transactions, whether that of all is.
    pub fn is_committed(&self) -> bool {
        match self {
            Self::Committed(_) => true,
            Self::Several(error) => error.failed().is_none(),
            Self::Database(_) | Self::Queue(_) => false,
        }
    }

    /// Whether it is certain that nothing is committed.
    pub(crate) fn is_undone(&self) -> bool {
        match self {
            Self::Database(error) => error.is_certain(),
            Self::Queue(_) => true,
            Self::Committed(_) | Self::Several(_) => false,
        }
    }

    /// The effects that did not leave and may have to, to be tried again.
    ///
    /// It is empty if the transaction is known to be rolled back, except where the queue could not be written to.
    pub fn into_intents(self) -> Vec<Intent> {
        match self {
            Self::Database(error) => error.into_intents(),
            Self::Queue(error) => error.into_intents(),
            Self::Committed(committed) => committed.into_error().into_intents(),
            Self::Several(error) => error.into_intents(),
        }
    }
}

impl fmt::Display for TransactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Queue(error) => {
                write!(
                    f,
                    "the transaction was rolled back, for its effects can't be queued: {error}"
                )
            }
            Self::Committed(committed) => committed.fmt(f),
            Self::Several(error) => error.fmt(f),
        }
    }
}

impl Error for TransactionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(error) => error.source(),
            Self::Queue(error) => Some(error),
            Self::Committed(committed) => committed.source(),
            Self::Several(error) => error.source(),
        }
    }
}
