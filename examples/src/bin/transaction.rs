//! `sqlx`: a transaction that is a scope, and effects that are rows of it.

use airlock::sqlx::{Database, transaction};
use airlock::{BoxError, apalis};
use sqlx::{SqliteConnection, SqlitePool};

#[airlock::task(name = "mail.confirmation")]
fn send_mail(order_id: i64) {
    println!("a mail about order {order_id}");
}

async fn place(tx: &mut SqliteConnection, in_stock: bool) -> Result<i64, BoxError> {
    let order = sqlx::query_scalar("INSERT INTO orders DEFAULT VALUES RETURNING id");
    let order = order.fetch_one(tx).await?;
    send_mail::enqueue(order)?;
    if in_stock { Ok(order) } else { Err("out of stock".into()) }
}

async fn count(pool: &SqlitePool, what: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(what).fetch_one(pool).await
}

const ORDERS: &str = "SELECT count(*) FROM orders";
const JOBS: &str = "SELECT count(*) FROM Jobs";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let jobs = apalis::Sqlite::connect("sqlite::memory:").await?;
    jobs.setup().await?;
    let pool = jobs.pool().clone();
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(&pool).await?;

    // Committed: the mail leaves afterwards.
    transaction(&pool, async |tx: &mut SqliteConnection| place(tx, true).await).await?;
    // Rolled back: no order, no mail.
    let failed = transaction(&pool, async |tx: &mut SqliteConnection| place(tx, false).await);
    assert_eq!(failed.await.expect_err("rolled back").to_string(), "out of stock");
    assert_eq!((count(&pool, ORDERS).await?, count(&pool, JOBS).await?), (1, 0));

    // The mail is a row of the transaction, so that no crash can part it from the order.
    let database = Database::new(pool.clone()).queue(jobs);
    database.transaction(async |tx: &mut SqliteConnection| place(tx, true).await).await?;
    let failed = database.transaction(async |tx: &mut SqliteConnection| place(tx, false).await);
    failed.await.expect_err("rolled back");
    let (orders, queued) = (count(&pool, ORDERS).await?, count(&pool, JOBS).await?);
    println!("{orders} orders, {queued} mail in the queue");
    assert_eq!((orders, queued), (2, 1));
    Ok(())
}
