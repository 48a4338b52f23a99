//! Places orders, each in a transaction whose effects are rows of it, and kills itself where the
//! environment says so. It is what the tests of crashes start.

use std::process::{self, Command};
use std::{env, thread};

use airlock::sqlx::{Backend, Database};
use airlock::transaction::Queue;
use airlock::{Batch, BoxError, DispatchError};
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};

use crate::driver;

/// The places where the program can be told to kill itself, in the order in which it comes by.
pub const STEPS: [&str; 8] = [
    "before begin",
    "after begin",
    "after insert",
    "after enqueue",
    "before push",
    "after push",
    "after commit",
    "at the end",
];

/// Where it kills itself: one of [`STEPS`].
pub const STOP: &str = "AIRLOCK_STOP_AT";

/// The mail of an order.
#[airlock::task]
pub fn send_mail(order_id: i64) {
    println!("mail for {order_id}");
}

/// Places orders from the second argument on, as many as the third says, in the database of the first;
/// the fourth is the kind of queue.
///
/// # Errors
///
/// Where the database can't be reached, or refuses.
pub async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, first, count, queue] = &arguments[..] else {
        return Err("write: placing URL FIRST COUNT QUEUE".into());
    };
    let orders = first.parse()?..first.parse::<i64>()? + count.parse::<i64>()?;
    if url.starts_with("sqlite:") {
        let pool = SqlitePool::connect(url).await?;
        let jobs = Stopping(driver::sqlite(&pool, url).await);
        let database = Database::new(pool).begin_with("BEGIN IMMEDIATE").queue(jobs);
        let insert = async |tx: &mut SqliteConnection, order: i64| {
            let insert = sqlx::query("INSERT INTO orders (id) VALUES (?1)").bind(order);
            insert.execute(tx).await.map(drop)
        };
        return place(&database, orders, insert).await;
    }
    let pool = PgPool::connect(url).await?;
    let database = Database::new(pool.clone());
    let database = match &**queue {
        "graphile" => database.queue(Stopping(driver::graphile(&pool, url).await)),
        _ => database.queue(Stopping(driver::postgres(&pool, url).await)),
    };
    let insert = async |tx: &mut PgConnection, order: i64| {
        let insert = sqlx::query("INSERT INTO orders (id) VALUES ($1)").bind(order);
        insert.execute(tx).await.map(drop)
    };
    place(&database, orders, insert).await
}

async fn place<DB: Backend>(
    database: &Database<DB>,
    orders: std::ops::Range<i64>,
    insert: impl AsyncFn(&mut DB::Connection, i64) -> Result<(), sqlx::Error>,
) -> Result<(), BoxError> {
    for order in orders {
        stop("before begin");
        let placed = database.transaction(async |tx: &mut DB::Connection| {
            stop("after begin");
            insert(tx, order).await?;
            stop("after insert");
            send_mail::enqueue(order)?;
            stop("after enqueue");
            Ok::<_, BoxError>(())
        });
        placed.await?;
        stop("at the end");
    }
    Ok(())
}

/// A queue that stops before it writes, afterwards, and after the commit.
struct Stopping<Q>(Q);

impl<C: Send, Q: Queue<C>> Queue<C> for Stopping<Q> {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        stop("before push");
        self.0.push(connection, batch).await?;
        stop("after push");
        Ok(())
    }

    fn committed(&self) {
        stop("after commit");
        self.0.committed();
    }
}

/// Kills this process as `kill -9` does, where it has been told to stop here.
fn stop(step: &str) {
    if env::var(STOP).is_ok_and(|at| at == step) {
        let killed = Command::new("kill").args(["-9", &process::id().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()), "there is `kill`");
        thread::park();
    }
}
