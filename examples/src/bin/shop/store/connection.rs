//! A connection of either database.

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};

/// A connection to one of the databases; [its queries](super::queries) are the same for both.
pub(crate) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A connection of the pool, outside a transaction.
pub(crate) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

/// Runs what is written once on the connection of whichever database it is.
macro_rules! on {
    ($connection:expr, $inner:ident => $run:expr) => {
        match $connection {
            Connection::Sqlite($inner) => $run,
            Connection::Postgres($inner) => $run,
        }
    };
}

pub(super) use on;
