//! Policies hold, wherever they are and whichever way effects leave.

use std::sync::atomic::{AtomicU32, Ordering};

use airlock::transaction::commit_all;
use airlock::{Coalesce, DropAll, Limit, Policy, StaysHere, block_tasks};
use airlock_transactions::driver::statement;
use sqlx::SqliteConnection;

use super::shop::{Shop, place};
use crate::support::{ShopError, send_mail};

#[tokio::test]
async fn a_policy_of_the_transaction_holds() {
    let shop = Shop::open().await;
    let database = shop.database().scope(|| airlock::scope().policy(DropAll));
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![]));
}

#[tokio::test]
async fn policies_around_hold_for_rows() {
    let (shop, database) = Shop::with_queue().await;
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let placed = airlock::policy(block_tasks![send_mail]).run_async(placed).await;
    placed.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![]));
    assert_eq!(shop.reports.fates(), ["dropped by BlockTasks"]);
}

#[tokio::test]
async fn a_policy_with_a_memory_counts_rows() {
    let (shop, database) = Shop::with_queue().await;
    let body = database.transaction(async |tx: &mut SqliteConnection| {
        for id in 1..=3 {
            place(tx, shop.mails, id).await?;
        }
        Ok::<_, ShopError>(())
    });
    let (placed, sealed) =
        airlock::scope().policy(StaysHere(Limit::per_flush(2))).seal_async(body).await;
    placed.expect("committed");
    assert!(sealed.is_empty());
    assert_eq!(shop.jobs().await, [1, 2]);
}

#[tokio::test]
async fn a_refusal_is_the_body_s_error() {
    let (shop, database) = Shop::with_queue().await;
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let placed = airlock::policy(airlock::AssertNoEffects).run_async(placed).await;
    assert!(matches!(placed, Err(ShopError::Enqueue(_))));
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
}

/// Fifty transactions with a mail each, of seven kinds, in one scope under a policy; how many mails leave.
async fn fifty(policy: impl Policy, queue: bool, release: bool) -> usize {
    let shop = Shop::open().await;
    let database = shop.database();
    let database = if queue { database.queue(shop.jobs_queue().await) } else { database };
    let all = async {
        for id in 0..50 {
            let placed = database.transaction(async |_: &mut SqliteConnection| {
                shop.mails.enqueue(id % 7)?;
                Ok::<_, ShopError>(())
            });
            placed.await.expect("committed");
        }
    };
    let scope = airlock::scope().policy(policy);
    // What is released leaves after each commit, in a flush that goes on though nobody waits for it.
    let scope = if release { scope.release_all() } else { scope };
    scope.run_async(all).await.expect("flushed");
    if queue { shop.jobs().await.len() } else { shop.mails.sent().len() }
}

#[tokio::test]
async fn a_scope_s_memory_is_one_with_a_queue_and_without() {
    for (queue, release) in [(false, false), (false, true), (true, false)] {
        assert_eq!(fifty(StaysHere(Limit::per_flush(10)), queue, release).await, 10);
        assert_eq!(fifty(StaysHere(Coalesce), queue, release).await, 7);
        assert_eq!(fifty(StaysHere((Coalesce, Limit::per_flush(5))), queue, release).await, 5);
    }
}

#[tokio::test]
async fn of_guards_and_of_transactions_that_are_committed_together() {
    let (shop, database) = Shop::with_queue().await;
    let all = async {
        for id in 1..=2 {
            let mut tx = database.begin().await.expect("begun");
            tx.run(|_| shop.mails.enqueue(id)).expect("enqueued");
            tx.commit().await.expect("committed");
        }
        let mut tx = database.begin().await.expect("begun");
        tx.run(|_| (3..=4).try_for_each(|id| shop.mails.enqueue(id))).expect("enqueued");
        commit_all([("shop", tx.into())]).await.expect("committed");
    };
    airlock::scope().policy(StaysHere(Limit::per_flush(3))).run_async(all).await.expect("flushed");
    assert_eq!(shop.jobs().await, [1, 2, 3]);
}

/// What was rolled back has not left: what is enqueued in its place does.
#[tokio::test]
async fn rows_that_were_rolled_back_are_not_remembered() {
    let (shop, database) = Shop::with_queue().await;
    let attempts = AtomicU32::new(0);
    let all = async {
        // The deferred constraint fails at the commit, when the rows are written and judged.
        let placed = database.transaction(async |tx: &mut SqliteConnection| {
            sqlx::query("INSERT INTO orders (id, parent) VALUES (9, -1)").execute(&mut *tx).await?;
            shop.mails.enqueue(1)?;
            Ok::<_, ShopError>(())
        });
        placed.await.expect_err("a constraint");
        let again = database.retry_if(1, |_: &ShopError| true);
        let placed = again.transaction(async |tx: &mut SqliteConnection| {
            let parent = if attempts.fetch_add(1, Ordering::Relaxed) == 0 { "-1" } else { "NULL" };
            let insert = format!("INSERT INTO orders (id, parent) VALUES (1, {parent})");
            sqlx::query(statement(&insert)).execute(&mut *tx).await?;
            shop.mails.enqueue(1)?;
            shop.mails.enqueue(2)?;
            Ok::<_, ShopError>(())
        });
        placed.await.expect("committed");
    };
    let scope = airlock::scope().policy(StaysHere((Coalesce, Limit::per_flush(2))));
    scope.run_async(all).await.expect("flushed");
    assert_eq!((attempts.into_inner(), shop.jobs().await), (2, vec![1, 2]));
}

/// A row of a transaction that has not ended might be rolled back: its like is no duplicate yet.
#[tokio::test]
async fn nothing_is_lost_to_a_row_that_may_be_rolled_back() {
    let (shop, database) = Shop::with_queue().await;
    let other = Shop::open().await;
    let elsewhere = other.database().queue(other.jobs_queue().await);
    let all = async {
        let placed = database.transaction(async |tx: &mut SqliteConnection| {
            let inner = database.within(&mut *tx, async |_: &mut SqliteConnection| {
                shop.mails.enqueue(1)?;
                Ok::<_, ShopError>(())
            });
            inner.await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        placed.await.expect_err("out of stock");
        let placed = elsewhere.transaction(async |_: &mut SqliteConnection| {
            shop.mails.enqueue(1)?;
            Ok::<_, ShopError>(())
        });
        placed.await.expect("committed");
    };
    Box::pin(airlock::scope().policy(StaysHere(Coalesce)).run_async(all)).await.expect("flushed");
    assert_eq!((shop.jobs().await, other.jobs().await), (vec![], vec![1]));
}
