//! What the modules of diesel and diesel-async share.

mod conflict;
pub(crate) mod database;
mod failure;
mod level;

use diesel::QueryableByName;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Nullable, Text};

use crate::core::task::called::BoxError;
use crate::transactions::shared::{
    DatabaseError, InFailedTransaction, Row, Step, TransactionError,
};

pub use conflict::is_conflict;
pub(crate) use level::Level;

/// A [`Row`], as diesel loads it.
#[derive(QueryableByName)]
pub(crate) struct LoadedRow {
    #[diesel(sql_type = Nullable<Text>)]
    held: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    missing: Option<String>,
}

pub(crate) fn rows(loaded: Vec<LoadedRow>) -> Vec<Row> {
    loaded.into_iter().map(|row| (row.held, row.missing)).collect()
}

pub(crate) fn begin_error<Backend>(error: Error) -> TransactionError {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    let lost = matches!(
        error,
        Error::BrokenTransactionManager
            | Error::DatabaseError(ClosedConnection | UnableToSendCommand, _)
    );
    let error = DatabaseError::new(Step::Begin, display_name::<Backend>(), error);
    if lost {
        return error
            .with_next_step("the connection is of no use any more: take another one")
            .into();
    }
    error.into()
}

/// The error of a statement that can't fail by itself: if diesel has no kind for it, PostgreSQL passed the statement
/// over because one before it has failed.
pub(crate) fn check_error(error: Error) -> BoxError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::Unknown, _) => {
            InFailedTransaction(error.into()).into()
        }
        error => error.into(),
    }
}

/// What errors call a database of this backend.
pub(crate) fn display_name<Backend>() -> &'static str {
    let name = std::any::type_name::<Backend>();
    match name.rsplit("::").next() {
        Some("Pg") => "PostgreSQL",
        Some("Sqlite") => "SQLite",
        Some("Mysql") => "MySQL",
        _ => "the database",
    }
}
