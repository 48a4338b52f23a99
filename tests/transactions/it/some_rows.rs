//! A queue for some tasks: their effects are rows of the transaction, and the others leave after the commit.

use std::sync::Mutex;

use airlock::tasks;
use airlock::testing::capture_async;
use airlock::transaction::TransactionError;
use sqlx::SqliteConnection;

use crate::sqlx::shop::{Shop, insert, insert_orphan, place};
use crate::support::{Mails, ShopError, send_mail};

static DRAWN: Mutex<Vec<(u64, i64)>> = Mutex::new(Vec::new());

/// What no queue can carry.
#[airlock::task(local)]
fn draw(test: u64, order_id: i64) {
    DRAWN.lock().expect("unpoisoned").push((test, order_id));
}

fn drawn(mails: Mails) -> Vec<i64> {
    let drawn = DRAWN.lock().expect("unpoisoned");
    drawn.iter().filter(|(test, _)| *test == mails.number()).map(|(_, order)| *order).collect()
}

async fn shop() -> (Shop, airlock::sqlx::Database<sqlx::Sqlite>) {
    let (shop, database) = Shop::with_queue().await;
    (shop, database.tasks(tasks![send_mail]))
}

/// An order with its picture and its mail.
async fn place_drawn(tx: &mut SqliteConnection, mails: Mails, id: i64) -> Result<i64, ShopError> {
    draw::enqueue(mails.number(), id)?;
    place(tx, mails, id).await
}

#[tokio::test]
async fn the_others_leave_after_the_commit() {
    let (shop, database) = shop().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place_drawn(tx, shop.mails, 1).await?;
        assert_eq!(drawn(shop.mails), [0; 0]);
        place_drawn(tx, shop.mails, 2).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 2], vec![1, 2]));
    assert_eq!((drawn(shop.mails), shop.mails.sent()), (vec![1, 2], vec![]));
    assert_eq!(
        shop.reports.lines(),
        [
            "send_mail: dispatched as a row",
            "send_mail: dispatched as a row",
            "draw: dispatched",
            "draw: dispatched",
        ]
    );
}

