//! Rows of best effort: where they can't be written, their transaction goes on without them.

use airlock::transaction::TransactionError;
use airlock::{Limit, StaysHere, block_tasks};
use airlock_transactions::driver::statement;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::sqlx::shop::{Shop, insert_orphan, place};
use crate::support::{Mails, ShopError, send_mail};

/// What no queue can carry.
#[airlock::task(local, best_effort)]
fn draw(_test: u64) {}

fn enqueue_both(mails: Mails, order: i64) -> Result<(), airlock::EnqueueError> {
    draw::enqueue(mails.number())?;
    send_mail::intent(mails.number(), order + 100).best_effort().enqueue()?;
    mails.enqueue(order)
}

const INSERT: &str = "INSERT INTO orders (id) VALUES (1)";

/// The order and its mails are there, also the one of best effort, and what no queue can carry is not.
async fn assert_without(shop: &Shop) {
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1, 101]));
}

#[tokio::test]
async fn with_sqlx() {
    let (shop, database) = Shop::with_queue().await;
    let placed = database.transaction(async |tx: &mut sqlx::SqliteConnection| {
        enqueue_both(shop.mails, 1)?;
        sqlx::query(statement(INSERT)).execute(tx).await?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_without(&shop).await;
    let lines = shop.reports.lines();
    let [drawn, mails @ ..] = &lines[..] else { panic!("{lines:?}") };
    assert!(drawn.starts_with("draw: failed: ") && drawn.contains("JSON"), "{drawn}");
    assert_eq!(mails, ["send_mail: dispatched as a row"; 2]);
}

#[tokio::test]
async fn with_sea_orm() {
    let (shop, _) = Shop::with_queue().await;
    let url = format!("sqlite:{}", shop.path());
    let connection = sea_orm::Database::connect(url).await.expect("connected");
    let database = airlock::sea_orm::Database::new(connection).queue(shop.jobs_queue().await);
    let placed = database.transaction(async |tx: &DatabaseTransaction| {
        enqueue_both(shop.mails, 1)?;
        tx.execute_unprepared(INSERT).await?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_without(&shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_diesel() {
    let (shop, _) = Shop::with_queue().await;
    let mut connection = SqliteConnection::establish(&shop.path()).expect("connected");
    let database = airlock::diesel::Database::new().queue(shop.jobs_queue().await);
    let placed = database.transaction(&mut connection, |tx| {
        enqueue_both(shop.mails, 1)?;
        tx.batch_execute(INSERT)?;
        Ok::<_, ShopError>(())
    });
    placed.expect("committed");
    assert_without(&shop).await;
}

#[tokio::test]
async fn with_diesel_async() {
    type Sqlite = SyncConnectionWrapper<SqliteConnection>;
    let (shop, _) = Shop::with_queue().await;
    let mut connection = Sqlite::establish(&shop.path()).await.expect("connected");
    let database = airlock::diesel_async::Database::new().queue(shop.jobs_queue().await);
    let placed = database.transaction(&mut connection, async |tx: &mut Sqlite| {
        enqueue_both(shop.mails, 1)?;
        tx.batch_execute(INSERT).await?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_without(&shop).await;
}

#[tokio::test]
async fn where_the_table_is_missing_the_order_is_there_without_it() {
    let shop = Shop::open().await;
    let database = shop.database().queue(shop.unset_queue().await);
    let placed = database.transaction(async |tx: &mut sqlx::SqliteConnection| {
        send_mail::intent(shop.mails.number(), 1).best_effort().enqueue()?;
        sqlx::query(statement(INSERT)).execute(tx).await?;
        Ok::<_, ShopError>(())
    });
    placed.await.expect("committed");
    assert_eq!(shop.orders().await, [1]);
    assert!(shop.reports.fates()[0].contains("no such table"), "{:?}", shop.reports.fates());
    // What is of no best effort rolls it back, as ever.
    let placed = async |tx: &mut sqlx::SqliteConnection| place(tx, shop.mails, 2).await;
    let Err(ShopError::Transaction(error)) = database.transaction(placed).await else {
        panic!("there are no tables")
    };
    assert!(matches!(error, TransactionError::Queue(_)), "{error}");
    assert_eq!(shop.orders().await, [1]);
}

#[tokio::test]
async fn they_are_rows_like_the_others_where_all_goes_well() {
    let (shop, database) = Shop::with_queue().await;
    let enqueue = || {
        send_mail::intent(shop.mails.number(), 1).best_effort().enqueue()?;
        shop.mails.enqueue(2)
    };
    let failed = database.transaction(async |tx: &mut sqlx::SqliteConnection| {
        enqueue()?;
        insert_orphan(tx, 1).await?;
        Ok::<_, ShopError>(())
    });
    failed.await.expect_err("a constraint");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    let placed = database.transaction(async |tx: &mut sqlx::SqliteConnection| {
        enqueue()?;
        let nested = database.within(&mut *tx, async |tx: &mut sqlx::SqliteConnection| {
            send_mail::intent(shop.mails.number(), 3).best_effort().enqueue()?;
            sqlx::query(statement(INSERT)).execute(tx).await?;
            Ok::<_, ShopError>(())
        });
        nested.await
    });
    placed.await.expect("committed");
    // Those of best effort are written after the others.
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![3, 2, 1]));

    let quiet = airlock::policy(block_tasks![send_mail]);
    let dropped = database.transaction(async |_: &mut sqlx::SqliteConnection| {
        enqueue()?;
        Ok::<_, ShopError>(())
    });
    quiet.run_async(dropped).await.expect("committed");
    assert_eq!(shop.jobs().await, [3, 2, 1]);
}

#[tokio::test]
async fn a_limit_lets_the_others_pass_first() {
    let (shop, database) = Shop::with_queue().await;
    let limit = airlock::policy(StaysHere(Limit::per_flush(1)));
    let placed = database.transaction(async |_: &mut sqlx::SqliteConnection| {
        send_mail::intent(shop.mails.number(), 1).best_effort().enqueue()?;
        shop.mails.enqueue(2)?;
        Ok::<_, ShopError>(())
    });
    limit.run_async(placed).await.expect("committed");
    assert_eq!(shop.jobs().await, [2]);
}
