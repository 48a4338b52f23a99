//! The domain: orders, and the stock that they are taken from.

use sqlx::SqliteConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::{Error, Order};

/// Opens the service's file, with ten teapots in stock and no lamps.
pub async fn open(file: &std::path::Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    for statement in [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)",
        "CREATE TABLE stock (item TEXT PRIMARY KEY, count INTEGER NOT NULL)",
        "CREATE TABLE background_jobs (id INTEGER PRIMARY KEY, job_type TEXT NOT NULL, data TEXT NOT NULL)",
        "INSERT INTO stock VALUES ('teapot', 10), ('lamp', 0)",
    ] {
        sqlx::query(statement).execute(&pool).await?;
    }
    Ok(pool)
}

pub async fn place(tx: &mut SqliteConnection, order: &Order) -> Result<i64, Error> {
    let insert = sqlx::query_scalar("INSERT INTO orders (item) VALUES (?1) RETURNING id");
    Ok(insert.bind(&order.item).fetch_one(tx).await?)
}

pub async fn reserve(tx: &mut SqliteConnection, order: &Order) -> Result<(), Error> {
    let update = sqlx::query("UPDATE stock SET count = count - 1 WHERE item = ?1 AND count > 0");
    match update.bind(&order.item).execute(tx).await?.rows_affected() {
        0 => Err(Error::OutOfStock),
        _ => Ok(()),
    }
}
