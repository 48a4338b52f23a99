//! What the engines in PostgreSQL share.

mod conflict;
mod listener;
pub(crate) mod statement_timeout;
pub(crate) mod undivided;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub(crate) use conflict::Conflicts;
pub(crate) use listener::Listener;

use crate::core::task::called::BoxError;
use crate::engines::shared::{connect, scheme, sql};
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

/// Connects. Without a server, a pool would try for half a minute and report nothing but a time-out.
///
/// A pooler that gives each transaction any of its connections is found out: statements that sqlx prepares in one
/// transaction would be missing in the next, or be another program's.
pub(crate) async fn reach(options: &PgConnectOptions) -> Result<(), EngineError> {
    let reached = connect::in_time(async {
        let mut first = PgConnection::connect_with(options).await?;
        prepare(&mut first).await?;
        // Each connection counts its statements from one on.
        if let Some(mut second) = another(options).await? {
            prepare(&mut second).await?;
            second.close().await?;
        }
        first.close().await
    });
    reached.await.map_err(|error| sql::error("connect to", address(options), error))
}

/// Has the server prepare a statement, and runs it in a transaction of its own.
async fn prepare(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT $1::int4").bind(1).execute(connection).await.map(drop)
}

/// A second connection, where the server has one to spare.
async fn another(options: &PgConnectOptions) -> sqlx::Result<Option<PgConnection>> {
    const TOO_MANY_CONNECTIONS: &str = "53300";
    match PgConnection::connect_with(options).await {
        Err(sqlx::Error::Database(error))
            if error.code().is_some_and(|code| code == TOO_MANY_CONNECTIONS) =>
        {
            Ok(None)
        }
        connection => connection.map(Some),
    }
}
