//! Errors of databases, with the next step.

use crate::core::task::called::BoxError;
#[cfg(feature = "_server")]
use crate::engines::shared::connect;
use crate::worker::engine_error::EngineError;

/// An error of a database, with the next step where there is one.
pub(crate) fn error(
    doing: &str,
    address: impl std::fmt::Display,
    source: impl Into<BoxError>,
) -> EngineError {
    let source = source.into();
    let step = source.downcast_ref().and_then(next_step);
    #[cfg(feature = "sqlx-08")]
    let step = step.or_else(|| source.downcast_ref().and_then(next_step_in_sqlx_08));
    #[cfg(feature = "_server")]
    let step = step.or_else(|| connect::no_answer(&source));
    EngineError::new(doing, address, source).next_step(step)
}

/// The number of intents in words.
pub(crate) fn intents(count: usize) -> String {
    if count == 1 { "1 intent".to_owned() } else { format!("{count} intents") }
}

/// What to do where a table, a function or a schema is missing.
pub(crate) const SET_UP: &str =
    "call `setup()` before it is first used, in the database that it is used in";

/// What to do where a pooler gives the statements of one connection to another.
const POOLED: &str = "a pooler in between, such as PgBouncer with `pool_mode = transaction`, gives the statements that one \
     connection has prepared to others: set `pool_mode = session`, or from PgBouncer 1.21 on `max_prepared_statements`, or \
     connect to the server itself";

/// Whether PostgreSQL says with this code that a prepared statement is another connection's, or has stayed there.
fn is_pooled(code: &str) -> bool {
    const DUPLICATE_STATEMENT: &str = "42P05";
    const UNDEFINED_STATEMENT: &str = "26000";
    [DUPLICATE_STATEMENT, UNDEFINED_STATEMENT].contains(&code)
}

/// Whether PostgreSQL says with this code that one of these is missing.
pub(crate) fn is_missing(code: &str) -> bool {
    const UNDEFINED_TABLE: &str = "42P01";
    const UNDEFINED_FUNCTION: &str = "42883";
    const UNDEFINED_SCHEMA: &str = "3F000";
    [UNDEFINED_TABLE, UNDEFINED_FUNCTION, UNDEFINED_SCHEMA].contains(&code)
}

fn next_step(error: &sqlx::Error) -> Option<&'static str> {
    match error {
        sqlx::Error::Io(_) => Some("check that the server runs and that the URL leads to it"),
        // A pool reports both causes as this one.
        sqlx::Error::PoolTimedOut => Some(
            "all its connections were in use, or it could make none: hold them for less long, give \
             the pool more, and check that the database can be reached",
        ),
        sqlx::Error::Database(error) => after(error.code().as_deref(), error.message()),
        _ => None,
    }
}

/// The same for what was written through a transaction of sqlx 0.8.
#[cfg(feature = "sqlx-08")]
fn next_step_in_sqlx_08(error: &sqlx_08::Error) -> Option<&'static str> {
    let error = error.as_database_error()?;
    after(error.code().as_deref(), error.message())
}

/// What to do after an answer of the database.
fn after(code: Option<&str>, message: &str) -> Option<&'static str> {
    if code.is_some_and(is_missing) || message.starts_with("no such table") {
        Some(SET_UP)
    } else if code.is_some_and(is_pooled) {
        Some(POOLED)
    } else if message.starts_with("unable to open") {
        Some("check that the folder is there and may be written to")
    } else if message.starts_with("database is locked") {
        Some(
            "another connection was writing all the while: keep its transactions short, or wait \
             longer, with `busy_timeout`",
        )
    } else {
        None
    }
}
