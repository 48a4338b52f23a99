//! Policies hold, wherever they are and whichever way effects leave.

use airlock::{DropAll, Limit, block_tasks};
use sqlx::SqliteConnection;

use super::shop::{Shop, place};
use crate::support::{ShopError, send_mail};

#[tokio::test]
async fn a_policy_of_the_transaction_holds() {
    let shop = Shop::open().await;
    let database = shop.database().scope(|| airlock::scope().policy(DropAll));
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![]));
}

#[tokio::test]
async fn policies_around_hold_for_rows() {
    let (shop, database) = Shop::with_queue().await;
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let placed = airlock::policy(block_tasks![send_mail]).run_async(placed).await;
    placed.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![]));
    assert_eq!(shop.reports.fates(), ["dropped by BlockTasks"]);
}

#[tokio::test]
async fn a_policy_with_a_memory_counts_rows() {
    let (shop, database) = Shop::with_queue().await;
    let body = database.transaction(async |tx: &mut SqliteConnection| {
        for id in 1..=3 {
            place(tx, shop.mails, id).await?;
        }
        Ok::<_, ShopError>(())
    });
    let (placed, sealed) = airlock::scope().policy(Limit::per_flush(2)).seal_async(body).await;
    placed.expect("committed");
    assert!(sealed.is_empty());
    assert_eq!(shop.jobs().await, [1, 2]);
}

#[tokio::test]
async fn a_refusal_is_the_body_s_error() {
    let (shop, database) = Shop::with_queue().await;
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let placed = airlock::policy(airlock::AssertNoEffects).run_async(placed).await;
    assert!(matches!(placed, Err(ShopError::Enqueue(_))));
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
}
