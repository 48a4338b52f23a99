use std::sync::Arc;
use std::time::Duration;

use airlock::BoxError;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

struct Row {
    task: &'static str,
    json: String,
    queue: Option<String>,
    delay: Option<Duration>,
    max_attempts: Option<u32>,
}

async fn insert_all(connection: &mut SqliteConnection, rows: Vec<Row>) -> Result<(), sqlx::Error> {
    let mut insert =
        QueryBuilder::<Sqlite>::new("INSERT INTO outbox (task, json, queue, delay, max_attempts) ");
    insert.push_values(rows, |mut values, row| {
        let delay = row.delay.map(|delay| delay.as_secs_f64());
        values.push_bind(row.task).push_bind(row.json).push_bind(row.queue);
        values.push_bind(delay).push_bind(row.max_attempts);
    });
    insert.build().execute(connection).await.map(drop)
}

#[airlock::task(name = "send_mail", queue = "mails")]
fn send_mail(order_id: i64) {
    unreachable!("the outbox's worker runs it: {order_id}");
}

// the block

async fn insert_order(tx: &mut SqliteConnection, order: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO orders VALUES (?1)").bind(order).execute(tx).await.map(drop)
}

async fn orders(pool: &SqlitePool) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM orders ORDER BY id").fetch_all(pool).await
}

async fn mails(pool: &SqlitePool) -> Result<Vec<String>, sqlx::Error> {
    let rows =
        "SELECT concat_ws(' ', task, json, queue, delay, max_attempts) FROM outbox ORDER BY id";
    sqlx::query_scalar(rows).fetch_all(pool).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await?;
    for table in [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY, task TEXT, json TEXT, queue TEXT, delay REAL, max_attempts INTEGER)",
    ] {
        sqlx::query(table).execute(&pool).await?;
    }
    let outbox = Arc::new(Outbox { pool: pool.clone() });

    // An executor, outside any transaction.
    let scope = airlock::scope().executor(Arc::clone(&outbox));
    let flushed = scope.run_async(async {
        send_mail::enqueue(1)?;
        send_mail::intent(2).delay(Duration::from_secs(60)).max_attempts(3).enqueue()
    });
    flushed.await??;
    let first = [r#"send_mail {"order_id":1} mails"#, r#"send_mail {"order_id":2} mails 60.0 3"#];
    assert_eq!(mails(&pool).await?, first);

    // A queue: an order is there with its mail, or neither is.
    let database = airlock::sqlx::Database::new(pool.clone()).queue(Outbox { pool: pool.clone() });
    let committed = database.transaction(async |tx: &mut SqliteConnection| {
        send_mail::enqueue(3)?;
        insert_order(tx, 3).await?;
        Ok::<_, BoxError>(())
    });
    committed.await?;
    let rolled_back = database.transaction(async |tx: &mut SqliteConnection| {
        send_mail::enqueue(4)?;
        insert_order(tx, 4).await?;
        Err::<(), BoxError>("out of stock".into())
    });
    assert_eq!(rolled_back.await.unwrap_err().to_string(), "out of stock");
    let refused = database.transaction(async |tx: &mut SqliteConnection| {
        send_mail::intent(5).priority(9).enqueue()?;
        insert_order(tx, 5).await?;
        Ok::<_, BoxError>(())
    });
    let error = refused.await.unwrap_err().to_string();
    assert!(error.contains("Outbox"), "{error}");
    assert_eq!(orders(&pool).await?, [3]);
    assert_eq!(mails(&pool).await?[2..], [r#"send_mail {"order_id":3} mails"#]);
    Ok(())
}
