//! A future that is dropped rolls back and discards.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use airlock::transaction::{Guard, Settings};
use airlock::{Batch, DispatchError, Executor};
use sqlx::SqliteConnection;
use tokio::sync::Notify;

use super::shop::{Shop, place};
use super::unheard::{Answer, Unheard};
use crate::support::{ShopError, dropped_when};

#[tokio::test]
async fn a_body_that_is_dropped_rolls_back_and_discards() {
    let shop = Shop::open().await;
    let database = shop.database();
    let enqueued = Notify::new();
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        enqueued.notify_one();
        std::future::pending::<()>().await;
        Ok::<_, ShopError>(())
    });
    dropped_when(&enqueued, placed).await;
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: cancelled"]);
}

/// Takes its time.
struct Slow {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Executor for Slow {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        self.begun.notify_one();
        self.go_on.notified().await;
        Ok(())
    }
}

/// As a handler without a layer is when its client goes away.
#[tokio::test]
async fn a_flush_that_has_begun_is_finished_although_nobody_waits_for_it() {
    let shop = Shop::open().await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let reports = shop.reports.clone();
    let slow = Slow { begun: begun.clone(), go_on: go_on.clone() };
    let (slow, reports) = (Arc::new(slow), reports);
    let database = airlock::sqlx::Database::new(shop.pool.clone())
        .scope(move || reports.scope().executor(slow.clone()));
    let mails = shop.mails;
    let placed = database.transaction(async |tx: &mut SqliteConnection| place(tx, mails, 1).await);
    tokio::select! {
        placed = placed => panic!("nobody lets it go on: {placed:?}"),
        () = begun.notified() => {}
    }
    assert_eq!((shop.orders().await, shop.reports.fates()), (vec![1], vec![]));
    go_on.notify_one();
    airlock::tokio::wait_for_flushes().await;
    assert_eq!(shop.reports.fates(), ["dispatched"]);
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_is_reported_as_one_that_may_have_happened() {
    let shop = Shop::open().await;
    let (reports, committed) = (shop.reports.clone(), Arc::new(Notify::new()));
    let begun = Unheard::of(&shop, Answer::Late(committed.clone())).await;
    let settings = Settings::default().scope(move || reports.scope());
    let mut tx = Guard::new(begun, settings).await.expect("begun");
    tx.run_async(async |tx| place(tx, shop.mails, 1).await).await.expect("placed");
    dropped_when(&committed, tx.commit()).await;
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![]));
    assert_eq!(shop.reports.fates(), ["not attempted"]);
}

/// Polls a future once and drops it: the database has what it sends first, and mostly nobody waits for the answer.
fn dropped_at_once(future: impl Future) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

#[tokio::test]
async fn what_is_dropped_while_it_begins_leaves_its_connection_as_it_was() {
    let shop = Shop::open().await;
    let nothing = async |_: &mut SqliteConnection| Ok::<_, ShopError>(());
    let mails = shop.mails;
    for round in 0..50 {
        dropped_at_once(shop.database().transaction(nothing));
        dropped_at_once(airlock::sqlx::begin(&shop.pool));
        let mut own = shop.pool.acquire().await.expect("a connection");
        dropped_at_once(airlock::sqlx::transaction(&mut *own, nothing));
        drop(own);
        let database = shop.database();
        let placed = database.transaction(async |tx: &mut SqliteConnection| {
            place(tx, mails, 2 * round).await?;
            dropped_at_once(airlock::sqlx::transaction(&mut *tx, nothing));
            place(tx, mails, 2 * round + 1).await
        });
        placed.await.expect("committed");
    }
    assert_eq!(shop.orders().await, (0..100).collect::<Vec<_>>());
}
