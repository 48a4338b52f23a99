//! SQLite ends a transaction by itself where a disk fails, or a statement says so.

use airlock::sqlx::Database;
use airlock::transaction::TransactionError;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};

use super::shop::{Shop, insert, place};
use crate::support::ShopError;

/// A shop, and a pool whose only connection has ended a transaction by itself.
async fn ended() -> (Shop, SqlitePool) {
    let shop = Shop::open().await;
    let options = (*shop.pool.connect_options()).clone();
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options);
    let pool = pool.await.expect("opened");
    let ended = airlock::sqlx::transaction(&pool, async |tx: &mut SqliteConnection| {
        insert(tx, 1).await?;
        sqlx::query("INSERT OR ROLLBACK INTO orders (id) VALUES (1)").execute(tx).await?;
        Ok::<_, ShopError>(())
    });
    ended.await.expect_err("there is such an order");
    (shop, pool)
}

async fn place_or_fail(
    tx: &mut SqliteConnection,
    shop: &Shop,
    id: i64,
    fails: bool,
) -> Result<(), ShopError> {
    place(tx, shop.mails, id).await?;
    if fails { Err(ShopError::OutOfStock) } else { Ok(()) }
}

/// In a scope around, as a layer's, into which the effects of a savepoint would go.
async fn three_more(database: Database<Sqlite>, shop: Shop) {
    let request = airlock::scope().run_async(async {
        for (id, fails) in [(2, false), (3, true), (4, false)] {
            let placed = database.transaction(async |tx: &mut SqliteConnection| {
                place_or_fail(tx, &shop, id, fails).await
            });
            assert_eq!(placed.await.is_err(), fails, "{id}");
        }
    });
    request.await.expect("flushed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![2, 4], vec![2, 4]));
}

#[tokio::test]
async fn the_next_one_of_a_database_is_one_of_its_own() {
    let (shop, pool) = ended().await;
    three_more(Database::new(pool), shop).await;
}

#[tokio::test]
async fn so_is_one_that_begins_with_a_statement() {
    let (shop, pool) = ended().await;
    three_more(Database::new(pool).begin_with("BEGIN IMMEDIATE"), shop).await;
}

#[tokio::test]
async fn so_is_one_of_a_pool() {
    let (shop, pool) = ended().await;
    let request = airlock::scope().run_async(async {
        for (id, fails) in [(2, false), (3, true), (4, false)] {
            let placed = airlock::sqlx::transaction(&pool, async |tx: &mut SqliteConnection| {
                place_or_fail(tx, &shop, id, fails).await
            });
            assert_eq!(placed.await.is_err(), fails, "{id}");
        }
    });
    request.await.expect("flushed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![2, 4], vec![2, 4]));
}

/// Written then, rows would be committed one by one, with no order.
#[tokio::test]
async fn a_body_that_swallows_it_leaves_no_rows() {
    let (shop, database) = Shop::with_queue().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        let refused = sqlx::query("INSERT OR ROLLBACK INTO orders (id) VALUES (1)");
        refused.execute(tx).await.expect_err("there is such an order");
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed.await else {
        panic!("it can't be committed")
    };
    assert!(error.is_certain(), "{error}");
    assert!(error.to_string().ends_with("is not undone: return such errors"), "{error}");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: rolled back"]);
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 2).await);
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![2], vec![2]));
}
