//! What both diesels share.

use std::error::Error as StdError;

use diesel::connection::TransactionManagerStatus;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Nullable, Text};
use diesel::{QueryResult, QueryableByName};

use crate::core::task::called::BoxError;
use crate::transactions::shared::retry::any_source;
use crate::transactions::shared::{
    CommitError, DatabaseError, LEFT_OPEN, PassedOver, Row, Step, TransactionError,
};

/// Whether an error, or one that it came from, says that transactions were in each other's way, and
/// that the same one may succeed if it is run again.
///
/// PostgreSQL and MySQL call it a serialization failure or a deadlock, SQLite a database that is busy
/// or locked. diesel does not say which of its errors is a deadlock in PostgreSQL, or SQLite's: they are known
/// by their English text.
///
/// # Examples
///
/// ```
/// use airlock::diesel::is_conflict;
/// use diesel::result::{DatabaseErrorKind, Error};
///
/// let said = "could not serialize access due to concurrent update".to_owned();
/// let error = Error::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(said));
/// assert!(is_conflict(&error));
/// assert!(!is_conflict(&Error::NotFound));
/// ```
pub fn is_conflict(error: &(dyn StdError + 'static)) -> bool {
    const SAID: [&str; 3] = ["deadlock detected", "database is locked", "database table is locked"];
    any_source(error, |error| match error.downcast_ref() {
        Some(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        Some(Error::DatabaseError(DatabaseErrorKind::Unknown, information)) => {
            SAID.iter().any(|said| information.message().starts_with(said))
        }
        _ => false,
    })
}

/// A row of two texts.
#[derive(QueryableByName)]
pub(crate) struct Answer {
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) held: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) missing: Option<String>,
}

/// Rows as queues take them.
pub(crate) fn rows(answers: Vec<Answer>) -> Vec<Row> {
    answers.into_iter().map(|answer| (answer.held, answer.missing)).collect()
}

/// How deep a transaction is: 1, or more for a savepoint.
#[derive(Clone, Copy)]
pub(crate) struct Level(u32);

impl Level {
    /// That of the transaction that has just begun.
    pub(crate) fn innermost(status: &TransactionManagerStatus) -> QueryResult<Self> {
        depth(status).map(|depth| Self(depth.max(1)))
    }

    pub(crate) fn is_nested(self) -> bool {
        self.0 > 1
    }

    /// How many transactions would have to end for this one to have ended: itself, and those inside it.
    ///
    /// Of commits that fail, diesel takes some for the transaction's end. Whoever ends one more ends the
    /// transaction around.
    pub(crate) fn open(self, status: &TransactionManagerStatus) -> QueryResult<u32> {
        match (depth(status)? + 1).checked_sub(self.0) {
            None | Some(0) => Err(Error::NotInTransaction),
            Some(open) => Ok(open),
        }
    }

    /// Refuses a commit that would be that of a transaction left inside this one, or of none.
    pub(crate) fn ready(self, status: &TransactionManagerStatus) -> Result<(), CommitError> {
        match self.open(status) {
            Ok(1) => Ok(()),
            Ok(_) => Err(CommitError::rolled_back(LEFT_OPEN)),
            // diesel sends nothing any more.
            Err(error @ Error::BrokenTransactionManager) => Err(CommitError::rolled_back(error)),
            // Whoever has ended it may have committed it.
            Err(error) => Err(CommitError::unknown(error)),
        }
    }

    /// Whether the database itself has said what a commit failed with.
    ///
    /// diesel shows no SQLSTATE. An error that it has no kind for may be the answer of a proxy that has
    /// lost the server, or the server's own that it can't tell.
    pub(crate) fn commit_error<Backend>(self, error: Error) -> CommitError {
        use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand, Unknown};
        let certain = match &error {
            Error::DatabaseError(ClosedConnection | UnableToSendCommand, _) => false,
            // SQLite has nobody in front of it, and a savepoint is not committed when it is released.
            Error::DatabaseError(Unknown, _) => {
                name::<Backend>() == "SQLite" || self.is_nested() || is_conflict(&error)
            }
            Error::DatabaseError(..) => true,
            _ => false,
        };
        if certain { CommitError::rolled_back(error) } else { CommitError::unknown(error) }
    }
}

/// How many transactions are open, one in another.
fn depth(status: &TransactionManagerStatus) -> QueryResult<u32> {
    Ok(status.transaction_depth()?.map_or(0, Into::into))
}

pub(crate) fn not_begun<Backend>(error: Error) -> TransactionError {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    let lost = matches!(
        error,
        Error::BrokenTransactionManager
            | Error::DatabaseError(ClosedConnection | UnableToSendCommand, _)
    );
    let error = DatabaseError::new(Step::Begin, name::<Backend>(), error);
    if lost {
        return error
            .with_next_step("the connection is of no use any more: take another one")
            .into();
    }
    error.into()
}

/// What was said to a statement that says nothing: an error of no kind is PostgreSQL's after another one.
pub(crate) fn not_good(error: Error) -> BoxError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::Unknown, _) => PassedOver(error.into()).into(),
        error => error.into(),
    }
}

/// What errors call a database of this backend.
pub(crate) fn name<Backend>() -> &'static str {
    let name = std::any::type_name::<Backend>();
    match name.rsplit("::").next() {
        Some("Pg") => "PostgreSQL",
        Some("Sqlite") => "SQLite",
        Some("Mysql") => "MySQL",
        _ => "the database",
    }
}

/// What a `Database<C>` of either diesel has in common, which is nothing but settings: its ordinary
/// traits, and `Adapted`, which lends a queue the connection as `Through`.
macro_rules! only_settings {
    () => {
        struct Adapted<Q>(Q);

        impl<C: Send, Q: for<'c> Queue<Through<'c, C>>> Queue<C> for Adapted<Q> {
            async fn push(
                &self,
                connection: &mut C,
                batch: &mut $crate::core::executor::Batch,
            ) -> Result<(), $crate::core::executor::DispatchError> {
                self.0.push(&mut Through(connection), batch).await
            }

            fn committed(&self) {
                self.0.committed();
            }

            fn proves_good(&self) -> bool {
                self.0.proves_good()
            }
        }

        impl<C> Default for Database<C> {
            fn default() -> Self {
                Self { settings: Settings::default() }
            }
        }

        impl<C> Clone for Database<C> {
            fn clone(&self) -> Self {
                Self { settings: self.settings.clone() }
            }
        }

        impl<C> std::fmt::Debug for Database<C> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("Database")
                    .field("queue", &self.settings.queue.is_some())
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use only_settings;
