//! Transactions that really are in each other's way.

use std::sync::atomic::{AtomicU32, Ordering};

use airlock::BoxError;
use airlock::sqlx::is_conflict;
use airlock_transactions::placing::send_mail;
use sqlx::PgConnection;
use tokio::sync::Barrier;

use super::shop::{Shop, insert};

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_serialization_failure_is_run_again_and_nothing_leaves_twice() {
    let shop = Shop::open().await;
    let database = shop
        .database()
        .await
        .begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE")
        .queue(shop.graphile().await);
    let (attempts, both) = (AtomicU32::new(0), Barrier::new(2));
    let place = async |id: i64| {
        let mut first = true;
        let again = database.retry_if(5, |error: &BoxError| is_conflict(&**error));
        // Each counts, and writes what the other has counted.
        let placed = again.transaction(async |tx: &mut PgConnection| {
            attempts.fetch_add(1, Ordering::Relaxed);
            let _: i64 =
                sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&mut *tx).await?;
            if std::mem::take(&mut first) {
                both.wait().await;
            }
            insert(tx, id).await?;
            send_mail::enqueue(id)?;
            Ok::<_, BoxError>(())
        });
        placed.await.expect("committed");
    };
    tokio::join!(place(1), place(2));
    let attempts = attempts.load(Ordering::Relaxed);
    println!("2 transactions that conflict: {attempts} attempts");
    assert!(attempts > 2, "they were in each other's way");
    let mut jobs = shop.graphile_jobs().await;
    jobs.sort_unstable();
    assert_eq!((shop.orders().await, jobs), (vec![1, 2], vec![1, 2]));
    let count = |fate: &str| shop.fates().iter().filter(|told| *told == fate).count();
    assert_eq!(count("dispatched"), 2);
    assert_eq!(shop.fates().len(), attempts as usize, "{:?}", shop.fates());
}
