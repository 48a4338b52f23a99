//! What the engines in a database share: what they say when something goes wrong there.

#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
use sqlx::Connection as _;
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::core::task::called::BoxError;
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
use crate::transactions::shared::{Connection, dialect};
use crate::worker::engine_error::EngineError;

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

/// So many intents, in words.
pub(crate) fn intents(count: usize) -> String {
    if count == 1 { "1 intent".to_owned() } else { format!("{count} intents") }
}

/// What to do where a table, a function or a schema is missing.
pub(crate) const SET_UP: &str =
    "call `setup()` before it is first used, in the database that it is used in";

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
        // A pool says the same of both.
        sqlx::Error::PoolTimedOut => Some(
            "all its connections were in use, or it could make none: hold them for less long, give \
             the pool more, and check that the database can be reached",
        ),
        sqlx::Error::Database(error) => {
            let missing = error.code().is_some_and(|code| is_missing(&code));
            if missing || error.message().starts_with("no such table") {
                Some(SET_UP)
            } else if error.message().starts_with("unable to open") {
                Some("check that the folder is there and may be written to")
            } else if error.message().starts_with("database is locked") {
                Some(
                    "another connection was writing all the while: keep its transactions short, or \
                     wait longer, with `busy_timeout`",
                )
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Rows in portions, in order, each small enough for one statement; `bytes` is how large a row is.
pub(crate) fn chunks<R>(rows: &[R], bytes: impl Fn(&R) -> usize) -> impl Iterator<Item = &[R]> {
    const ROWS: usize = 10_000;
    const BYTES: usize = 64 << 20;
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut sum = 0;
        let fits = |row: &&R| {
            sum += bytes(row);
            sum <= BYTES
        };
        let fitting = rest.iter().take(ROWS).take_while(fits).count();
        // A single one goes alone, however large it is.
        let (chunk, after) = rest.split_at(fitting.max(1).min(rest.len()));
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// One value of each row, for PostgreSQL takes rows column by column.
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
pub(crate) fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// The time of the database, in microseconds since the epoch.
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
pub(crate) async fn now(
    connection: &mut impl Connection<dialect::Postgres>,
) -> Result<i64, BoxError> {
    const NOW: &str = "
        SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8::text AS held,
            nullif($1::text, $1::text) AS missing";
    let rows = connection.query(NOW, "").await?;
    let now = rows.into_iter().find_map(|(now, _)| now?.parse().ok());
    now.ok_or_else(|| "the database did not say what time it is".into())
}

/// What a URL of PostgreSQL says.
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
pub(crate) fn options(url: &str) -> Result<PgConnectOptions, EngineError> {
    url.parse().map_err(|error: sqlx::Error| {
        EngineError::new("read the URL of", "PostgreSQL", error)
            .next_step("it is like postgres://user:password@host:5432/database")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_bounded_and_leave_nothing_out() {
        let sizes = |rows: &[usize]| chunks(rows, |row| *row).map(<[_]>::len).collect::<Vec<_>>();
        assert!(sizes(&[]).is_empty());
        assert_eq!(sizes(&vec![1; 25_000]), [10_000, 10_000, 5_000]);
        assert_eq!(sizes(&[1, 65 << 20, 1, 40 << 20, 40 << 20]), [1, 1, 2, 1]);
        let many: Vec<usize> = (0..25_000).collect();
        assert!(chunks(&many, |_| 1).flatten().eq(&many));
    }
}
