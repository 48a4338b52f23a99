//! Rows are written through the transaction's connection, of an older version, and a worker runs them through its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, process};

use airlock::graphile::Graphile;
use airlock::transaction::Queue;
use airlock::worker::Source;
use airlock::{BoxError, EnqueueError, apalis, tasks};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[airlock::task(name = "older_versions.send_mail")]
fn send_mail(#[state] sent: &UnboundedSender<i64>, order_id: i64) {
    sent.send(order_id).expect("the test receives");
}

/// Its jobs in the order in which they run.
const APALIS_JOBS: &str = "SELECT (convert_from(job, 'UTF8')::json -> 'arguments' ->> 'order_id')::int8 \
                           FROM apalis.jobs ORDER BY run_at, id";
const GRAPHILE_JOBS: &str = "SELECT (payload -> 'arguments' ->> 'order_id')::int8 \
                             FROM graphile_worker._private_jobs ORDER BY run_at, id";

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn sqlx_writes_rows_of_apalis() {
    let shop = Shop::open().await;
    let jobs = shop.apalis().await;
    through_sqlx(&shop, jobs.clone()).await;
    shop.has_what_was_committed(APALIS_JOBS).await;
    assert_eq!(two_that_run(jobs).await, [10, 11]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn sqlx_writes_rows_of_graphile() {
    let shop = Shop::open().await;
    let jobs = shop.graphile().await;
    through_sqlx(&shop, jobs.clone()).await;
    shop.has_what_was_committed(GRAPHILE_JOBS).await;
    assert_eq!(two_that_run(jobs).await, [10, 11]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn sea_orm_writes_rows_of_apalis() {
    let shop = Shop::open().await;
    let jobs = shop.apalis().await;
    through_sea_orm(&shop, jobs.clone()).await;
    shop.has_what_was_committed(APALIS_JOBS).await;
    assert_eq!(two_that_run(jobs).await, [10, 11]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn sea_orm_writes_rows_of_graphile() {
    let shop = Shop::open().await;
    let jobs = shop.graphile().await;
    through_sea_orm(&shop, jobs.clone()).await;
    shop.has_what_was_committed(GRAPHILE_JOBS).await;
    assert_eq!(two_that_run(jobs).await, [10, 11]);
}

/// One is committed, one rolled back, and one can't be committed.
async fn through_sqlx(shop: &Shop, jobs: impl Queue<PgConnection>) {
    async fn place(tx: &mut PgConnection, order: i64) -> Result<(), BoxError> {
        sqlx::query("INSERT INTO orders VALUES ($1)").bind(order).execute(tx).await?;
        Ok(mails(order)?)
    }

    let database = airlock::sqlx::Database::new(shop.pool.clone()).queue(jobs);
    let placed = database.transaction(async |tx: &mut PgConnection| place(tx, 10).await);
    placed.await.expect("committed");
    let refused = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 20).await?;
        Err::<(), BoxError>("out of stock".into())
    });
    assert_eq!(refused.await.expect_err("rolled back").to_string(), "out of stock");
    let swallowed = database.transaction(async |tx: &mut PgConnection| {
        mails(30)?;
        place(tx, 10).await.expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    is_aborted(&swallowed.await.expect_err("an error was swallowed"));
}

async fn through_sea_orm(shop: &Shop, jobs: impl Queue<DatabaseTransaction>) {
    async fn place(tx: &DatabaseTransaction, order: i64) -> Result<(), BoxError> {
        tx.execute_unprepared(&format!("INSERT INTO orders VALUES ({order})")).await?;
        Ok(mails(order)?)
    }

    let connection = sea_orm::Database::connect(&shop.url).await.expect("connected");
    let database = airlock::sea_orm::Database::new(connection).queue(jobs);
    let placed = database.transaction(async |tx: &DatabaseTransaction| place(tx, 10).await);
    placed.await.expect("committed");
    let refused = database.transaction(async |tx: &DatabaseTransaction| {
        place(tx, 20).await?;
        Err::<(), BoxError>("out of stock".into())
    });
    assert_eq!(refused.await.expect_err("rolled back").to_string(), "out of stock");
    let swallowed = database.transaction(async |tx: &DatabaseTransaction| {
        mails(30)?;
        place(tx, 10).await.expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    is_aborted(&swallowed.await.expect_err("an error was swallowed"));
}

/// Three, of which two have one key.
fn mails(order: i64) -> Result<(), EnqueueError> {
    send_mail::enqueue(order)?;
    let digest = || format!("digest {order}");
    send_mail::intent(order + 1).unique_key(digest()).enqueue()?;
    send_mail::intent(order + 2).unique_key(digest()).enqueue()
}

fn is_aborted(error: &BoxError) {
    let text = error.to_string();
    assert!(text.contains("current transaction is aborted"), "{text}");
}

async fn two_that_run(jobs: impl Source) -> Vec<i64> {
    let (sent, mut received) = unbounded_channel::<i64>();
    let worker =
        airlock::worker().state(sent).serving(tasks![send_mail]).build().expect("a worker");
    let mut ran = Vec::new();
    let both = async {
        while ran.len() < 2 {
            ran.extend(received.recv().await)
        }
    };
    let served = tokio::time::timeout(Duration::from_secs(60), worker.run(jobs, both)).await;
    served.expect("both run").expect("served");
    ran.sort_unstable();
    ran
}

/// A database of its own, on the server that the environment names.
struct Shop {
    url: String,
    pool: PgPool,
}

impl Shop {
    async fn open() -> Self {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let server = env::var("AIRLOCK_POSTGRES_URL").expect("tests/live.sh starts a server");
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let name = format!("older_versions_{}_{number}", process::id());
        let mut connection = PgConnection::connect(&server).await.expect("connected");
        let create = format!("CREATE DATABASE {name}");
        sqlx::query(&create).execute(&mut connection).await.expect("a database");
        let (before, _) = server.rsplit_once('/').expect("a URL with a database");
        let url = format!("{before}/{name}");
        let pool = PgPool::connect(&url).await.expect("connected");
        let table = sqlx::query("CREATE TABLE orders (id int8 PRIMARY KEY)");
        table.execute(&pool).await.expect("a table");
        Self { url, pool }
    }

    async fn apalis(&self) -> apalis::Postgres {
        let jobs = apalis::Postgres::connect(&self.url).await.expect("connected");
        jobs.setup().await.expect("tables");
        jobs
    }

    async fn graphile(&self) -> Graphile {
        let jobs = Graphile::connect(&self.url).await.expect("connected");
        jobs.setup().await.expect("tables");
        jobs
    }

    async fn has_what_was_committed(&self, jobs: &str) {
        assert_eq!(self.numbers("SELECT id FROM orders ORDER BY id").await, [10]);
        assert_eq!(self.numbers(jobs).await, [10, 11]);
    }

    async fn numbers(&self, query: &str) -> Vec<i64> {
        sqlx::query_scalar(query).fetch_all(&self.pool).await.expect("rows")
    }
}
