//! With SeaORM.

use airlock::InScope;
use airlock::sea_orm::{Database, begin, transaction};
use airlock::transaction::{Failure, TransactionError, commit_all};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use tokio::sync::Notify;

use crate::sqlx::shop::Shop;
use crate::support::{Mails, ShopError, dropped_when};

pub(crate) async fn connect(shop: &Shop) -> DatabaseConnection {
    sea_orm::Database::connect(format!("sqlite:{}", shop.path())).await.expect("connected")
}

async fn insert(tx: &DatabaseTransaction, values: &str) -> Result<(), sea_orm::DbErr> {
    let insert = format!("INSERT INTO orders (id, parent) VALUES ({values})");
    tx.execute_unprepared(&insert).await.map(drop)
}

pub(crate) async fn place(
    tx: &DatabaseTransaction,
    mails: Mails,
    id: i64,
) -> Result<i64, ShopError> {
    insert(tx, &format!("{id}, NULL")).await?;
    mails.enqueue(id)?;
    Ok(id)
}

#[tokio::test]
async fn effects_leave_after_the_commit_and_a_savepoint_is_rolled_back_alone() {
    let shop = Shop::open().await;
    let connection = connect(&shop).await;
    let placed = transaction(&connection, async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 1).await?;
        let nested = transaction(tx, async |tx: &DatabaseTransaction| {
            place(tx, shop.mails, 2).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        nested.await.expect_err("out of stock");
        transaction(tx, async |tx: &DatabaseTransaction| place(tx, shop.mails, 3).await).await?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Ok::<_, ShopError>("placed")
    });
    assert_eq!(placed.await.expect("committed"), "placed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1, 3], vec![1, 3]));
}

#[tokio::test]
async fn an_error_a_failed_commit_and_a_dropped_future_discard() {
    let shop = Shop::open().await;
    let reports = shop.reports.clone();
    let database = Database::new(connect(&shop).await).scope(move || reports.scope());
    let failed = database.transaction(async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    failed.await.expect_err("out of stock");
    let refused = database.transaction(async |tx: &DatabaseTransaction| {
        insert(tx, "2, -1").await?;
        shop.mails.enqueue(2)?;
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = refused.await else {
        panic!("the commit fails")
    };
    assert!(
        error.is_certain() && error.to_string().starts_with("can't commit to SQLite: "),
        "{error}"
    );
    let there = Notify::new();
    let endless = database.transaction(async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 3).await?;
        there.notify_one();
        std::future::pending::<()>().await;
        Ok::<_, ShopError>(())
    });
    dropped_when(&there, endless).await;
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    let fates = ["discarded: error", "discarded: rolled back", "discarded: cancelled"];
    assert_eq!(shop.reports.fates(), fates);
}

#[tokio::test]
async fn a_panic_rolls_back_and_discards() {
    let shop = Shop::open().await;
    let (reports, mails) = (shop.reports.clone(), shop.mails);
    let database = Database::new(connect(&shop).await).scope(move || reports.scope());
    let again = database.clone();
    let panicked = tokio::spawn(async move {
        let body = async move |tx: &DatabaseTransaction| {
            place(tx, mails, 1).await?;
            assert!(!mails.sent().is_empty(), "a bug");
            Ok::<_, ShopError>(())
        };
        database.transaction(body).await
    });
    assert!(panicked.await.expect_err("a panic").is_panic());
    let placed = again.transaction(async |tx: &DatabaseTransaction| place(tx, mails, 2).await);
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, mails.sent()), (vec![2], vec![2]));
    assert_eq!(shop.reports.fates(), ["discarded: panic", "dispatched"]);
}

#[tokio::test]
async fn rows_of_the_transaction() {
    let shop = Shop::open().await;
    let database = Database::new(connect(&shop).await).queue(shop.jobs_queue().await);
    let body = database.transaction(async |tx: &DatabaseTransaction| {
        for id in 1..=3 {
            place(tx, shop.mails, id).await?;
        }
        shop.mails.enqueue_unique(4, "digest")?;
        shop.mails.enqueue_unique(5, "digest")?;
        Ok::<_, ShopError>(())
    });
    let (placed, sealed) = airlock::scope().seal_async(body).await;
    placed.expect("committed");
    assert!(sealed.is_empty());
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 2, 3], vec![1, 2, 3, 4]));
    let failed = database.transaction(async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 6).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    failed.await.expect_err("out of stock");
    assert_eq!(shop.jobs().await.len(), 4);
}

