//! Nested transactions.

use sqlx::SqliteConnection;

use super::shop::{Shop, place};
use crate::support::ShopError;

#[tokio::test]
async fn rolling_one_back_discards_what_was_enqueued_inside_and_nothing_else() {
    let shop = Shop::open().await;
    let database = shop.database();
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, 2).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        nested.await.expect_err("out of stock");
        place(tx, shop.mails, 3).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1, 3], vec![1, 3]));
}

#[tokio::test]
async fn releasing_one_leaves_it_to_the_transaction_around() {
    let shop = Shop::open().await;
    let database = shop.database();
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, 1).await
        });
        nested.await?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
}

#[tokio::test]
async fn a_scope_that_releases_does_not_let_a_savepoint_s_effects_out() {
    let shop = Shop::open().await;
    let database = shop.database().scope(|| airlock::scope().release_all());
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, 1).await
        });
        nested.await?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_eq!(shop.mails.sent(), [1]);
}

#[tokio::test]
async fn rows_are_written_by_the_outermost_in_order() {
    let (shop, database) = Shop::with_queue().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        for (id, fails) in [(2, false), (3, true)] {
            let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut SqliteConnection| {
                place(tx, shop.mails, id).await?;
                if fails { Err(ShopError::OutOfStock) } else { Ok(()) }
            });
            assert_eq!(nested.await.is_err(), fails);
        }
        place(tx, shop.mails, 4).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 2, 4], vec![1, 2, 4]));
}
