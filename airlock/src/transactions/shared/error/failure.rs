//! Why a transaction failed whose body's error knows nothing of airlock.

use std::error::Error;
use std::fmt;

use crate::core::stack::enqueue_error::EnqueueError;
use crate::transactions::shared::TransactionError;

/// Why a transaction failed: for its body's error, or for what went wrong around the body.
///
/// It is the error of a body whose statements fail with a library's error, such as `sqlx::Error`, `DbErr` or
/// `diesel::result::Error`: each of these becomes a [`Body`](Self::Body) by `?`, an enqueue's error an
/// [`Enqueue`](Self::Enqueue), and that of a savepoint inside a [`Transaction`](Self::Transaction).
///
/// The `try_transaction` of each library's `Database` returns it too, for a body whose error is any other.
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
///         Failure::Enqueue(_) => 500,
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
    /// Why something in the body was not enqueued. The transaction is rolled back.
    Enqueue(EnqueueError),
    /// What went wrong around the body.
    Transaction(TransactionError),
}

impl<E> From<TransactionError> for Failure<E> {
    fn from(error: TransactionError) -> Self {
        Self::Transaction(error)
    }
}

impl<E> From<EnqueueError> for Failure<E> {
    fn from(error: EnqueueError) -> Self {
        Self::Enqueue(error)
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Enqueue(error) => error.fmt(f),
            Self::Transaction(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for Failure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Body(error) => error.source(),
            Self::Enqueue(error) => error.source(),
            Self::Transaction(error) => error.source(),
        }
    }
}
