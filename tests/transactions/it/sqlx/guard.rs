//! The form for code that can't use a closure.

use airlock::InScope;
use sqlx::SqliteConnection;

use super::shop::{Shop, insert, insert_orphan, place};
use crate::support::ShopError;

#[tokio::test]
async fn effects_leave_after_the_commit() {
    let shop = Shop::open().await;
    let mut tx = shop.database().begin().await.expect("begun");
    let handle = tx.handle();
    place(&mut tx, shop.mails, 1).in_scope(handle).await.expect("placed");
    tx.run(|_| shop.mails.enqueue(2)).expect("in a scope");
    tx.run_async(async |tx: &mut SqliteConnection| place(tx, shop.mails, 3).await)
        .await
        .expect("placed");
    assert_eq!(shop.mails.sent(), [0; 0]);
    tx.commit().await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1, 3], vec![1, 2, 3]));
    assert_eq!(shop.reports.fates(), ["dispatched"; 3]);
}

#[tokio::test]
async fn outside_its_scope_nothing_can_be_enqueued() {
    let shop = Shop::open().await;
    let tx = airlock::sqlx::begin(&shop.pool).await.expect("begun");
    assert!(matches!(shop.mails.enqueue(1), Err(airlock::EnqueueError::NoScope(_))));
    let handle = tx.handle();
    tx.commit().await.expect("committed");
    let late = handle.run(|| shop.mails.enqueue(1));
    assert!(matches!(late, Err(airlock::EnqueueError::Closed(_))));
}

#[tokio::test]
async fn one_that_is_dropped_rolls_back_and_discards() {
    let shop = Shop::open().await;
    let mut tx = shop.database().begin().await.expect("begun");
    insert(&mut tx, 1).await.expect("inserted");
    tx.run(|_| shop.mails.enqueue(1)).expect("in a scope");
    drop(tx);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
async fn one_that_is_rolled_back_discards() {
    let shop = Shop::open().await;
    let mut tx = shop.database().begin().await.expect("begun");
    insert(&mut tx, 1).await.expect("inserted");
    tx.run(|_| shop.mails.enqueue(1)).expect("in a scope");
    tx.rollback().await.expect("rolled back");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
async fn a_commit_that_fails_discards() {
    let shop = Shop::open().await;
    let mut tx = shop.database().begin().await.expect("begun");
    insert_orphan(&mut tx, 1).await.expect("deferred");
    tx.run(|_| shop.mails.enqueue(1)).expect("in a scope");
    let error = tx.commit().await.expect_err("a constraint");
    assert!(error.to_string().contains("FOREIGN KEY constraint failed"), "{error}");
    assert_eq!(shop.reports.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
async fn rows_of_its_own_transaction() {
    let (shop, database) = Shop::with_queue().await;
    let mut tx = database.begin().await.expect("begun");
    insert(&mut tx, 1).await.expect("inserted");
    tx.run(|_| shop.mails.enqueue(1)).expect("in a scope");
    assert_eq!(shop.jobs().await, [0; 0]);
    tx.commit().await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
    assert_eq!(shop.reports.fates(), ["dispatched"]);
}

#[tokio::test]
async fn a_savepoint_in_it() {
    let shop = Shop::open().await;
    let mut tx = shop.database().begin().await.expect("begun");
    tx.run_async(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        let nested = airlock::sqlx::begin(&mut *tx).await?;
        nested.handle().run(|| shop.mails.enqueue(2))?;
        nested.rollback().await?;
        let nested = airlock::sqlx::begin(&mut *tx).await?;
        nested.handle().run(|| shop.mails.enqueue(3))?;
        nested.commit().await?;
        Ok::<_, ShopError>(())
    })
    .await
    .expect("placed");
    assert_eq!(shop.mails.sent(), [0; 0]);
    tx.commit().await.expect("committed");
    assert_eq!(shop.mails.sent(), [1, 3]);
}

/// Nobody can see from a connection whose transaction is open on it.
#[tokio::test]
async fn a_savepoint_beside_its_scope_belongs_to_the_one_around() {
    let shop = Shop::open().await;
    let request = airlock::scope().run_async(async {
        let mut tx = shop.database().begin().await?;
        let nested = async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await;
        airlock::sqlx::transaction(&mut *tx, nested).await?;
        tx.run_async(async |tx: &mut SqliteConnection| {
            let nested = async |tx: &mut SqliteConnection| place(tx, shop.mails, 2).await;
            airlock::sqlx::transaction(&mut *tx, nested).await
        })
        .await?;
        tx.rollback().await?;
        Ok::<_, ShopError>(())
    });
    request.await.expect("flushed").expect("rolled back");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![1]));
}

#[tokio::test]
async fn a_savepoint_that_is_released_outside_any_scope_says_so_and_hands_its_effects_back() {
    let shop = Shop::open().await;
    let mut outer = airlock::sqlx::begin(&shop.pool).await.expect("begun");
    let scope = outer.handle();
    let inner = airlock::sqlx::begin(&mut *outer).in_scope(scope).await.expect("a savepoint");
    inner.handle().run(|| shop.mails.enqueue(1)).expect("in a scope");
    let error = inner.commit().await.expect_err("nobody would flush it");
    let said = "the savepoint is released where no scope is around: commit it inside the scope";
    assert!(error.to_string().contains(said), "{error}");
    assert_eq!(error.into_intents().len(), 1);
}