#[tokio::test]
async fn neither_leaves_where_the_body_fails_or_the_commit() {
    let (shop, database) = shop().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place_drawn(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        insert_orphan(tx, 2).await?;
        draw::enqueue(shop.mails.number(), 2)?;
        shop.mails.enqueue(2)?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect_err("a constraint");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    assert_eq!((drawn(shop.mails), shop.mails.sent()), (vec![], vec![]));
    let mut fates = shop.reports.fates();
    fates.sort();
    let (error, rolled_back) = ("discarded: error", "discarded: rolled back");
    assert_eq!(fates, [error, error, rolled_back, rolled_back]);
}

#[tokio::test]
async fn neither_leaves_where_the_queue_can_t_write() {
    let shop = Shop::open().await;
    // Nobody has set the queue up.
    let database = shop.database().queue(shop.unset_queue().await).tasks(tasks![send_mail]);
    let placed = database
        .transaction(async |tx: &mut SqliteConnection| place_drawn(tx, shop.mails, 1).await);
    let Err(ShopError::Transaction(error)) = placed.await else { panic!("there are no tables") };
    assert!(matches!(error, TransactionError::Queue(_)), "{error}");
    assert_eq!(error.into_intents().len(), 1, "the row; the picture is the transaction's");
    assert_eq!((shop.orders().await, drawn(shop.mails)), (vec![], vec![]));
    assert!(shop.reports.fates().contains(&"discarded: rolled back".to_owned()));
}

#[tokio::test]
async fn a_transaction_without_any_for_the_queue_writes_nothing() {
    let (shop, database) = shop().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        insert(tx, 1).await?;
        draw::enqueue(shop.mails.number(), 1)?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_eq!((shop.jobs().await, drawn(shop.mails)), (vec![], vec![1]));
    assert_eq!(shop.reports.lines(), ["draw: dispatched"]);
}

#[tokio::test]
async fn the_others_move_into_the_scope_around() {
    let (shop, database) = shop().await;
    let body = database
        .transaction(async |tx: &mut SqliteConnection| place_drawn(tx, shop.mails, 1).await);
    let (placed, sealed) = airlock::scope().seal_async(body).await;
    placed.expect("committed");
    assert_eq!((shop.jobs().await, drawn(shop.mails), sealed.len()), (vec![1], vec![], 1));
    sealed.flush().expect("drawn");
    assert_eq!(drawn(shop.mails), [1]);
}

#[tokio::test]
async fn those_of_a_savepoint_move_into_its_transaction() {
    let (shop, database) = shop().await;
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        let nested = database.within(&mut *tx, async |tx: &mut SqliteConnection| {
            place_drawn(tx, shop.mails, 1).await
        });
        nested.await?;
        assert_eq!(drawn(shop.mails), [0; 0]);
        let failed = database.within(&mut *tx, async |tx: &mut SqliteConnection| {
            place_drawn(tx, shop.mails, 2).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        failed.await.expect_err("out of stock");
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
    assert_eq!(drawn(shop.mails), [1]);
}

#[tokio::test]
async fn in_a_transaction_that_nobody_waits_for_the_others_are_refused() {
    let (shop, database) = shop().await;
    let mut foreign = shop.pool.begin().await.expect("begun");
    let rows = database
        .within(&mut foreign, async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    rows.await.expect("rows need no scope");
    let calls = database.within(&mut foreign, async |tx: &mut SqliteConnection| {
        place_drawn(tx, shop.mails, 2).await
    });
    let error = calls.await.expect_err("nobody would know when").to_string();
    assert!(error.contains("some of its effects are none of the queue's `.tasks(…)`"), "{error}");
    foreign.commit().await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
    assert_eq!(drawn(shop.mails), [0; 0]);

    // So it does inside a capture, which is no scope around.
    let (refused, effects) = capture_async(async {
        let mut foreign = shop.pool.begin().await?;
        let calls = async |_: &mut SqliteConnection| {
            draw::enqueue(shop.mails.number(), 3)?;
            Ok::<_, ShopError>(())
        };
        database.within(&mut *foreign, calls).await
    })
    .await;
    let refused = refused.expect_err("nobody would know when").to_string();
    assert!(
        refused.contains("some of its effects are none of the queue's `.tasks(…)`"),
        "{refused}"
    );
    assert!(effects.is_empty());
}

#[tokio::test]
async fn a_capture_says_which_would_be_rows() {
    let (shop, database) = shop().await;
    let body = database
        .transaction(async |tx: &mut SqliteConnection| place_drawn(tx, shop.mails, 1).await);
    let (placed, effects) = capture_async(body).await;
    placed.expect("committed");
    let test = shop.mails.number();
    let rows: Vec<_> = effects.rows().map(|intent| intent.task().name()).collect();
    assert_eq!(rows, [<send_mail as airlock::Task>::NAME]);
    assert_eq!((effects.len(), shop.jobs().await, drawn(shop.mails)), (2, vec![], vec![]));

    let nested = database.transaction(async |tx: &mut SqliteConnection| {
        let nested = database.within(&mut *tx, async |tx: &mut SqliteConnection| {
            place_drawn(tx, shop.mails, 2).await
        });
        nested.await
    });
    let (placed, effects) = Box::pin(capture_async(nested)).await;
    placed.expect("committed");
    assert_eq!(effects.rows().count(), 1);
    assert_eq!(effects.len(), 2);
    assert!(effects.rows().all(|mail| mail.is_same(&send_mail::intent(test, 2))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_libraries_do_the_same() {
    let shop = Shop::open().await;
    let (mails, jobs) = (shop.mails, shop.jobs_queue().await);

    let database = airlock::sea_orm::Database::new(crate::sea_orm::connect(&shop).await)
        .queue(jobs.clone())
        .tasks(tasks![send_mail]);
    let placed = database.transaction(async |tx: &sea_orm::DatabaseTransaction| {
        draw::enqueue(mails.number(), 1)?;
        crate::sea_orm::place(tx, mails, 1).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.jobs().await, drawn(mails)), (vec![1], vec![1]));

    let mut connection = crate::diesel_async::connect(&shop).await;
    let database = airlock::diesel_async::Database::new();
    let database = database.queue(jobs.clone()).tasks(tasks![send_mail]);
    let body = async |tx: &mut crate::diesel_async::Connection| {
        draw::enqueue(mails.number(), 2)?;
        crate::diesel_async::place(tx, mails, 2).await
    };
    database.transaction(&mut connection, body).await.expect("committed");
    assert_eq!((shop.jobs().await, drawn(mails)), (vec![1, 2], vec![1, 2]));

    let database = airlock::diesel::Database::new().queue(jobs).tasks(tasks![send_mail]);
    let placed = database.transaction(&mut crate::diesel::connect(&shop), |tx| {
        draw::enqueue(mails.number(), 3)?;
        crate::diesel::place(tx, mails, 3)
    });
    placed.expect("committed");
    assert_eq!((shop.jobs().await, drawn(mails)), (vec![1, 2, 3], vec![1, 2, 3]));
}