#[tokio::test]
async fn a_transaction_that_someone_else_opened() {
    let shop = Shop::open().await;
    let connection = connect(&shop).await;
    let foreign = connection.begin().await.expect("begun");
    let refused =
        transaction(&foreign, async |_: &DatabaseTransaction| Ok::<_, ShopError>(())).await;
    assert!(refused.expect_err("no scope").to_string().contains("no scope is around"));
    let database = Database::new(connection).queue(shop.jobs_queue().await);
    let placed =
        database.within(&foreign, async |tx: &DatabaseTransaction| place(tx, shop.mails, 1).await);
    placed.await.expect("released");
    foreign.commit().await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
}

#[tokio::test]
async fn guards_alone_and_together_with_those_of_sqlx() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let connection = connect(&shop).await;
    let tx = begin(&connection).await.expect("begun");
    place(&tx, shop.mails, 1).in_scope(tx.handle()).await.expect("placed");
    let mut second = airlock::sqlx::begin(&other.pool).await.expect("begun");
    crate::sqlx::shop::insert(&mut second, 2).await.expect("inserted");
    second.run(|_| other.mails.enqueue(2)).expect("in a scope");
    commit_all([("shop", tx.into()), ("stock", second.into())]).await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
    assert_eq!((other.orders().await, other.mails.sent()), (vec![2], vec![2]));
    let tx = begin(&connection).await.expect("begun");
    place(&tx, shop.mails, 3).in_scope(tx.handle()).await.expect("placed");
    drop(tx);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

/// Reads, lets somebody else write, and then writes on a snapshot that is no longer the last one.
async fn read_then_write(
    shop: &Shop,
    tx: &DatabaseTransaction,
    attempt: i64,
) -> Result<(), ShopError> {
    tx.execute_unprepared("SELECT count(*) FROM orders").await?;
    shop.mails.enqueue(attempt)?;
    if attempt == 1 {
        crate::sqlx::shop::insert(&mut *shop.pool.acquire().await?, 100).await?;
    }
    insert(tx, &format!("{attempt}, NULL")).await?;
    Ok(())
}

#[tokio::test]
async fn the_body_runs_again_after_a_conflict() {
    let shop = Shop::open().await;
    let reports = shop.reports.clone();
    let database = Database::new(connect(&shop).await).scope(move || reports.scope());
    let refused = database
        .transaction(async |tx: &DatabaseTransaction| read_then_write(&shop, tx, 1).await)
        .await
        .expect_err("a conflict");
    assert!(airlock::sea_orm::is_conflict(&refused), "{refused:?}");
    crate::sqlx::shop::clear(&shop).await;
    let mut attempt = 0;
    let placed = database.retry(3).transaction(async |tx: &DatabaseTransaction| {
        attempt += 1;
        read_then_write(&shop, tx, attempt).await
    });
    placed.await.expect("committed");
    assert_eq!(attempt, 2);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![2, 100], vec![2]));
    assert_eq!(shop.reports.fates(), ["discarded: error", "discarded: error", "dispatched"]);
}

