//! A body that does something before it is first awaited.

use std::pin::Pin;

use sqlx::SqliteConnection;

use super::shop::{Shop, insert};
use crate::support::ShopError;

type Placing<'c> = Pin<Box<dyn Future<Output = Result<(), ShopError>> + Send + 'c>>;

/// A closure and no async one: what stands before its block is done when it is called.
fn body<F>(body: F) -> F
where
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> Placing<'c>,
{
    body
}

#[tokio::test]
async fn what_is_enqueued_there_is_the_transactions_too() {
    let shop = Shop::open().await;
    let mails = shop.mails;
    let order_and_fail = || {
        body(move |tx| {
            let enqueued = mails.enqueue(1);
            Box::pin(async move {
                enqueued?;
                insert(tx, 1).await?;
                Err(ShopError::OutOfStock)
            })
        })
    };
    let request = airlock::scope().run_async(async {
        let placed = airlock::sqlx::transaction(&shop.pool, order_and_fail()).await;
        placed.expect_err("out of stock");
        let mut tx = airlock::sqlx::begin(&shop.pool).await?;
        tx.run_async(order_and_fail()).await.expect_err("out of stock");
        tx.rollback().await
    });
    request.await.expect("flushed").expect("rolled back");
    assert_eq!((shop.orders().await, mails.sent()), (vec![], vec![]));
}
