//! A shop in a database of its own.

use std::sync::{Arc, Mutex};

use airlock::graphile::Graphile;
use airlock::sqlx::Database;
use airlock::{Scope, apalis};
use airlock_transactions::placing::send_mail;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Postgres};

use crate::{servers, unique};

pub(super) struct Shop {
    pub(super) url: String,
    pub(super) pool: PgPool,
    fates: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    /// On the server that all tests share.
    pub(super) async fn open() -> Self {
        Self::on(&servers::postgres_url()).await
    }

    pub(super) async fn on(server: &str) -> Self {
        let name = unique::name("shop");
        let mut connection = PgConnection::connect(server).await.expect("connected");
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&mut connection).await.expect("a database");
        let (before, _) = server.rsplit_once('/').expect("a URL with a database");
        let url = format!("{before}/{name}");
        let pool = PgPool::connect(&url).await.expect("connected");
        sqlx::query("CREATE TABLE orders (id int8 PRIMARY KEY)")
            .execute(&pool)
            .await
            .expect("a table");
        Self { url, pool, fates: Arc::default() }
    }

    /// Through another address, such as a proxy's.
    pub(super) async fn database_at(&self, url: &str) -> Database<Postgres> {
        Database::new(PgPool::connect(url).await.expect("connected")).scope(self.scope())
    }

    /// Makes scopes whose effects leave for nowhere, and notes what became of them.
    pub(super) fn scope(&self) -> impl Fn() -> Scope + Send + Sync + 'static {
        let fates = Arc::clone(&self.fates);
        move || {
            let fates = Arc::clone(&fates);
            airlock::scope().executor(|_| Ok::<_, std::io::Error>(())).on_report(move |report| {
                let told = report.entries().iter().map(|entry| entry.fate().to_string());
                fates.lock().expect("unpoisoned").extend(told);
            })
        }
    }

    pub(super) async fn database(&self) -> Database<Postgres> {
        self.database_at(&self.url).await
    }

    pub(super) async fn apalis(&self) -> apalis::Postgres {
        let jobs = apalis::Postgres::new(self.pool.clone());
        jobs.setup().await.expect("tables");
        jobs
    }

    pub(super) async fn graphile(&self) -> Graphile {
        let jobs = Graphile::new(self.pool.clone());
        jobs.setup().await.expect("tables");
        jobs
    }

    pub(super) async fn orders(&self) -> Vec<i64> {
        let orders = sqlx::query_scalar("SELECT id FROM orders ORDER BY id");
        orders.fetch_all(&self.pool).await.expect("orders")
    }

    /// The orders for which there is a job of apalis, in the order in which they run.
    pub(super) async fn apalis_jobs(&self) -> Vec<i64> {
        self.jobs("convert_from(job, 'UTF8')::json", "apalis.jobs").await
    }

    /// The same of Graphile Worker.
    pub(super) async fn graphile_jobs(&self) -> Vec<i64> {
        self.jobs("payload", "graphile_worker._private_jobs").await
    }

    async fn jobs(&self, job: &str, table: &str) -> Vec<i64> {
        let jobs = format!(
            "SELECT ({job} -> 'arguments' ->> 'order_id')::int8 FROM {table} ORDER BY run_at, id"
        );
        sqlx::query_scalar(AssertSqlSafe(jobs)).fetch_all(&self.pool).await.expect("jobs")
    }

    pub(super) fn fates(&self) -> Vec<String> {
        self.fates.lock().expect("unpoisoned").clone()
    }
}

pub(super) async fn insert(tx: &mut PgConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO orders (id) VALUES ($1)").bind(id).execute(tx).await.map(drop)
}

/// An order with its mail.
pub(super) async fn place(tx: &mut PgConnection, id: i64) -> Result<i64, airlock::BoxError> {
    insert(tx, id).await?;
    send_mail::enqueue(id)?;
    Ok(id)
}
