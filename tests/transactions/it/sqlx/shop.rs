//! A shop in a SQLite file.

use airlock::apalis;
use airlock_transactions::driver;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions};
use tempfile::TempDir;

use crate::support::{Mails, Reports, ShopError};

pub(crate) struct Shop {
    pub(crate) pool: SqlitePool,
    pub(crate) mails: Mails,
    pub(crate) reports: Reports,
    folder: TempDir,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("shop.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(std::time::Duration::from_millis(300))
            .connect_with(options)
            .await
            .expect("a file");
        let orders = "CREATE TABLE orders (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES orders \
                      DEFERRABLE INITIALLY DEFERRED)";
        sqlx::query(orders).execute(&pool).await.expect("a table");
        Self { pool, mails: Mails::new(), reports: Reports::default(), folder }
    }

    /// The same with a queue in the file.
    pub(crate) async fn with_queue() -> (Self, airlock::sqlx::Database<sqlx::Sqlite>) {
        let shop = Self::open().await;
        let jobs = shop.jobs_queue().await;
        let database = shop.database().queue(jobs);
        (shop, database)
    }

    /// Where the file is, for other libraries.
    pub(crate) fn path(&self) -> String {
        self.folder.path().join("shop.db").to_str().expect("a path in UTF-8").to_owned()
    }

    /// A queue in the file, which has no tables yet.
    pub(crate) async fn unset_queue(&self) -> apalis::Sqlite {
        driver::sqlite(&self.pool, &format!("sqlite:{}", self.path())).await
    }

    /// A queue in the file.
    pub(crate) async fn jobs_queue(&self) -> apalis::Sqlite {
        let jobs = self.unset_queue().await;
        jobs.setup().await.expect("tables");
        jobs
    }

    pub(crate) fn database(&self) -> airlock::sqlx::Database<sqlx::Sqlite> {
        let reports = self.reports.clone();
        airlock::sqlx::Database::new(self.pool.clone()).scope(move || reports.scope())
    }

    pub(crate) async fn orders(&self) -> Vec<i64> {
        let orders = sqlx::query_scalar("SELECT id FROM orders ORDER BY id");
        orders.fetch_all(&self.pool).await.expect("orders")
    }

    /// The orders for which there is a job in the file, in the order in which the jobs run.
    pub(crate) async fn jobs(&self) -> Vec<i64> {
        let jobs =
            "SELECT CAST(job AS TEXT) ->> '$.arguments.order_id' FROM Jobs ORDER BY run_at, id";
        sqlx::query_scalar(jobs).fetch_all(&self.pool).await.expect("jobs")
    }
}

pub(crate) async fn insert(tx: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO orders (id) VALUES (?1)").bind(id).execute(tx).await.map(drop)
}

/// One that is refused at the commit.
pub(crate) async fn insert_orphan(tx: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    let insert = sqlx::query("INSERT INTO orders (id, parent) VALUES (?1, -1)");
    insert.bind(id).execute(tx).await.map(drop)
}

/// An order with its mail.
pub(crate) async fn place(
    tx: &mut SqliteConnection,
    mails: Mails,
    id: i64,
) -> Result<i64, ShopError> {
    insert(tx, id).await?;
    mails.enqueue(id)?;
    Ok(id)
}

/// As if nothing had been written yet.
pub(crate) async fn clear(shop: &Shop) {
    sqlx::query("DELETE FROM orders").execute(&shop.pool).await.expect("no orders");
}
