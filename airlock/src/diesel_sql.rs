//! What both diesels share.

use diesel::QueryableByName;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Nullable, Text};

use crate::transaction::CommitError;

/// A row of two texts.
#[derive(QueryableByName)]
pub(crate) struct Answer {
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) held: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) missing: Option<String>,
}

/// Whether the database itself has said what a commit failed with.
pub(crate) fn commit_error(error: Error) -> CommitError {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    match &error {
        Error::DatabaseError(ClosedConnection | UnableToSendCommand, _) => {
            CommitError::unknown(error)
        }
        Error::DatabaseError(..) | Error::NotInTransaction => CommitError::rolled_back(error),
        _ => CommitError::unknown(error),
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
