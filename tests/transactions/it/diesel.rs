//! With diesel.

use std::cell::Cell;

use airlock::diesel::{Database, begin, transaction};
use airlock::transaction::{DatabaseError, Failure, TransactionError, commit_all};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{Connection, SqliteConnection};

use crate::sqlx::shop::Shop;
use crate::support::{Mails, ShopError};

pub(crate) fn connect(shop: &Shop) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(&shop.path()).expect("connected");
    connection.batch_execute("PRAGMA foreign_keys = ON").expect("a pragma");
    connection
}

fn insert(tx: &mut SqliteConnection, values: &str) -> Result<(), diesel::result::Error> {
    tx.batch_execute(&format!("INSERT INTO orders (id, parent) VALUES ({values})"))
}

pub(crate) fn place(tx: &mut SqliteConnection, mails: Mails, id: i64) -> Result<i64, ShopError> {
    insert(tx, &format!("{id}, NULL"))?;
    mails.enqueue(id)?;
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_leave_after_the_commit_and_a_savepoint_is_rolled_back_alone() {
    let shop = Shop::open().await;
    let placed = transaction(&mut connect(&shop), |tx| {
        place(tx, shop.mails, 1)?;
        let nested = transaction(tx, |tx| {
            place(tx, shop.mails, 2)?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        nested.expect_err("out of stock");
        transaction(tx, |tx| place(tx, shop.mails, 3))?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Ok::<_, ShopError>("placed")
    });
    assert_eq!(placed.expect("committed"), "placed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1, 3], vec![1, 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_a_failed_commit_and_a_panic_discard() {
    let shop = Shop::open().await;
    let (reports, mut connection) = (shop.reports.clone(), connect(&shop));
    let database = Database::new().scope(move || reports.scope());
    let failed = database.transaction(&mut connection, |tx| {
        place(tx, shop.mails, 1)?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    failed.expect_err("out of stock");
    let refused = database.transaction(&mut connection, |tx| {
        insert(tx, "2, -1")?;
        shop.mails.enqueue(2)?;
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = refused else {
        panic!("the commit fails: {refused:?}")
    };
    assert!(
        error.is_certain() && error.to_string().starts_with("can't commit to SQLite: "),
        "{error}"
    );
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        database.transaction(&mut connection, |tx| {
            place(tx, shop.mails, 3)?;
            assert!(!shop.mails.sent().is_empty(), "a bug");
            Ok::<_, ShopError>(())
        })
    }));
    panicked.expect_err("a panic");
    // The connection is as good as before.
    transaction(&mut connection, |tx| place(tx, shop.mails, 4)).expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![4], vec![4]));
    let fates = ["discarded: error", "discarded: rolled back", "discarded: panic"];
    assert_eq!(shop.reports.fates(), fates);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_left_inside_another_keeps_that_from_its_commit() {
    let shop = Shop::open().await;
    let mut connection = connect(&shop);
    let placed = transaction(&mut connection, |tx| {
        place(tx, shop.mails, 1)?;
        AnsiTransactionManager::begin_transaction(tx)?;
        place(tx, shop.mails, 2)
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed else {
        panic!("it can't be committed: {placed:?}")
    };
    let why = "can't commit to SQLite: a transaction inside it was begun and has not ended: end that one first";
    assert_eq!((error.is_certain(), error.to_string().as_str()), (true, why));
    // All is rolled back, and the connection as good as before.
    transaction(&mut connection, |tx| place(tx, shop.mails, 3)).expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![3], vec![3]));
}

/// Commits one of sqlx's and one of diesel's, to which this has happened.
async fn commit_both(
    shops: &[Shop; 2],
    connection: &mut SqliteConnection,
    happened: fn(&mut SqliteConnection) -> diesel::QueryResult<()>,
) -> DatabaseError {
    let [one, two] = shops;
    let mut first = one.database().begin().await.expect("begun");
    crate::sqlx::shop::insert(&mut first, 1).await.expect("inserted");
    first.run(|_| one.mails.enqueue(1)).expect("in a scope");
    let mut second = begin(connection).expect("begun");
    second.run(|tx| place(tx, two.mails, 2)).expect("placed");
    happened(&mut second).expect("it happens");
    let committed = commit_all([("shop", first.into()), ("stock", second.into())]).await;
    let Err(TransactionError::Database(error)) = committed else {
        panic!("none is committed here: {committed:?}")
    };
    assert_eq!((one.orders().await, one.mails.sent()), (vec![], vec![]));
    assert_eq!(one.reports.fates(), ["discarded: rolled back"]);
    error
}

/// One of several is looked at before any is committed.
#[tokio::test(flavor = "multi_thread")]
async fn so_does_one_that_is_left_inside_the_last_of_several() {
    let shops = [Shop::open().await, Shop::open().await];
    let mut connection = connect(&shops[1]);
    let left = |tx: &mut _| AnsiTransactionManager::begin_transaction(tx);
    let error = commit_both(&shops, &mut connection, left).await;
    let why = "can't commit to `stock` (SQLite): a transaction inside it was begun and has not ended: end that one first";
    assert_eq!((error.is_certain(), error.to_string().as_str()), (true, why));
    let stock = &shops[1];
    assert_eq!((stock.orders().await, stock.mails.sent()), (vec![], vec![]));
    transaction(&mut connection, |tx| place(tx, stock.mails, 3)).expect("as good as before");
}

/// Whoever has ended it may have committed it, as here.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_that_has_ended_itself_hands_its_effects_back_before_any_is_committed() {
    let shops = [Shop::open().await, Shop::open().await];
    let mut connection = connect(&shops[1]);
    let ended = |tx: &mut _| AnsiTransactionManager::commit_transaction(tx);
    let error = commit_both(&shops, &mut connection, ended).await;
    assert!(!error.is_certain(), "{error}");
    assert_eq!(error.into_intents().len(), 1);
    assert_eq!(shops[1].orders().await, [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_the_transaction() {
    let shop = Shop::open().await;
    let database = Database::new().queue(shop.jobs_queue().await);
    let mut connection = connect(&shop);
    let (placed, sealed) = airlock::scope().seal(|| {
        database.transaction(&mut connection, |tx| {
            for id in 1..=3 {
                place(tx, shop.mails, id)?;
            }
            shop.mails.enqueue_unique(4, "digest")?;
            shop.mails.enqueue_unique(5, "digest")?;
            Ok::<_, ShopError>(())
        })
    });
    placed.expect("committed");
    assert!(sealed.is_empty());
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 2, 3], vec![1, 2, 3, 4]));
    let failed = database.transaction(&mut connection, |tx| {
        place(tx, shop.mails, 6)?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    failed.expect_err("out of stock");
    assert_eq!(shop.jobs().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_someone_else_opened() {
    let shop = Shop::open().await;
    let database = Database::new().queue(shop.jobs_queue().await);
    connect(&shop)
        .transaction(|foreign| {
            let refused = transaction(foreign, |_| Ok::<_, ShopError>(()));
            assert!(refused.expect_err("no scope").to_string().contains("no scope is around"));
            database.transaction(foreign, |tx| place(tx, shop.mails, 1)).map(drop)
        })
        .expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn guards() {
    let shop = Shop::open().await;
    let mut connection = connect(&shop);
    let mut tx = begin(&mut connection).expect("begun");
    tx.run(|tx| place(tx, shop.mails, 1)).expect("placed");
    tx.commit_blocking().expect("committed");
    let mut tx = begin(&mut connection).expect("begun");
    tx.run(|tx| place(tx, shop.mails, 2)).expect("placed");
    tx.rollback_blocking().expect("rolled back");
    let mut tx = begin(&mut connection).expect("begun");
    tx.run(|tx| place(tx, shop.mails, 3)).expect("placed");
    drop(tx);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

/// Reads, lets somebody else write, and then writes on a snapshot that is no longer the last one.
fn read_then_write(shop: &Shop, tx: &mut SqliteConnection, attempt: i64) -> Result<(), ShopError> {
    tx.batch_execute("SELECT count(*) FROM orders")?;
    shop.mails.enqueue(attempt)?;
    if attempt == 1 {
        insert(&mut connect(shop), "100, NULL")?;
    }
    insert(tx, &format!("{attempt}, NULL"))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_runs_again_after_a_conflict() {
    let shop = Shop::open().await;
    let (reports, mut connection) = (shop.reports.clone(), connect(&shop));
    let database = Database::new().scope(move || reports.scope());
    let refused = database
        .transaction(&mut connection, |tx| read_then_write(&shop, tx, 1))
        .expect_err("a conflict");
    assert!(airlock::diesel::is_conflict(&refused), "{refused:?}");
    crate::sqlx::shop::clear(&shop).await;
    let mut attempt = 0;
    let placed = database.retry(3).transaction(&mut connection, |tx| {
        attempt += 1;
        read_then_write(&shop, tx, attempt)
    });
    placed.expect("committed");
    assert_eq!(attempt, 2);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![2, 100], vec![2]));
    assert_eq!(shop.reports.fates(), ["discarded: error", "discarded: error", "dispatched"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_the_queue_meets_is_one_as_well() {
    let shop = Shop::open().await;
    let database = Database::new().queue(shop.jobs_queue().await);
    let mut attempt = 0;
    let placed = database.retry(3).transaction(&mut connect(&shop), |tx| {
        attempt += 1;
        tx.batch_execute("SELECT count(*) FROM orders")?;
        if attempt == 1 {
            insert(&mut connect(&shop), "100, NULL")?;
        }
        // The first statement that writes is the queue's.
        shop.mails.enqueue(1)?;
        Ok::<_, ShopError>(())
    });
    placed.expect("committed");
    assert_eq!((attempt, shop.jobs().await), (2, vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_often_than_told_and_a_savepoint_once() {
    let shop = Shop::open().await;
    let (database, mut connection) = (Database::new(), connect(&shop));
    let mut attempts = 0;
    let placed = database.retry_if(2, |_: &ShopError| true).transaction(&mut connection, |tx| {
        attempts += 1;
        place(tx, shop.mails, 1)?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.expect_err("out of stock");
    assert_eq!(attempts, 3);
    let placed = transaction(&mut connection, |tx| {
        database.retry_if(2, |_: &ShopError| true).transaction(tx, |tx| {
            attempts += 1;
            place(tx, shop.mails, 1)?;
            Err::<(), _>(ShopError::OutOfStock)
        })
    });
    placed.expect_err("out of stock");
    assert_eq!((attempts, shop.orders().await), (4, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_savepoint_that_is_not_set_is_not_tried_again() {
    let shop = Shop::open().await;
    let (asked, mut begun) = (Cell::new(0), 0);
    let placed = connect(&shop).transaction(|tx| {
        // Without a scope around, nobody knows when diesel's own transaction commits.
        let again = |_: &ShopError| {
            asked.set(asked.get() + 1);
            true
        };
        Database::new().retry_if(2, again).transaction(tx, |tx| {
            begun += 1;
            place(tx, shop.mails, 1)
        })
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed else {
        panic!("the savepoint is refused");
    };
    assert!(error.to_string().contains("no scope is around"), "{error}");
    assert_eq!((asked.get(), begun), (0, 0));
}

/// diesel knows that there is no transaction any more, and not why. Written then, rows would be committed one by
/// one, with no order.
#[tokio::test(flavor = "multi_thread")]
async fn where_sqlite_has_rolled_back_by_itself_and_nobody_says_so_there_are_no_rows() {
    let shop = Shop::open().await;
    let (database, mut connection) =
        (Database::new().queue(shop.jobs_queue().await), connect(&shop));
    let placed = database.transaction(&mut connection, |tx| {
        place(tx, shop.mails, 1)?;
        let again = "INSERT OR ROLLBACK INTO orders (id) VALUES (1)";
        tx.batch_execute(again).expect_err("there is such an order");
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed else {
        panic!("nobody can tell")
    };
    assert!(!error.is_certain(), "{error}");
    assert_eq!(error.into_intents().len(), 1);
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    // The connection is as good as before.
    database.transaction(&mut connection, |tx| place(tx, shop.mails, 2)).expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![2], vec![2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_fail_with_an_error_of_somebody_elses() {
    let shop = Shop::open().await;
    let (mut connection, database) = (connect(&shop), Database::new());
    let failed = database.try_transaction(&mut connection, |tx| {
        insert(tx, "1, NULL")?;
        shop.mails.enqueue(1).expect("inside a scope");
        Err::<(), _>(diesel::result::Error::NotFound)
    });
    assert!(matches!(failed, Err(Failure::Body(diesel::result::Error::NotFound))));
    let refused = database.try_transaction(&mut connection, |tx| insert(tx, "2, 99"));
    assert!(matches!(refused, Err(Failure::Transaction(TransactionError::Database(_)))));
    database.try_transaction(&mut connection, |tx| insert(tx, "3, NULL")).expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![3], vec![]));
}
