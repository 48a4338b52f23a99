//! What the database can't do is said with the place and the next step, and nothing is lost.

use airlock::transaction::{Step, TransactionError};
use sqlx::SqliteConnection;

use super::shop::{Shop, place};
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
