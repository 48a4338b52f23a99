//! PostgreSQL answers a commit with a rollback after a statement that failed, and calls that no error.

use airlock::BoxError;
use airlock::transaction::TransactionError;
use airlock_transactions::placing::send_mail;
use sqlx::PgConnection;

use super::shop::{Shop, insert, place};

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_error_that_the_body_swallows_is_not_taken_for_a_commit() {
    let shop = Shop::open().await;
    let database = shop.database().await;
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        insert(tx, 1).await.expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    let error = placed.await.expect_err("it can only be rolled back");
    let error: &TransactionError = error.downcast_ref().expect("ours");
    assert!(error.to_string().contains("current transaction is aborted"), "{error}");
    assert!(!error.is_committed());
    assert_eq!(shop.orders().await, [0; 0]);
    assert_eq!(shop.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_savepoint_keeps_it_from_the_transaction_around() {
    let shop = Shop::open().await;
    let database = shop.database().await.queue(shop.apalis().await);
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut PgConnection| {
            send_mail::enqueue(2)?;
            insert(tx, 1).await?;
            Ok::<_, BoxError>(())
        });
        nested.await.expect_err("a duplicate");
        place(tx, 3).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.apalis_jobs().await), (vec![1, 3], vec![1, 3]));
}
