//! Twenty transactions that count the orders and add one, under an error type that hides the conflict from its sources.

use std::sync::atomic::{AtomicU32, Ordering};

use airlock::EnqueueError;
use airlock::transaction::TransactionError;
use airlock_transactions::placing::send_mail;
use diesel::connection::SimpleConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseTransaction, IsolationLevel, TransactionOptions};
use sqlx::PgConnection;
use sqlx::postgres::PgPoolOptions;

use super::shop::{Shop, insert};

/// As thiserror's users write it: the source is the wrapped error's, never the wrapped error.
#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    #[error(transparent)]
    SeaOrm(#[from] sea_orm::DbErr),
    #[error(transparent)]
    Diesel(#[from] diesel::result::Error),
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}

const ORDERS: std::ops::RangeInclusive<i64> = 1..=20;
const COUNT: &str = "SELECT count(*) FROM orders";
const SERIALIZABLE: &str = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";

/// All are committed, each effect has left once, and they were in each other's way.
async fn ended(shop: &Shop, attempts: AtomicU32, library: &str) {
    let attempts = attempts.into_inner();
    println!("20 transactions of {library} that conflict: {attempts} attempts");
    assert!(attempts > 20, "they were in each other's way");
    assert_eq!(shop.orders().await, ORDERS.collect::<Vec<_>>());
    assert_eq!(shop.fates().iter().filter(|fate| *fate == "dispatched").count(), 20);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_sqlx() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let pool =
        PgPoolOptions::new().max_connections(20).connect(&shop.url).await.expect("connected");
    let database = airlock::sqlx::Database::new(pool)
        .begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE")
        .scope(shop.scope());
    let (database, attempts_of) = (&database, &attempts);
    let placed = join_all(ORDERS.map(|id| {
        database.retry(50).transaction(async move |tx: &mut PgConnection| {
            attempts_of.fetch_add(1, Ordering::Relaxed);
            sqlx::raw_sql(COUNT).execute(&mut *tx).await?;
            insert(tx, id).await?;
            send_mail::enqueue(id)?;
            Ok::<_, OrderError>(())
        })
    }));
    placed.await.into_iter().for_each(|placed| placed.expect("committed"));
    ended(&shop, attempts, "sqlx").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_sea_orm() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let mut connect = sea_orm::ConnectOptions::new(&shop.url);
    connect.max_connections(20);
    let connection = sea_orm::Database::connect(connect).await.expect("connected");
    let options = TransactionOptions {
        isolation_level: Some(IsolationLevel::Serializable),
        ..TransactionOptions::default()
    };
    let database = airlock::sea_orm::Database::new(connection).options(options).scope(shop.scope());
    let (database, attempts_of) = (&database, &attempts);
    let placed = join_all(ORDERS.map(|id| {
        database.retry(50).transaction(async move |tx: &DatabaseTransaction| {
            attempts_of.fetch_add(1, Ordering::Relaxed);
            tx.execute_unprepared(COUNT).await?;
            tx.execute_unprepared(&format!("INSERT INTO orders (id) VALUES ({id})")).await?;
            send_mail::enqueue(id)?;
            Ok::<_, OrderError>(())
        })
    }));
    placed.await.into_iter().for_each(|placed| placed.expect("committed"));
    ended(&shop, attempts, "SeaORM").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_diesel_async() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let database = airlock::diesel_async::Database::new().scope(shop.scope());
    let placed = join_all(ORDERS.map(async |id| {
        let mut connection = AsyncPgConnection::establish(&shop.url).await.expect("connected");
        let placed =
            database.retry(50).transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
                attempts.fetch_add(1, Ordering::Relaxed);
                tx.batch_execute(SERIALIZABLE).await?;
                tx.batch_execute(COUNT).await?;
                tx.batch_execute(&format!("INSERT INTO orders (id) VALUES ({id})")).await?;
                send_mail::enqueue(id)?;
                Ok::<_, OrderError>(())
            });
        placed.await.expect("committed");
    }));
    placed.await;
    ended(&shop, attempts, "diesel-async").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_diesel() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let database = airlock::diesel::Database::new().scope(shop.scope());
    let place = |id: i64| {
        let placed = database.retry(50).transaction(&mut super::diesel::connect(&shop.url), |tx| {
            attempts.fetch_add(1, Ordering::Relaxed);
            tx.batch_execute(SERIALIZABLE)?;
            tx.batch_execute(COUNT)?;
            super::diesel::insert(tx, id)?;
            send_mail::enqueue(id)?;
            Ok::<_, OrderError>(())
        });
        placed.expect("committed");
    };
    std::thread::scope(|threads| {
        for id in ORDERS {
            let place = &place;
            threads.spawn(move || place(id));
        }
    });
    ended(&shop, attempts, "diesel").await;
}
