//! Inside a transaction that someone else opened.

use airlock::transaction::TransactionError;
use sqlx::SqliteConnection;

use super::shop::{Shop, place};
use crate::support::ShopError;

#[tokio::test]
async fn without_a_scope_around_it_is_refused_before_the_body_runs() {
    let shop = Shop::open().await;
    let mut foreign = shop.pool.begin().await.expect("begun");
    let placed = airlock::sqlx::transaction(&mut *foreign, async |_: &mut SqliteConnection| {
        unreachable!("nobody would know when its effects may leave");
        #[expect(unreachable_code, reason = "it says what the body's value is")]
        Ok::<(), ShopError>(())
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed.await else {
        panic!("it is refused")
    };
    assert!(error.to_string().contains("no scope is around"), "{error}");
    // The transaction is as it was.
    super::shop::insert(&mut foreign, 1).await.expect("inserted");
    foreign.commit().await.expect("committed");
    assert_eq!(shop.orders().await, [1]);
}

#[tokio::test]
async fn a_scope_around_it_lets_effects_out_at_its_own_end() {
    let shop = Shop::open().await;
    let placed = airlock::scope().run_async(async {
        let mut foreign = shop.pool.begin().await?;
        let placed =
            airlock::sqlx::transaction(&mut *foreign, async |tx: &mut SqliteConnection| {
                place(tx, shop.mails, 1).await
            });
        placed.await?;
        foreign.commit().await?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Ok::<_, ShopError>(())
    });
    placed.await.expect("flushed").expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

/// As documented: a scope knows nothing of a transaction that was opened without airlock.
#[tokio::test]
async fn a_scope_around_it_has_to_fail_where_it_is_rolled_back() {
    for fails in [true, false] {
        let shop = Shop::open().await;
        let placed = airlock::scope().run_async(async {
            let mut foreign = shop.pool.begin().await?;
            place(&mut foreign, shop.mails, 1).await?;
            foreign.rollback().await?;
            if fails { Err(ShopError::OutOfStock) } else { Ok(()) }
        });
        assert_eq!(placed.await.expect("flushed").is_err(), fails);
        let sent = if fails { vec![] } else { vec![1] };
        assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], sent));
    }
}

/// As documented: a savepoint that sqlx sets by itself knows of no scope.
#[tokio::test]
async fn a_savepoint_of_the_library_s_own_keeps_its_effects() {
    use sqlx::Acquire;

    let shop = Shop::open().await;
    let placed = airlock::sqlx::transaction(&shop.pool, async |tx: &mut SqliteConnection| {
        let mut own = tx.begin().await?;
        place(&mut own, shop.mails, 1).await?;
        own.rollback().await?;
        place(tx, shop.mails, 2).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![2], vec![1, 2]));
}

#[tokio::test]
async fn rows_belong_to_whoever_commits() {
    let (shop, database) = Shop::with_queue().await;
    for (id, commits) in [(1, true), (2, false)] {
        let mut foreign = shop.pool.begin().await.expect("begun");
        let placed = database.within(&mut *foreign, async |tx: &mut SqliteConnection| {
            place(tx, shop.mails, id).await
        });
        placed.await.expect("released");
        if commits {
            foreign.commit().await.expect("committed");
        } else {
            foreign.rollback().await.expect("rolled back");
        }
    }
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
}

#[tokio::test]
async fn a_connection_without_a_transaction_gets_one() {
    let shop = Shop::open().await;
    let mut connection = shop.pool.acquire().await.expect("a connection");
    let placed = airlock::sqlx::transaction(&mut *connection, async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}
