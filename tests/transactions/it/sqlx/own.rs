//! sqlx's own transaction, for functions that take one.

use std::sync::atomic::{AtomicU32, Ordering};

use airlock::InScope;
use sqlx::{Sqlite, Transaction};

use super::shop::{Shop, place};
use crate::support::{Mails, ShopError};

/// As programs have them that make sure that they are inside a transaction.
async fn place_inside(
    tx: &mut Transaction<'_, Sqlite>,
    mails: Mails,
    order: i64,
) -> Result<i64, ShopError> {
    place(&mut *tx, mails, order).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_hands_it_on() {
    let shop = Shop::open().await;
    let (database, mails) = (shop.database(), shop.mails);
    let spawned = tokio::spawn(async move {
        let placed = async move |tx: &mut Transaction<'_, Sqlite>| place_inside(tx, mails, 1).await;
        database.sqlx_transaction(placed).await.expect("committed");
        let failed = async move |tx: &mut Transaction<'_, Sqlite>| {
            place_inside(tx, mails, 2).await?;
            Err::<(), _>(ShopError::OutOfStock)
        };
        assert!(matches!(database.sqlx_transaction(failed).await, Err(ShopError::OutOfStock)));
    });
    spawned.await.expect("no panic");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

#[tokio::test]
async fn a_body_that_is_run_again_gets_a_new_one() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let database = shop.database();
    let again = database.retry_if(3, |error: &ShopError| matches!(error, ShopError::OutOfStock));
    let placed = again.sqlx_transaction(async |tx: &mut Transaction<'_, Sqlite>| {
        place_inside(tx, shop.mails, 1).await?;
        match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Err(ShopError::OutOfStock),
            _ => Ok(()),
        }
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

#[tokio::test]
async fn a_guard_hands_it_out() {
    let shop = Shop::open().await;
    let mut tx = shop.database().begin().await.expect("begun");
    let scope = tx.handle();
    let own = tx.sqlx_transaction().expect("it began on the pool");
    place_inside(own, shop.mails, 1).in_scope(scope).await.expect("placed");
    let nested = tx.run_async(async |tx| {
        let mut savepoint = airlock::sqlx::begin(tx).await.expect("begun");
        savepoint.sqlx_transaction().is_none()
    });
    assert!(nested.await, "a savepoint is on a connection that is borrowed");
    tx.commit().await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));

    let mut tx = shop.database().begin().await.expect("begun");
    let scope = tx.handle();
    let own = tx.sqlx_transaction().expect("it began on the pool");
    place_inside(own, shop.mails, 2).in_scope(scope).await.expect("placed");
    drop(tx);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}
