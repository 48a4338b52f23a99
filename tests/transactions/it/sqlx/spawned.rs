//! The futures may be spawned.

use sqlx::SqliteConnection;

use super::shop::{Shop, place};
use crate::support::{Mails, ShopError};

async fn checkout(
    database: airlock::sqlx::Database<sqlx::Sqlite>,
    mails: Mails,
    id: i64,
) -> Result<i64, ShopError> {
    database
        .transaction(async |tx: &mut SqliteConnection| {
            place(tx, mails, id).await?;
            let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut SqliteConnection| {
                place(tx, mails, id + 100).await
            });
            nested.await
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_run_on_other_threads() {
    let shop = Shop::open().await;
    let database = shop.database().begin_with("BEGIN IMMEDIATE");
    let placed: Vec<_> =
        (1..=4).map(|id| tokio::spawn(checkout(database.clone(), shop.mails, id))).collect();
    for placed in placed {
        placed.await.expect("no panic").expect("committed");
    }
    let mut sent = shop.mails.sent();
    sent.sort_unstable();
    assert_eq!(sent, [1, 2, 3, 4, 101, 102, 103, 104]);
    assert_eq!(shop.orders().await, sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_are_run_again_run_on_other_threads_if_they_own_what_they_use() {
    let shop = Shop::open().await;
    let (database, mails) = (shop.database(), shop.mails);
    let placed = tokio::spawn(async move {
        let body = async move |tx: &mut SqliteConnection| place(tx, mails, 1).await;
        database.retry(3).transaction(body).await
    });
    placed.await.expect("no panic").expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_move_to_other_threads() {
    let shop = Shop::open().await;
    let mut tx = shop.database().begin().await.expect("begun");
    let mails = shop.mails;
    let committed = tokio::spawn(async move {
        tx.run_async(async |tx: &mut SqliteConnection| place(tx, mails, 1).await).await?;
        tx.commit().await.map_err(ShopError::from)
    });
    committed.await.expect("no panic").expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}
