//! What the database can't do is said with the place and the next step, and nothing is lost.

use airlock::transaction::{Failure, Step, TransactionError};
use sqlx::SqliteConnection;

use super::shop::{Shop, insert, insert_orphan, place};
use crate::support::ShopError;

#[tokio::test]
async fn an_exhausted_pool_is_named_and_loses_nothing() {
    let shop = Shop::open().await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(shop.pool.acquire().await.expect("a connection"));
    }
    let database = shop.database();
    let (placed, sealed) = airlock::scope()
        .seal_async(async {
            shop.mails.enqueue(7)?;
            database
                .transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await)
                .await
        })
        .await;
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed else {
        panic!("no connection is free")
    };
    assert_eq!(error.step(), Step::Begin);
    let text = error.to_string();
    assert!(text.starts_with("can't begin a transaction in sqlite:"), "{text}");
    assert!(text.contains("all connections are in use: give the pool more of them"), "{text}");
    // What was enqueued before is still there.
    assert_eq!(sealed.len(), 1);
    sealed.flush_async().await.expect("flushed");
    drop(held);
    let (orders, sent) = (shop.orders().await, shop.mails.sent());
    println!(
        "pool exhausted: {} orders; of 1 effect enqueued before {} left",
        orders.len(),
        sent.len()
    );
    assert_eq!((orders, sent), (vec![], vec![7]));
}

#[tokio::test]
async fn a_closed_pool_is_named() {
    let shop = Shop::open().await;
    shop.pool.close().await;
    let begun = airlock::sqlx::begin(&shop.pool).await;
    let error = begun.expect_err("closed").to_string();
    assert!(error.starts_with("can't begin a transaction in SQLite: "), "{error}");
    assert!(error.ends_with("begin before the pool is closed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_fail_with_an_error_of_somebody_elses() {
    let shop = Shop::open().await;
    let (database, mails) = (shop.database(), shop.mails);
    let spawned = tokio::spawn(async move {
        let failed = database.try_transaction(async |tx: &mut SqliteConnection| {
            insert(tx, 1).await?;
            mails.enqueue(1).expect("inside a scope");
            Err::<(), _>(sqlx::Error::RowNotFound)
        });
        assert!(matches!(failed.await, Err(Failure::Body(sqlx::Error::RowNotFound))));
        let refused = async |tx: &mut SqliteConnection| insert_orphan(tx, 2).await;
        let refused = database.try_transaction(refused).await;
        assert!(matches!(refused, Err(Failure::Transaction(TransactionError::Database(_)))));
        let placed = async |tx: &mut SqliteConnection| insert(tx, 3).await;
        database.try_transaction(placed).await.expect("committed");
    });
    spawned.await.expect("no panic");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![3], vec![]));
}
