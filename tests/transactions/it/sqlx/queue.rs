//! Effects that are rows of the transaction.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::BoxError;
use airlock::transaction::TransactionError;
use airlock::worker::{Message, Settled, Source};
use sqlx::SqliteConnection;
use tokio::sync::Notify;

use super::shop::{Shop, insert, insert_orphan, place};
use crate::support::{Mails, ShopError};

#[tokio::test]
async fn rows_are_there_when_the_data_is() {
    let (shop, database) = Shop::with_queue().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        for id in 1..=3 {
            place(tx, shop.mails, id).await?;
        }
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 2, 3], vec![1, 2, 3]));
    assert_eq!(
        (shop.mails.sent(), shop.reports.fates()),
        (vec![], vec!["dispatched".to_owned(); 3])
    );
}

/// A queue that says when its worker waits.
struct Watched {
    jobs: airlock::apalis::Sqlite,
    waits: Arc<Notify>,
}

impl Source for Watched {
    type Receipt = <airlock::apalis::Sqlite as Source>::Receipt;

    async fn open(&self) -> Result<(), BoxError> {
        Source::open(&self.jobs).await
    }

    async fn wait(&self) {
        self.waits.notify_one();
        Source::wait(&self.jobs).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<Self::Receipt>>, BoxError> {
        Source::receive(&self.jobs, room).await
    }

    async fn begin(&self, receipts: &[&Self::Receipt]) -> Result<Vec<usize>, BoxError> {
        Source::begin(&self.jobs, receipts).await
    }

    async fn settle(&self, settled: &[Settled<Self::Receipt>]) -> Result<Vec<usize>, BoxError> {
        Source::settle(&self.jobs, settled).await
    }

    async fn close(&self) -> Result<(), BoxError> {
        Source::close(&self.jobs).await
    }
}

#[tokio::test]
async fn a_worker_of_this_process_is_woken() {
    let shop = Shop::open().await;
    // It looks by itself once a day: a worker that is not woken hangs.
    let jobs = shop.unset_queue().await.poll(Duration::from_hours(24));
    jobs.setup().await.expect("tables");
    let database = shop.database().queue(jobs.clone());
    let worker = airlock::worker().build().expect("a worker");
    let waits = Arc::new(Notify::new());
    let placing = async {
        waits.notified().await;
        let placed =
            database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
        placed.await.expect("committed");
        while shop.mails.sent().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let served = worker.run(Watched { jobs, waits: waits.clone() }, placing).await.expect("served");
    assert_eq!((served.done, shop.mails.sent()), (1, vec![1]));
}

#[tokio::test]
async fn an_error_leaves_neither() {
    let (shop, database) = Shop::with_queue().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: error"]);
}

#[tokio::test]
async fn a_commit_that_fails_leaves_neither_and_reports_nothing_as_sent() {
    let (shop, database) = Shop::with_queue().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        insert_orphan(tx, 1).await?;
        shop.mails.enqueue(1)?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect_err("a constraint");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
async fn an_enclosing_scope_neither_delays_nor_loses_rows() {
    let (shop, database) = Shop::with_queue().await;
    let body =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let (placed, sealed) = airlock::scope().seal_async(body).await;
    placed.expect("committed");
    assert!(sealed.is_empty());
    sealed.discard();
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
}

#[tokio::test]
async fn a_push_that_fails_rolls_back_and_hands_everything_back() {
    let shop = Shop::open().await;
    // Nobody has set the queue up.
    let database = shop.database().queue(shop.unset_queue().await);
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        place(tx, shop.mails, 2).await
    });
    let Err(ShopError::Transaction(error)) = placed.await else { panic!("there are no tables") };
    let text = error.to_string();
    assert!(
        text.starts_with("the transaction was rolled back, for its effects can't be queued: "),
        "{text}"
    );
    assert!(text.contains("call `setup()` before it is first used"), "{text}");
    assert!(matches!(error, TransactionError::Queue(_)) && !error.is_committed());
    assert_eq!(shop.orders().await, [0; 0]);
    assert_eq!(error.into_intents().len(), 2);
    assert_eq!(shop.reports.fates().len(), 2);
    assert!(shop.reports.fates().iter().all(|fate| fate.starts_with("failed: ")));
}

#[tokio::test]
async fn a_task_that_the_queue_can_t_take_is_named() {
    #[airlock::task(local)]
    fn draw(_picture: Vec<u8>) {}

    let (shop, database) = Shop::with_queue().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        draw::enqueue(vec![1])?;
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(error)) = placed.await else { panic!("it can't be queued") };
    assert!(error.to_string().contains("draw"), "{error}");
    assert!(error.to_string().contains("local"), "{error}");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    assert_eq!(error.into_intents().len(), 2);
}

#[tokio::test]
async fn a_unique_key_that_is_held_is_left_out_and_the_order_is_placed() {
    let (shop, database) = Shop::with_queue().await;
    for id in 1..=2 {
        let placed = database.transaction(async |tx: &mut SqliteConnection| {
            insert(tx, id).await?;
            shop.mails.enqueue_unique(id, "digest")?;
            Ok::<_, ShopError>(())
        });
        placed.await.expect("committed");
    }
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 2], vec![1]));
    let fates = shop.reports.fates();
    assert_eq!(fates[0], "dispatched");
    assert!(fates[1].contains("duplicate") || fates[1].contains("unique"), "{fates:?}");
}

#[tokio::test]
async fn a_queue_that_panics_rolls_back() {
    struct Buggy;
    impl airlock::transaction::Queue<SqliteConnection> for Buggy {
        async fn push(
            &self,
            _: &mut SqliteConnection,
            _: &mut airlock::Batch,
        ) -> Result<(), airlock::DispatchError> {
            panic!("a bug")
        }
    }
    let shop = Shop::open().await;
    let database = shop.database().queue(Buggy);
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let Err(ShopError::Transaction(error)) = placed.await else { panic!("the queue panics") };
    assert!(error.to_string().contains("the queue panicked: a bug"), "{error}");
    assert_eq!(shop.orders().await, [0; 0]);
}

#[tokio::test]
async fn reports_come_after_the_commit() {
    /// Notes how many orders can be seen from outside when it is told of the commit.
    struct Noted(sqlx::SqlitePool, Arc<Mutex<Vec<&'static str>>>);
    impl airlock::transaction::Queue<SqliteConnection> for Noted {
        async fn push(
            &self,
            _: &mut SqliteConnection,
            _: &mut airlock::Batch,
        ) -> Result<(), airlock::DispatchError> {
            let orders: Vec<i64> = sqlx::query_scalar("SELECT id FROM orders")
                .fetch_all(&self.0)
                .await
                .map_err(airlock::DispatchError::all)?;
            assert!(orders.is_empty(), "not yet committed");
            self.1.lock().expect("unpoisoned").push("pushed");
            Ok(())
        }
        fn committed(&self) {
            self.1.lock().expect("unpoisoned").push("committed");
        }
    }
    let shop = Shop::open().await;
    let noted = Arc::default();
    let told = Arc::clone(&noted);
    let database =
        shop.database().queue(Noted(shop.pool.clone(), Arc::clone(&noted))).scope(move || {
            let told = Arc::clone(&told);
            airlock::scope().on_report(move |_| told.lock().expect("unpoisoned").push("reported"))
        });
    let mails: Mails = shop.mails;
    let placed = database.transaction(async |tx: &mut SqliteConnection| place(tx, mails, 1).await);
    placed.await.expect("committed");
    assert_eq!(*noted.lock().expect("unpoisoned"), ["pushed", "reported", "committed"]);
}
