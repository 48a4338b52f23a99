//! The file: how it is opened, and how far its commits wait for the disk.

use std::str::FromStr;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};

use crate::core::task::called::BoxError;
use crate::engines::apalis::Sqlite;
use crate::engines::shared::connect_timeout::CONNECT_TIMEOUT;
use crate::transactions::sqlx::clean_connection;

/// How long to wait while others hold the file's lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait before a locked file is opened again.
const REOPEN_DELAY: Duration = Duration::from_millis(10);

const FULL: &str = "PRAGMA synchronous = FULL";
const NORMAL: &str = "PRAGMA synchronous = NORMAL";

pub(super) async fn open(url: &str) -> Result<SqlitePool, BoxError> {
    if let Ok(pool) = ::tokio::time::timeout(CONNECT_TIMEOUT, open_unlocked(url)).await {
        return Ok(pool?);
    }
    let seconds = CONNECT_TIMEOUT.as_secs();
    let locked = format!("another connection has held its lock for {seconds} s");
    Err(format!("{locked}: end that transaction, or open the file later").into())
}

/// Waits until nobody holds the lock that opening needs.
async fn open_unlocked(url: &str) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Another process may be writing, of which a bulk flush takes the longest.
        .busy_timeout(LOCK_TIMEOUT);
    // A database in memory is gone with its connection, so the connection is never closed.
    let pool_options = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection, _| {
            Box::pin(async { set_synchronous(connection, FULL).await.map(|()| true) })
        });
    // SQLite's `busy_timeout` does not cover the turn of a new file to WAL.
    loop {
        match pool_options.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) => {
                ::tokio::time::sleep(REOPEN_DELAY).await;
            }
            pool => return pool,
        }
    }
}

impl Sqlite {
    /// A connection whose commits a loss of power may undo.
    pub(super) async fn acquire_relaxed(&self) -> sqlx::Result<PoolConnection<sqlx::Sqlite>> {
        let mut connection = clean_connection::acquire(&self.pool).await?;
        if self.owned {
            set_synchronous(&mut connection, NORMAL).await?;
        }
        Ok(connection)
    }
}

async fn set_synchronous(
    connection: &mut SqliteConnection,
    pragma: &'static str,
) -> sqlx::Result<()> {
    sqlx::query(pragma).execute(connection).await.map(drop)
}

/// Whether another connection holds the file's lock, which is in the low byte of SQLite's codes.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: u32 = 5;
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == BUSY)
}
