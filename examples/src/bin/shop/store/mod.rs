//! Where orders and jobs are kept: one database, which is SQLite's or PostgreSQL's.
//!
//! The two differ in their tables and in the connection that statements go through, and in nothing that
//! the rest of the shop can see.

mod connection;
mod given_up;
mod jobs;
mod open;
mod queries;

use airlock::Scope;
use airlock::sqlx::Database;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};

pub(crate) use connection::{Connection, Reader};
pub(crate) use given_up::GivenUp;
pub(crate) use jobs::Jobs;

use crate::error::ShopError;

/// The database, and the queue in it.
#[derive(Clone)]
pub(crate) struct Store {
    data: Data,
    jobs: Jobs,
}

/// The database.
#[derive(Clone)]
enum Data {
    Sqlite(Database<Sqlite>),
    Postgres(Database<Postgres>),
}

impl Store {
    /// Runs `body` in a transaction that is a scope; what it enqueues is in the queue with the commit.
    pub(crate) async fn transaction<T: Send + 'static>(
        &self,
        scope: impl Fn() -> Scope + Send + Sync + 'static,
        body: impl AsyncFnOnce(&mut Connection<'_>) -> Result<T, ShopError>,
    ) -> Result<T, ShopError> {
        match &self.data {
            Data::Sqlite(database) => {
                let body =
                    async |tx: &mut SqliteConnection| body(&mut Connection::Sqlite(tx)).await;
                database.clone().scope(scope).transaction(body).await
            }
            Data::Postgres(database) => {
                let body = async |tx: &mut PgConnection| body(&mut Connection::Postgres(tx)).await;
                database.clone().scope(scope).transaction(body).await
            }
        }
    }

    /// A connection to look at what is committed.
    pub(crate) async fn acquire(&self) -> Result<Reader, sqlx::Error> {
        match &self.data {
            Data::Sqlite(database) => database.pool().acquire().await.map(Reader::Sqlite),
            Data::Postgres(database) => database.pool().acquire().await.map(Reader::Postgres),
        }
    }

    /// The queue, for a worker.
    pub(crate) fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// What workers have given up.
    pub(crate) async fn given_up(&self) -> Result<Vec<GivenUp>, ShopError> {
        let letters =
            self.jobs.dead_letters().await.map_err(|error| ShopError::Queue(error.into()))?;
        Ok(letters.iter().filter_map(GivenUp::of).collect())
    }

    /// Lets go of the database, once nothing runs any more.
    pub(crate) async fn close(&self) {
        match &self.data {
            Data::Sqlite(database) => database.pool().close().await,
            Data::Postgres(database) => database.pool().close().await,
        }
    }
}
