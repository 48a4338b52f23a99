//! How deep a transaction is nested, and what that says of its commit.

use diesel::QueryResult;
use diesel::connection::TransactionManagerStatus;
use diesel::result::{DatabaseErrorKind, Error};

use crate::transactions::diesel_shared::{display_name, is_conflict};
use crate::transactions::shared::{CommitError, NESTED_STILL_OPEN};

/// 1 for a transaction, more for a savepoint.
#[derive(Clone, Copy)]
pub(crate) struct Level(u32);

impl Level {
    /// The level of the transaction that has just begun.
    pub(crate) fn innermost(status: &TransactionManagerStatus) -> QueryResult<Self> {
        depth(status).map(|depth| Self(depth.max(1)))
    }

    pub(crate) fn is_nested(self) -> bool {
        self.0 > 1
    }

    /// How many transactions have to end so that this one has ended: itself, and those nested in it.
    ///
    /// diesel takes some failed commits for the end of the transaction. Ending one more would end the outer
    /// transaction.
    pub(crate) fn open(self, status: &TransactionManagerStatus) -> QueryResult<u32> {
        match (depth(status)? + 1).checked_sub(self.0) {
            None | Some(0) => Err(Error::NotInTransaction),
            Some(open) => Ok(open),
        }
    }

    /// Rejects a commit that would end a nested transaction instead, or none.
    pub(crate) fn ready(self, status: &TransactionManagerStatus) -> Result<(), CommitError> {
        match self.open(status) {
            Ok(1) => Ok(()),
            Ok(_) => Err(CommitError::rolled_back(NESTED_STILL_OPEN)),
            // diesel sends nothing any more.
            Err(error @ Error::BrokenTransactionManager) => Err(CommitError::rolled_back(error)),
            // Other code has ended the transaction, and may have committed it.
            Err(error) => Err(CommitError::unknown(error)),
        }
    }

    /// Decides whether the database itself has answered a failed commit.
    ///
    /// diesel does not show the SQLSTATE. An error for which diesel has no kind may be the answer of a proxy that has
    /// lost the server, or the server's answer that the outcome is unknown.
    pub(crate) fn commit_error<Backend>(self, error: Error) -> CommitError {
        use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand, Unknown};
        let certain = match &error {
            Error::DatabaseError(ClosedConnection | UnableToSendCommand, _) => false,
            // No proxy is in front of SQLite, and releasing a savepoint commits nothing.
            Error::DatabaseError(Unknown, _) => {
                display_name::<Backend>() == "SQLite" || self.is_nested() || is_conflict(&error)
            }
            Error::DatabaseError(..) => true,
            _ => false,
        };
        if certain { CommitError::rolled_back(error) } else { CommitError::unknown(error) }
    }
}

/// How many transactions are open, one inside another.
fn depth(status: &TransactionManagerStatus) -> QueryResult<u32> {
    Ok(status.transaction_depth()?.map_or(0, Into::into))
}
