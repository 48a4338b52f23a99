//! What a library's transaction has to be able to do.

use crate::private::BoxError;

/// A transaction, or a savepoint inside one, that has begun and not ended; one that is dropped rolls
/// back.
///
/// It is implemented for the transactions of the libraries that airlock knows, and is all that an
/// integration of another one has to write.
pub trait Begun: Send + Sized {
    /// What statements are run through.
    type Connection: Send;

    /// What statements are run through.
    fn connection(&mut self) -> &mut Self::Connection;

    /// What errors call the database.
    fn place(&self) -> String;

    /// Whether this is a savepoint: ending it leaves what is decided to the transaction around.
    fn is_nested(&mut self) -> bool;

    /// Fails where the database would answer a commit with a rollback, as PostgreSQL does after a
    /// statement that failed. It is not asked where the last statement is known to have succeeded.
    fn check(&mut self) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Commits, or releases the savepoint.
    fn commit(self) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Rolls back.
    fn rollback(self) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// A commit that failed.
#[derive(Debug)]
pub struct CommitError {
    pub(crate) source: BoxError,
    pub(crate) certain: bool,
}

impl CommitError {
    /// The database said that it has rolled back.
    pub fn rolled_back(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), certain: true }
    }

    /// The connection was lost before the database said anything: it may have committed.
    pub fn unknown(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), certain: false }
    }
}
