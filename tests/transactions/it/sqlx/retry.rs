//! Transactions that are in each other's way.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::SqliteConnection;

use super::shop::{Shop, insert, place};
use crate::support::ShopError;

/// Reads, lets somebody else write, and then writes on a snapshot that is no longer the last one.
async fn read_then_write(
    shop: &Shop,
    tx: &mut SqliteConnection,
    attempt: u32,
) -> Result<(), ShopError> {
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&mut *tx).await?;
    shop.mails.enqueue(i64::from(attempt))?;
    if attempt == 1 {
        insert(&mut *shop.pool.acquire().await?, 100).await?;
    }
    insert(tx, 1).await?;
    Ok(())
}

#[tokio::test]
async fn the_body_runs_again_and_the_first_attempt_is_discarded() {
    let shop = Shop::open().await;
    let attempts = AtomicU32::new(0);
    let database = shop.database();
    let placed = database.retry(3).transaction(async |tx: &mut SqliteConnection| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        read_then_write(&shop, tx, attempt).await
    });
    placed.await.expect("committed");
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1, 100], vec![2]));
    assert_eq!(shop.reports.fates(), ["discarded: error", "dispatched"]);
}

#[tokio::test]
async fn without_retry_the_conflict_is_the_caller_s() {
    let shop = Shop::open().await;
    let database = shop.database();
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| read_then_write(&shop, tx, 1).await);
    let error = placed.await.expect_err("a conflict");
    assert!(airlock::sqlx::is_conflict(&error), "{error}");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![100], vec![]));
}

#[tokio::test]
async fn other_errors_end_it_and_the_number_of_attempts_is_bounded() {
    let shop = Shop::open().await;
    let (attempts, database) = (AtomicU32::new(0), shop.database());
    let placed = database.retry(3).transaction(async |tx: &mut SqliteConnection| {
        attempts.fetch_add(1, Ordering::Relaxed);
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!(attempts.load(Ordering::Relaxed), 1);

    let placed = database
        .retry_if(2, |error: &anyhow::Error| error.to_string() == "again")
        .transaction(async |_: &mut SqliteConnection| {
            attempts.fetch_add(1, Ordering::Relaxed);
            shop.mails.enqueue(2)?;
            Err::<(), _>(anyhow::anyhow!("again"))
        });
    placed.await.expect_err("again");
    assert_eq!(attempts.load(Ordering::Relaxed), 1 + 3);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
}

#[tokio::test]
async fn a_conflict_that_the_queue_meets_is_one_as_well() {
    let (shop, database) = Shop::with_queue().await;
    let attempts = AtomicU32::new(0);
    let placed = database.retry(3).transaction(async |tx: &mut SqliteConnection| {
        let _: i64 = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&mut *tx).await?;
        if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
            insert(&mut *shop.pool.acquire().await?, 100).await?;
        }
        // The first statement that writes is the queue's.
        shop.mails.enqueue(1)?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    assert_eq!(shop.jobs().await, [1]);
}

#[tokio::test]
async fn what_is_committed_is_never_run_again() {
    let shop = Shop::open().await;
    let (attempts, database) = (AtomicU32::new(0), shop.database());
    let placed = database.retry_if(3, |_: &ShopError| true).transaction(
        async |tx: &mut SqliteConnection| {
            attempts.fetch_add(1, Ordering::Relaxed);
            insert(tx, 1).await?;
            shop.mails.enqueue_failing()?;
            Ok::<_, ShopError>(())
        },
    );
    let Err(ShopError::Transaction(error)) = placed.await else { panic!("mailbox full") };
    assert!(error.is_committed(), "{error}");
    assert_eq!((attempts.load(Ordering::Relaxed), shop.orders().await), (1, vec![1]));
}
