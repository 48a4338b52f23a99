//! Savepoints: their effects would be rows of the outer transaction, and are held once that is committed.

use airlock::assert_effects;
use airlock::testing::capture_async;
use sqlx::SqliteConnection;

use crate::sqlx::shop::{Shop, place};
use crate::support::{ShopError, send_mail};

/// The outer transaction has no queue: its own effects leave after the commit, those of the savepoint are its rows.
#[tokio::test]
async fn in_a_transaction_without_a_queue_they_go_its_way() {
    for fails in [false, true] {
        let (shop, database) = Shop::with_queue().await;
        let body = airlock::sqlx::transaction(&shop.pool, async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, 1).await?;
            let nested = database
                .within(&mut *tx, async |tx: &mut SqliteConnection| place(tx, shop.mails, 2).await);
            nested.await?;
            place(tx, shop.mails, 3).await?;
            if fails { Err(ShopError::OutOfStock) } else { Ok(()) }
        });
        let (placed, effects) = Box::pin(capture_async(body)).await;
        assert_eq!(placed.is_err(), fails);
        if fails {
            assert_effects!(effects, []);
        } else {
            let test = shop.mails.number();
            assert_effects!(effects, [send_mail(test, 1), send_mail(test, 2), send_mail(test, 3)]);
            assert!(effects.rows().all(|mail| mail.is_same(&send_mail::intent(test, 2))));
            assert_eq!(effects.rows().count(), 1);
        }
        assert_eq!(shop.jobs().await, [0; 0]);
    }
}

#[tokio::test]
async fn of_a_savepoint_of_a_savepoint_that_is_rolled_back_nothing_is_held() {
    let (shop, database) = Shop::with_queue().await;
    let body = database.transaction(async |tx: &mut SqliteConnection| {
        let nested = database.within(&mut *tx, async |tx: &mut SqliteConnection| {
            let innermost = database
                .within(&mut *tx, async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
            innermost.await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        nested.await.expect_err("out of stock");
        place(tx, shop.mails, 2).await
    });
    let (placed, effects) = Box::pin(capture_async(body)).await;
    placed.expect("committed");
    assert_effects!(effects, [send_mail(shop.mails.number(), 2)]);
}

#[tokio::test]
async fn of_a_guard_inside_its_scope() {
    let (shop, database) = Shop::with_queue().await;
    let (ended, effects) = capture_async(async {
        let mut tx = database.begin().await?;
        let nested = tx.run_async(async |tx: &mut SqliteConnection| {
            database
                .within(&mut *tx, async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await)
                .await
        });
        nested.await?;
        tx.commit().await?;
        Ok::<_, ShopError>(())
    })
    .await;
    ended.expect("committed");
    assert_eq!((effects.rows().count(), shop.jobs().await), (1, vec![]));
}

/// A capture can't see whether a transaction is committed that airlock did not open. To hold the rows would say that it
/// is, and to hold nothing that there were none.
#[tokio::test]
async fn in_a_transaction_that_someone_else_opened_they_are_an_error() {
    let (shop, database) = Shop::with_queue().await;
    let (refused, effects) = capture_async(async {
        let mut foreign = shop.pool.begin().await?;
        let placed = database.within(&mut *foreign, async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, 1).await
        });
        let refused = placed.await.expect_err("a capture can't see").to_string();
        foreign.commit().await?;
        Ok::<_, ShopError>(refused)
    })
    .await;
    let refused = refused.expect("committed");
    assert!(refused.contains("a capture can't see whether that is committed"), "{refused}");
    assert!(refused.contains("open the outer transaction with airlock"), "{refused}");
    assert_effects!(effects, []);
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
}

/// As in production, where nobody would know when its effects may leave: the capture that a test adds is no scope around.
#[tokio::test]
async fn without_a_queue_a_capture_alone_is_no_scope_around_them() {
    let shop = Shop::open().await;
    let savepoint = async || {
        let mut foreign = shop.pool.begin().await?;
        let body = async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await;
        airlock::sqlx::transaction(&mut *foreign, body).await?;
        foreign.commit().await?;
        Ok::<_, ShopError>(())
    };
    let in_production = savepoint().await.expect_err("no scope is around").to_string();
    let (refused, effects) = Box::pin(capture_async(savepoint())).await;
    let refused = refused.expect_err("no scope is around").to_string();
    assert!(refused.contains("no scope is around"), "{refused}");
    assert_eq!(refused, in_production);
    assert_effects!(effects, []);
    assert_eq!(shop.orders().await, [0; 0]);

    let in_scope = airlock::scope().run_async(savepoint());
    let (placed, effects) = Box::pin(capture_async(in_scope)).await;
    placed.expect("flushed").expect("committed");
    assert_effects!(effects, [send_mail(shop.mails.number(), 1)]);
    assert_eq!(shop.orders().await, [1]);
}

/// A handle carries the scopes around along, and so the capture.
#[tokio::test]
async fn nor_is_one_that_is_carried_elsewhere() {
    use airlock::InScope;

    let shop = Shop::open().await;
    let (refused, effects) = capture_async(async {
        let capture = airlock::current().expect("inside the capture");
        let mut foreign = shop.pool.begin().await?;
        let body = async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await;
        airlock::sqlx::transaction(&mut *foreign, body).in_scope(capture).await
    })
    .await;
    let refused = refused.expect_err("no scope is around").to_string();
    assert!(refused.contains("no scope is around"), "{refused}");
    assert_effects!(effects, []);
}

#[tokio::test]
async fn without_effects_they_are_none() {
    let (shop, database) = Shop::with_queue().await;
    let (placed, effects) = capture_async(async {
        let mut foreign = shop.pool.begin().await?;
        let placed = database.within(&mut *foreign, async |tx: &mut SqliteConnection| {
            crate::sqlx::shop::insert(tx, 1).await?;
            Ok::<_, ShopError>(())
        });
        placed.await?;
        foreign.commit().await?;
        Ok::<_, ShopError>(())
    })
    .await;
    placed.expect("committed");
    assert_effects!(effects, []);
    assert_eq!(shop.orders().await, [1]);
}
