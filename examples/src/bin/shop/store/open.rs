//! Opening the database that the command line asks for.

use std::path::Path;
use std::time::Duration;

use airlock::graphile::Graphile;
use airlock::sqlx::Database;
use airlock::{BoxError, apalis};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, Executor, PgConnection, PgPool};

use super::jobs::QUEUE;
use super::{Data, Jobs, Store};
use crate::cli::{Cli, Queue};
use crate::crash;

impl Store {
    /// Opens the database; a SQLite file is made where there is none.
    pub(crate) async fn open(cli: &Cli) -> Result<Self, BoxError> {
        match (&cli.database, cli.queue) {
            (None, Queue::Apalis) => Self::sqlite(&cli.data).await,
            (None, Queue::Graphile) => {
                let why =
                    "Graphile Worker's tables are in PostgreSQL: add `--database postgres://…`";
                Err(why.into())
            }
            (Some(url), queue) => Self::postgres(url, queue).await,
        }
    }

    /// The same of one that the shop has been in.
    pub(crate) async fn open_existing(cli: &Cli) -> Result<Self, BoxError> {
        let missing = |place: &str| {
            format!("the shop has no tables in {place}: start `shop` there once, which makes them")
        };
        let file = file(&cli.data);
        if cli.database.is_none() && !file.exists() {
            return Err(missing(&file.display().to_string()).into());
        }
        let store = Self::open(cli).await?;
        if let Err(error) = store.acquire().await?.connection().count_orders().await {
            let place =
                cli.database.as_ref().map_or_else(|| file.display().to_string(), |url| place(url));
            return Err(format!("{} ({error})", missing(&place)).into());
        }
        Ok(store)
    }

    /// Makes the tables that are not there yet.
    pub(crate) async fn set_up(&self) -> Result<(), BoxError> {
        // Several may start at once.
        match &self.data {
            Data::Sqlite(database) => {
                let mut tx = database.pool().begin_with("BEGIN IMMEDIATE").await?;
                tx.execute(include_str!("sqlite.sql")).await?;
                tx.execute(include_str!("both.sql")).await?;
                tx.commit().await?;
            }
            Data::Postgres(database) => {
                let mut tx = database.pool().begin().await?;
                tx.execute("SELECT pg_advisory_xact_lock(hashtext('airlock shop'))").await?;
                tx.execute(include_str!("postgres.sql")).await?;
                tx.execute(include_str!("both.sql")).await?;
                tx.commit().await?;
            }
        }
        self.jobs.set_up().await
    }

    /// Orders and jobs in one file. A transaction waits for its turn to write before it begins.
    async fn sqlite(folder: &Path) -> Result<Self, BoxError> {
        let unusable = |error| format!("{} can't be made: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let jobs = apalis::Sqlite::connect(&url(&file(folder))).await?.queue(QUEUE);
        let database = Database::new(jobs.pool().clone()).begin_with("BEGIN IMMEDIATE");
        let data = Data::Sqlite(database.queue(crash::Steps(jobs.clone())));
        Ok(Self { data, jobs: Jobs::Sqlite(jobs) })
    }

    async fn postgres(url: &str, queue: Queue) -> Result<Self, BoxError> {
        let pool = pool(url).await?;
        let database = Database::new(pool.clone());
        let (database, jobs) = match queue {
            Queue::Apalis => {
                let jobs = apalis::Postgres::new(pool).queue(QUEUE);
                (database.queue(crash::Steps(jobs.clone())), Jobs::Postgres(jobs))
            }
            Queue::Graphile => {
                let jobs = Graphile::new(pool).queue(QUEUE);
                (database.queue(crash::Steps(jobs.clone())), Jobs::Graphile(jobs))
            }
        };
        Ok(Self { data: Data::Postgres(database), jobs })
    }
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("shop.db")
}

/// The file's URL, in which these characters mean something else.
fn url(file: &Path) -> String {
    let file = file.display().to_string();
    format!("sqlite://{}", file.replace('%', "%25").replace('?', "%3F").replace('#', "%23"))
}

async fn pool(url: &str) -> Result<PgPool, BoxError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        let known = "write postgres://user@host/database, or nothing for a SQLite file";
        return Err(format!("{} is no database of the shop's: {known}", place(url)).into());
    }
    let options: PgConnectOptions =
        url.parse().map_err(|error| format!("{} can't be read: {error}", place(url)))?;
    // A pool would try for long, and say only that it did.
    let first = PgConnection::connect_with(&options).await;
    first.map_err(|error| format!("{} can't be reached: {error}", place(url)))?.close().await?;
    let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(Duration::from_secs(5));
    Ok(pool.connect_lazy_with(options))
}

/// A URL as it may be printed: without a password, which may also be in its query. Of what is no URL
/// nobody knows where one would be.
fn place(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "the text given".to_owned() };
    let rest = rest.split('?').next().unwrap_or(rest);
    match rest.rsplit_once('@') {
        None => format!("{scheme}://{rest}"),
        Some((user, place)) => {
            format!("{scheme}://{}@{place}", user.split(':').next().unwrap_or_default())
        }
    }
}