#[tokio::test]
async fn no_more_often_than_told_and_after_no_other_error() {
    let shop = Shop::open().await;
    let database = Database::new(connect(&shop).await).queue(shop.jobs_queue().await);
    let mut attempts = 0;
    let again = database.retry_if(2, |error: &ShopError| matches!(error, ShopError::OutOfStock));
    let placed = again.transaction(async |tx: &DatabaseTransaction| {
        attempts += 1;
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!(attempts, 3);
    let placed = database.retry(2).transaction(async |tx: &DatabaseTransaction| {
        attempts += 1;
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!((attempts, shop.orders().await, shop.jobs().await), (4, vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_run_on_other_threads() {
    let shop = Shop::open().await;
    let (database, mails) = (Database::new(connect(&shop).await), shop.mails);
    let placed = tokio::spawn(async move {
        database.transaction(async |tx: &DatabaseTransaction| place(tx, mails, 1).await).await
    });
    placed.await.expect("no panic").expect("committed");
    assert_eq!(shop.mails.sent(), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_are_run_again_may_run_on_other_threads() {
    let shop = Shop::open().await;
    let (database, mails) = (Database::new(connect(&shop).await), shop.mails);
    let placed = tokio::spawn(async move {
        let body = async move |tx: &DatabaseTransaction| place(tx, mails, 1).await;
        database.retry(3).transaction(body).await
    });
    placed.await.expect("no panic").expect("committed");
    assert_eq!(shop.mails.sent(), [1]);
}

/// A shop, and a database whose only connection is one on which SQLite has ended a transaction by itself.
async fn rolled_back_by_itself() -> (Shop, Database) {
    let shop = Shop::open().await;
    let mut options = sea_orm::ConnectOptions::new(format!("sqlite:{}", shop.path()));
    options.max_connections(1);
    let connection = sea_orm::Database::connect(options).await.expect("connected");
    let database = Database::new(connection);
    let ended = database.transaction(async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 1).await?;
        tx.execute_unprepared("INSERT OR ROLLBACK INTO orders (id) VALUES (1)").await?;
        Ok::<_, ShopError>(())
    });
    ended.await.expect_err("there is such an order");
    (shop, database)
}

/// In a scope around, as a layer's, into which the effects of a savepoint would go.
async fn three_more(shop: &Shop, database: &Database) {
    let request = airlock::scope().run_async(async {
        for (id, fails) in [(2, false), (3, true), (4, false)] {
            let placed = database.transaction(async |tx: &DatabaseTransaction| {
                place(tx, shop.mails, id).await?;
                if fails { Err(ShopError::OutOfStock) } else { Ok(()) }
            });
            assert_eq!(placed.await.is_err(), fails, "{id}");
        }
    });
    request.await.expect("flushed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![2, 4], vec![2, 4]));
}

#[tokio::test]
async fn where_sqlite_has_rolled_back_by_itself_the_next_one_is_one_of_its_own() {
    let (shop, database) = rolled_back_by_itself().await;
    three_more(&shop, &database).await;
}

#[tokio::test]
async fn so_is_it_after_one_of_sea_orms_own() {
    let (shop, database) = rolled_back_by_itself().await;
    let own = database.connection().begin().await.expect("begun");
    insert(&own, "1, NULL").await.expect("inserted");
    let again = "INSERT OR ROLLBACK INTO orders (id) VALUES (1)";
    own.execute_unprepared(again).await.expect_err("there is such an order");
    own.rollback().await.expect_err("SQLite has done it");
    three_more(&shop, &database).await;
}

#[tokio::test]
async fn so_is_it_after_a_panic() {
    let (shop, database) = rolled_back_by_itself().await;
    let (shared, mails) = (database.clone(), shop.mails);
    let panicked = tokio::spawn(async move {
        let body = async move |tx: &DatabaseTransaction| -> Result<(), ShopError> {
            place(tx, mails, 1).await?;
            let again = "INSERT OR ROLLBACK INTO orders (id) VALUES (1)";
            tx.execute_unprepared(again).await.expect("there is no such order");
            Ok(())
        };
        shared.transaction(body).await
    });
    assert!(panicked.await.expect_err("a panic").is_panic());
    three_more(&shop, &database).await;
}

#[tokio::test]
async fn in_a_savepoint_it_is_the_end_of_the_transaction_around() {
    let (shop, database) = rolled_back_by_itself().await;
    let placed = database.transaction(async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 1).await?;
        let nested = transaction(tx, async |tx: &DatabaseTransaction| {
            place(tx, shop.mails, 2).await?;
            tx.execute_unprepared("INSERT OR ROLLBACK INTO orders (id) VALUES (1)").await?;
            Ok::<_, ShopError>(())
        });
        nested.await.expect_err("there is such an order");
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed.await else {
        panic!("it can't be committed")
    };
    assert!(error.is_certain(), "{error}");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    three_more(&shop, &database).await;
}

#[tokio::test]
async fn a_body_that_swallows_it_is_told() {
    let (shop, database) = rolled_back_by_itself().await;
    let swallow = async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 1).await?;
        let again = "INSERT OR ROLLBACK INTO orders (id) VALUES (1)";
        tx.execute_unprepared(again).await.expect_err("there is such an order");
        Ok::<_, ShopError>(())
    };
    let Err(ShopError::Transaction(TransactionError::Database(error))) =
        database.transaction(swallow).await
    else {
        panic!("it can't be committed")
    };
    assert!(error.is_certain(), "{error}");
    assert_eq!(shop.mails.sent(), [0; 0]);
    three_more(&shop, &database).await;

    let jobs = shop.jobs_queue().await;
    let queued = database.clone().queue(jobs);
    let swallow = async |tx: &DatabaseTransaction| {
        place(tx, shop.mails, 5).await?;
        let again = "INSERT OR ROLLBACK INTO orders (id) VALUES (5)";
        tx.execute_unprepared(again).await.expect_err("there is such an order");
        Ok::<_, ShopError>(())
    };
    queued.transaction(swallow).await.expect_err("it can't be committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![2, 4], vec![]), "nor its mail");
}

/// SeaORM does not say how deep a transaction is. The book says so.
#[tokio::test]
async fn one_of_sea_orms_own_that_is_held_is_committed_in_place_of_the_one_around() {
    let shop = Shop::open().await;
    let connection = connect(&shop).await;
    let tx = begin(&connection).await.expect("begun");
    place(&tx, shop.mails, 1).in_scope(tx.handle()).await.expect("placed");
    let held = tx.begin().await.expect("a savepoint");
    tx.commit().await.expect("SeaORM says that it has");
    drop(held);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![1]));
}

/// That nothing is committed, and why.
#[track_caller]
fn refused(error: TransactionError, why: &str) {
    let TransactionError::Database(error) = error else { panic!("the database's: {error}") };
    assert!(error.is_certain() && error.to_string().contains(why), "{error}");
}

const LEFT: &str = "a transaction inside it was begun and has not ended: end that one first";

/// SeaORM would release what is inside, and roll everything back once that is dropped.
#[tokio::test]
async fn one_that_is_left_inside_another_keeps_that_from_its_commit() {
    let shop = Shop::open().await;
    let connection = connect(&shop).await;
    let outer = begin(&connection).await.expect("begun");
    place(&outer, shop.mails, 1).in_scope(outer.handle()).await.expect("placed");
    let inner = begin(&*outer).in_scope(outer.handle()).await.expect("a savepoint");
    insert(&inner, "2, NULL").await.expect("inserted");
    refused(outer.commit().await.expect_err("one is open"), LEFT);
    refused(inner.commit().await.expect_err("nothing is around"), "around it has ended");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    let placed =
        transaction(&connection, async |tx: &DatabaseTransaction| place(tx, shop.mails, 3).await);
    placed.await.expect("the pool is as good as before");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![3], vec![3]));
}

/// Of two at once one would release the other.
#[tokio::test]
async fn those_inside_one_take_turns() {
    let shop = Shop::open().await;
    let connection = connect(&shop).await;
    let mails = shop.mails;
    let placed = transaction(&connection, async |tx: &DatabaseTransaction| {
        let one = async |id| {
            let body = async |tx: &DatabaseTransaction| {
                tokio::task::yield_now().await;
                place(tx, mails, id).await
            };
            transaction(tx, body).await
        };
        let (first, second) = tokio::join!(one(1), one(2));
        first.expect("it was the first");
        let Err(ShopError::Transaction(error)) = second else { panic!("one is open") };
        refused(error, LEFT);
        one(3).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1, 3], vec![1, 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_fail_with_an_error_of_somebody_elses() {
    let shop = Shop::open().await;
    let (database, mails) = (Database::new(connect(&shop).await), shop.mails);
    let spawned = tokio::spawn(async move {
        let failed = database.try_transaction(async |tx: &DatabaseTransaction| {
            insert(tx, "1, NULL").await?;
            mails.enqueue(1).expect("inside a scope");
            Err::<(), _>(sea_orm::DbErr::RecordNotInserted)
        });
        assert!(matches!(failed.await, Err(Failure::Body(sea_orm::DbErr::RecordNotInserted))));
        let refused = async |tx: &DatabaseTransaction| insert(tx, "2, 99").await;
        let refused = database.try_transaction(refused).await;
        assert!(matches!(refused, Err(Failure::Transaction(TransactionError::Database(_)))));
        let placed = async |tx: &DatabaseTransaction| insert(tx, "3, NULL").await;
        database.try_transaction(placed).await.expect("committed");
    });
    spawned.await.expect("no panic");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![3], vec![]));
}
