//! Why a transaction failed whose body's error knows nothing of airlock.

use std::error::Error;
use std::fmt;

use crate::transactions::shared::TransactionError;

/// Why a transaction failed: for its body's error, or for what went wrong around the body.
///
/// The `try_transaction` of each library's `Database` returns it, for bodies whose error is that of somebody else and does
/// not convert from [`TransactionError`], such as `sqlx::Error` or `diesel::result::Error`.
///
/// # Examples
///
/// ```
/// use airlock::transaction::Failure;
///
/// # #[derive(Debug)]
/// # enum SqlError { RowNotFound }
/// /// The status of an answer.
/// fn status(failure: &Failure<SqlError>) -> u16 {
///     match failure {
///         Failure::Body(SqlError::RowNotFound) => 404,
///         Failure::Transaction(error) if error.is_committed() => 202,
///         Failure::Transaction(_) => 503,
///     }
/// }
/// assert_eq!(status(&Failure::Body(SqlError::RowNotFound)), 404);
/// ```
#[derive(Debug)]
pub enum Failure<E> {
    /// What the body returned. The transaction is rolled back.
    Body(E),
    /// What went wrong around the body.
    Transaction(TransactionError),
}

impl<E> From<TransactionError> for Failure<E> {
    fn from(error: TransactionError) -> Self {
        Self::Transaction(error)
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Transaction(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for Failure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Body(error) => error.source(),
            Self::Transaction(error) => error.source(),
        }
    }
}
