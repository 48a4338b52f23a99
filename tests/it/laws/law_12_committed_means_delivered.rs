//! Law 12: **Committed means delivered.** With an outbox, an effect of a committed transaction reaches its
//! executor at least once, whichever executor that is and whatever crashes when; its id is the same each time,
//! so that whoever receives it can tell. An effect of a transaction that was rolled back never does.
//!
//! Here it is shown with a queue in the transaction's own database. Crashes are caused for real in
//! `tests/transactions` (`sqlx::crash`) and in `tests/live`.

use airlock::EnqueueError;
use airlock::apalis::Sqlite;
use airlock::sqlx::Database;
use airlock::transaction::TransactionError;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqlitePoolOptions};

use crate::support::{Ran, note};

#[derive(Debug)]
enum Error {
    OutOfStock,
    Enqueue,
    Transaction,
}

impl From<EnqueueError> for Error {
    fn from(_: EnqueueError) -> Self {
        Self::Enqueue
    }
}

impl From<TransactionError> for Error {
    fn from(_: TransactionError) -> Self {
        Self::Transaction
    }
}

/// A database in memory, which has one connection, and a queue in it.
async fn database_with_queue() -> (Database<sqlx::Sqlite>, Sqlite, SqlitePool) {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:");
    let pool = pool.await.expect("it is in memory");
    let queue = Sqlite::new(pool.clone());
    queue.setup().await.expect("its tables");
    (Database::new(pool.clone()).queue(queue.clone()), queue, pool)
}

async fn rows(pool: &SqlitePool) -> i64 {
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM Jobs");
    count.fetch_one(pool).await.expect("a number")
}

#[tokio::test]
async fn an_effect_of_a_committed_transaction_is_in_the_queue_with_it_and_is_delivered() {
    let (database, queue, pool) = database_with_queue().await;
    let committed = database.transaction(async |_: &mut SqliteConnection| {
        note::enqueue(1)?;
        note::enqueue(2)?;
        Ok::<_, Error>(())
    });
    committed.await.expect("committed");
    assert_eq!(rows(&pool).await, 2);

    let ran = Ran::new();
    let worker = airlock::worker().serving(airlock::tasks![note]).state(ran.clone());
    let worker = worker.build().expect("it has the state");
    let both = async {
        while worker.served().done < 2 {
            tokio::task::yield_now().await;
        }
    };
    worker.run(queue, both).await.expect("it opens");
    let mut ran = ran.list();
    ran.sort();
    assert_eq!(ran, ["note 1", "note 2"]);
}

#[tokio::test]
async fn an_effect_of_a_transaction_that_is_rolled_back_never_was_in_the_queue() {
    let (database, _, pool) = database_with_queue().await;
    let rolled_back = database.transaction(async |_: &mut SqliteConnection| {
        note::enqueue(1)?;
        Err::<(), _>(Error::OutOfStock)
    });
    assert!(matches!(rolled_back.await, Err(Error::OutOfStock)));
    assert_eq!(rows(&pool).await, 0);
}
