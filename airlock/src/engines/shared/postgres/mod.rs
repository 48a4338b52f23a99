//! What the engines in PostgreSQL share.

mod listener;
pub(crate) mod statement_timeout;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub(crate) use listener::Listener;

use crate::core::task::called::BoxError;
use crate::engines::shared::{scheme, sql};
use crate::transactions::shared::{Connection, dialect};
use crate::worker::engine_error::EngineError;

/// One value of each row: statements take rows column by column.
pub(crate) fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// The time of the database, in microseconds since the epoch.
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

/// Reads a URL of PostgreSQL.
pub(crate) fn options(url: &str) -> Result<PgConnectOptions, EngineError> {
    const EXAMPLE: &str = "it is like postgres://user:password@host:5432/database";
    scheme::require(url, "PostgreSQL", &["postgres", "postgresql"], EXAMPLE)?;
    url.parse().map_err(|error: sqlx::Error| {
        EngineError::new("read the URL of", "PostgreSQL", error).next_step(EXAMPLE)
    })
}

/// Where a PostgreSQL database is, without a password.
pub(crate) fn address(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    let (host, port) = (options.get_host(), options.get_port());
    match options.get_socket() {
        Some(socket) => format!("postgres://{user}@{}/{database}", socket.display()),
        None => format!("postgres://{user}@{host}:{port}/{database}"),
    }
}

/// Connects once. Without a server, a pool would try for half a minute and report nothing but a time-out.
pub(crate) async fn reach(options: &PgConnectOptions) -> Result<(), EngineError> {
    let failed = |failure| sql::error("connect to", address(options), failure);
    let first = PgConnection::connect_with(options).await.map_err(failed)?;
    first.close().await.map_err(failed)
}
