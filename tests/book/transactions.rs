use airlock::{BoxError, apalis};
use sqlx::{SqliteConnection, SqlitePool};

#[airlock::task(name = "mail.confirmation")]
fn send_mail(order_id: i64) {
    println!("a mail about order {order_id}");
}

async fn insert_order(tx: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let order = sqlx::query_scalar("INSERT INTO orders DEFAULT VALUES RETURNING id");
    order.fetch_one(tx).await
}

async fn pay(_tx: &mut SqliteConnection, order: i64) -> Result<(), BoxError> {
    if order % 2 == 0 { Ok(()) } else { Err("the card was refused".into()) }
}

async fn shop() -> Result<(SqlitePool, apalis::Sqlite), BoxError> {
    let jobs = apalis::Sqlite::connect("sqlite::memory:").await?;
    jobs.setup().await?;
    let pool = jobs.pool().clone();
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(&pool).await?;
    Ok((pool, jobs))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (pool, jobs) = shop().await?;
// the block
    drop((pool, jobs));
    Ok(())
}
