//! The same with every library: what is committed is held, what is rolled back is not, and the table stays empty.

use airlock::testing::{Effects, capture, capture_async};
use airlock::{assert_effects, assert_enqueued, assert_not_enqueued};

use crate::sqlx::shop::Shop;
use crate::support::{ShopError, send_mail};
use crate::{diesel, diesel_async, sea_orm, sqlx};

/// What the code under test has done: order 1 is committed with its mail, order 2 is rolled back with a savepoint, order
/// 3 is committed with another one, and order 4 is rolled back.
async fn assert_captured(shop: &Shop, effects: &Effects) {
    let test = shop.mails.number();
    assert_enqueued!(effects, send_mail(test, 1));
    assert_not_enqueued!(effects, send_mail(test, 2));
    assert_not_enqueued!(effects, send_mail(test, 4));
    assert_effects!(effects, [send_mail(test, 1), send_mail(test, 3)]);
    assert_eq!(effects.rows().count(), 2);
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 3], vec![]));
}

#[tokio::test]
async fn with_sqlx() {
    use ::sqlx::SqliteConnection;
    use sqlx::shop::place;

    let (shop, database) = Shop::with_queue().await;
    let (failed, effects) = Box::pin(capture_async(async {
        let committed = database.transaction(async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, 1).await?;
            let nested = database.within(&mut *tx, async |tx: &mut SqliteConnection| {
                place(tx, shop.mails, 2).await?;
                Err::<(), _>(ShopError::OutOfStock)
            });
            nested.await.expect_err("out of stock");
            let nested = database
                .within(&mut *tx, async |tx: &mut SqliteConnection| place(tx, shop.mails, 3).await);
            nested.await
        });
        committed.await?;
        let rolled_back = database.transaction(async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, 4).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        rolled_back.await
    }))
    .await;
    assert!(matches!(failed, Err(ShopError::OutOfStock)), "{failed:?}");
    assert_captured(&shop, &effects).await;
}

#[tokio::test]
async fn with_sea_orm() {
    use ::sea_orm::DatabaseTransaction;
    use sea_orm::{connect, place};

    let shop = Shop::open().await;
    let database =
        airlock::sea_orm::Database::new(connect(&shop).await).queue(shop.jobs_queue().await);
    let (failed, effects) = Box::pin(capture_async(async {
        let committed = database.transaction(async |tx: &DatabaseTransaction| {
            place(tx, shop.mails, 1).await?;
            let nested = database.within(tx, async |tx: &DatabaseTransaction| {
                place(tx, shop.mails, 2).await?;
                Err::<(), _>(ShopError::OutOfStock)
            });
            nested.await.expect_err("out of stock");
            let nested = database
                .within(tx, async |tx: &DatabaseTransaction| place(tx, shop.mails, 3).await);
            nested.await
        });
        committed.await?;
        let rolled_back = database.transaction(async |tx: &DatabaseTransaction| {
            place(tx, shop.mails, 4).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        rolled_back.await
    }))
    .await;
    assert!(matches!(failed, Err(ShopError::OutOfStock)), "{failed:?}");
    assert_captured(&shop, &effects).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_diesel() {
    use diesel::{connect, place};

    let shop = Shop::open().await;
    let database = airlock::diesel::Database::new().queue(shop.jobs_queue().await);
    let (failed, effects) = capture(|| {
        let connection = &mut connect(&shop);
        database.transaction(connection, |tx| {
            place(tx, shop.mails, 1)?;
            let nested = database.transaction(tx, |tx| {
                place(tx, shop.mails, 2)?;
                Err::<(), _>(ShopError::OutOfStock)
            });
            nested.expect_err("out of stock");
            database.transaction(tx, |tx| place(tx, shop.mails, 3))
        })?;
        database.transaction(connection, |tx| {
            place(tx, shop.mails, 4)?;
            Err::<(), _>(ShopError::OutOfStock)
        })
    });
    assert!(matches!(failed, Err(ShopError::OutOfStock)), "{failed:?}");
    assert_captured(&shop, &effects).await;
}

#[tokio::test]
async fn with_diesel_async() {
    use diesel_async::{Connection, connect, place};

    let shop = Shop::open().await;
    let database = airlock::diesel_async::Database::new().queue(shop.jobs_queue().await);
    let (failed, effects) = capture_async(async {
        let mut connection = connect(&shop).await;
        let committed = database.transaction(&mut connection, async |tx: &mut Connection| {
            place(tx, shop.mails, 1).await?;
            let nested = database.transaction(tx, async |tx: &mut Connection| {
                place(tx, shop.mails, 2).await?;
                Err::<(), _>(ShopError::OutOfStock)
            });
            nested.await.expect_err("out of stock");
            let nested = database
                .transaction(tx, async |tx: &mut Connection| place(tx, shop.mails, 3).await);
            nested.await
        });
        committed.await?;
        let rolled_back = database.transaction(&mut connection, async |tx: &mut Connection| {
            place(tx, shop.mails, 4).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        rolled_back.await
    })
    .await;
    assert!(matches!(failed, Err(ShopError::OutOfStock)), "{failed:?}");
    assert_captured(&shop, &effects).await;
}
