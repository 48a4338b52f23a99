//! What the engines in a database share: what they say when something goes wrong there.

#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
use sqlx::Connection as _;
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::engine_error::EngineError;
use crate::private::BoxError;

/// An error of a database, with the next step where there is one.
pub(crate) fn error(
    doing: &str,
    place: impl std::fmt::Display,
    source: impl Into<BoxError>,
) -> EngineError {
    let source = source.into();
    let step = source.downcast_ref().and_then(next_step);
    EngineError::new(doing, place, source).next_step(step)
}

/// What to do where a table, a function or a schema is missing.
pub(crate) const SET_UP: &str = "call `setup()` before it is first used";

/// Whether PostgreSQL says with this code that one of these is missing.
pub(crate) fn is_missing(code: &str) -> bool {
    const UNDEFINED_TABLE: &str = "42P01";
    const UNDEFINED_FUNCTION: &str = "42883";
    const UNDEFINED_SCHEMA: &str = "3F000";
    [UNDEFINED_TABLE, UNDEFINED_FUNCTION, UNDEFINED_SCHEMA].contains(&code)
}

fn next_step(error: &sqlx::Error) -> Option<&'static str> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            Some("check that the server runs and that the URL leads to it")
        }
        sqlx::Error::Database(error) => {
            let missing = error.code().is_some_and(|code| is_missing(&code));
            if missing || error.message().starts_with("no such table") {
                Some(SET_UP)
            } else if error.message().starts_with("unable to open") {
                Some("check that the folder is there and may be written to")
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Where a PostgreSQL database is, without a password.
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
pub(crate) fn place(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    let (host, port) = (options.get_host(), options.get_port());
    match options.get_socket() {
        Some(socket) => format!("postgres://{user}@{}/{database}", socket.display()),
        None => format!("postgres://{user}@{host}:{port}/{database}"),
    }
}

/// Connects once: where nobody answers, a pool tries for half a minute and only says that it has timed
/// out.
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
pub(crate) async fn reach(options: &PgConnectOptions) -> Result<(), EngineError> {
    let failed = |failure| error("connect to", place(options), failure);
    let first = PgConnection::connect_with(options).await.map_err(failed)?;
    first.close().await.map_err(failed)
}
