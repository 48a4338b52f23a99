//! On PostgreSQL, with each of the queues that can be in it.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::runtime;

use super::suite::{Place, Row};
use crate::{servers, unique};

/// A database of its own, and a folder for the mails.
struct Database {
    url: String,
    queue: &'static str,
    directory: TempDir,
}

impl Database {
    fn apalis() -> Self {
        Self::new("apalis")
    }

    fn graphile() -> Self {
        Self::new("graphile")
    }

    fn new(queue: &'static str) -> Self {
        let server = servers::given("AIRLOCK_POSTGRES_URL");
        let name = unique::name("shop");
        on(&server, async |connection| {
            let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
            sqlx::query(create).execute(connection).await.map(drop)
        });
        let (server, _) = server.rsplit_once('/').expect("it names a database");
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        Self { url: format!("{server}/{name}"), queue, directory }
    }
}

impl Place for Database {
    fn program(&self) -> PathBuf {
        super::program()
    }

    fn data(&self) -> &Path {
        self.directory.path()
    }

    fn arguments(&self) -> Vec<String> {
        ["--database", &self.url, "--queue", self.queue].map(str::to_owned).into()
    }

    fn orders(&self) -> Vec<Row> {
        let rows: Vec<(i64, String, String, i64)> = on(&self.url, async |connection| {
            let select = sqlx::query_as(Row::SELECT);
            select.fetch_all(connection).await
        });
        rows.into_iter()
            .map(|(id, email, state, records)| Row { id, email, state, records })
            .collect()
    }

    fn jobs_left(&self) -> i64 {
        let left = match self.queue {
            "graphile" => "SELECT count(*) FROM graphile_worker._private_jobs",
            _ => "SELECT count(*) FROM apalis.jobs WHERE status <> 'Done'",
        };
        on(&self.url, async |connection| sqlx::query_scalar(left).fetch_one(connection).await)
    }
}

/// Asks the database something, on a connection of its own.
fn on<T>(url: &str, ask: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>) -> T {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.expect("the server runs");
        let answer = ask(&mut connection).await.expect("it answers");
        connection.close().await.expect("nobody is in the way");
        answer
    })
}

mod apalis {
    crate::shop::suite::suite! { super::Database::apalis, #[ignore = "needs servers: run tests/live.sh"] }
}

mod graphile {
    crate::shop::suite::suite! { super::Database::graphile, #[ignore = "needs servers: run tests/live.sh"] }
}
