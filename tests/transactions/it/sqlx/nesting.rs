//! Transactions in scopes, and scopes in transactions.

use sqlx::SqliteConnection;

use super::shop::{Shop, place};
use crate::support::ShopError;

#[tokio::test]
async fn an_enclosing_scope_decides_when() {
    let shop = Shop::open().await;
    let database = shop.database();
    let body =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let (placed, sealed) = airlock::scope().seal_async(body).await;
    placed.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![]));
    assert_eq!(shop.reports.fates(), ["captured by the enclosing scope"]);
    sealed.flush_async().await.expect("flushed");
    assert_eq!(shop.mails.sent(), [1]);
}

#[tokio::test]
async fn an_enclosing_scope_may_release() {
    let shop = Shop::open().await;
    let body = airlock::sqlx::transaction(&shop.pool, async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await
    });
    let (placed, sealed) = airlock::scope().release_all().seal_async(body).await;
    placed.expect("committed");
    assert!(sealed.is_empty());
    assert_eq!(shop.mails.sent(), [1]);
}

#[tokio::test]
async fn scopes_inside_are_captured() {
    let shop = Shop::open().await;
    let placed = airlock::sqlx::transaction(&shop.pool, async |tx: &mut SqliteConnection| {
        let nested = airlock::scope().run_async(place(tx, shop.mails, 1));
        nested.await.expect("captured")?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
}

#[tokio::test]
async fn the_effects_of_effects_are_transactions_of_their_own() {
    let shop = Shop::open().await;
    // A scope without a transaction discards and flushes as ever, beside one with.
    let (first, second) = tokio::join!(
        airlock::sqlx::transaction(&shop.pool, async |tx: &mut SqliteConnection| {
            tokio::task::yield_now().await;
            place(tx, shop.mails, 1).await
        }),
        airlock::scope().run_async(async {
            tokio::task::yield_now().await;
            shop.mails.enqueue(2)
        }),
    );
    first.expect("committed");
    second.expect("flushed").expect("in a scope");
    let mut sent = shop.mails.sent();
    sent.sort_unstable();
    assert_eq!(sent, [1, 2]);
}
