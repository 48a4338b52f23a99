use airlock::BoxError;
use sqlx::{SqliteConnection, SqlitePool};

#[airlock::task(name = "mail.confirmation")]
fn send_mail(order_id: i64) {
    println!("a mail about order {order_id}");
}

async fn insert_order(tx: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let order = sqlx::query_scalar("INSERT INTO orders DEFAULT VALUES RETURNING id");
    order.fetch_one(tx).await
}

async fn shop() -> Result<SqlitePool, BoxError> {
    let pool = SqlitePool::connect("sqlite::memory:").await?;
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(&pool).await?;
    Ok(pool)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (pool, stock_pool) = (shop().await?, shop().await?);
// the block
    drop((pool, stock_pool));
    Ok(())
}
