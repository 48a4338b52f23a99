//! With diesel-async.

use std::cell::Cell;
use std::sync::Arc;

use airlock::diesel_async::{Database, begin, transaction};
use airlock::transaction::{Failure, TransactionError, commit_all};
use diesel::SqliteConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, SimpleAsyncConnection, TransactionManager};
use tokio::sync::{Mutex, Notify};

use crate::sqlx::shop::Shop;
use crate::support::{Mails, ShopError, dropped_when};

pub(crate) type Connection = SyncConnectionWrapper<SqliteConnection>;

pub(crate) async fn connect(shop: &Shop) -> Connection {
    let mut connection = Connection::establish(&shop.path()).await.expect("connected");
    connection.batch_execute("PRAGMA foreign_keys = ON").await.expect("a pragma");
    connection
}

async fn insert(tx: &mut Connection, values: &str) -> Result<(), diesel::result::Error> {
    tx.batch_execute(&format!("INSERT INTO orders (id, parent) VALUES ({values})")).await
}

pub(crate) async fn place(tx: &mut Connection, mails: Mails, id: i64) -> Result<i64, ShopError> {
    insert(tx, &format!("{id}, NULL")).await?;
    mails.enqueue(id)?;
    Ok(id)
}

#[tokio::test]
async fn effects_leave_after_the_commit_and_a_savepoint_is_rolled_back_alone() {
    let shop = Shop::open().await;
    let mut connection = connect(&shop).await;
    let placed = transaction(&mut connection, async |tx: &mut Connection| {
        place(tx, shop.mails, 1).await?;
        let nested = transaction(tx, async |tx: &mut Connection| {
            place(tx, shop.mails, 2).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        nested.await.expect_err("out of stock");
        transaction(tx, async |tx: &mut Connection| place(tx, shop.mails, 3).await).await?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Ok::<_, ShopError>("placed")
    });
    assert_eq!(placed.await.expect("committed"), "placed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1, 3], vec![1, 3]));
}

#[tokio::test]
async fn an_error_a_failed_commit_and_a_dropped_future_discard() {
    let shop = Shop::open().await;
    let (reports, mut connection) = (shop.reports.clone(), connect(&shop).await);
    let database = Database::new().scope(move || reports.scope());
    let failed = database.transaction(&mut connection, async |tx: &mut Connection| {
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    failed.await.expect_err("out of stock");
    let refused = database.transaction(&mut connection, async |tx: &mut Connection| {
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
    transaction(&mut connection, async |tx: &mut Connection| place(tx, shop.mails, 4).await)
        .await
        .expect("the connection is as good as before");
    let there = Notify::new();
    let endless = database.transaction(&mut connection, async |tx: &mut Connection| {
        place(tx, shop.mails, 3).await?;
        there.notify_one();
        std::future::pending::<()>().await;
        Ok::<_, ShopError>(())
    });
    dropped_when(&there, endless).await;
    // Nothing can be waited for where a future is dropped.
    is_of_no_use(&mut connection, shop.mails).await;
    drop(connection);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![4], vec![4]));
    let fates = ["discarded: error", "discarded: rolled back", "discarded: cancelled"];
    assert_eq!(shop.reports.fates(), fates);
}

/// What would begin on it now is in a transaction that is never committed: a scope around, such as a
/// request's, would let effects go.
async fn is_of_no_use(connection: &mut Connection, mails: Mails) {
    let next = transaction(connection, async |tx: &mut Connection| place(tx, mails, 99).await);
    let (next, sealed) = airlock::scope().seal_async(next).await;
    let error = next.expect_err("it is in the transaction that was left").to_string();
    assert!(error.starts_with("can't begin a transaction in SQLite: "), "{error}");
    assert!(sealed.is_empty(), "{sealed:?}");
}

#[tokio::test]
async fn so_does_a_guard_that_is_dropped() {
    let shop = Shop::open().await;
    let mut connection = connect(&shop).await;
    let mut tx = begin(&mut connection).await.expect("begun");
    let placed = tx.run_async(async |tx: &mut Connection| place(tx, shop.mails, 1).await);
    placed.await.expect("placed");
    drop(tx);
    is_of_no_use(&mut connection, shop.mails).await;
    drop(connection);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
}

#[tokio::test]
async fn a_transaction_that_someone_else_opened() {
    let shop = Shop::open().await;
    let (database, mails) = (Database::new().queue(shop.jobs_queue().await), shop.mails);
    let mut connection = connect(&shop).await;
    let foreign = connection.transaction(async |foreign: &mut Connection| {
        let refused = transaction(foreign, async |_: &mut Connection| Ok::<_, ShopError>(()));
        assert!(refused.await.expect_err("no scope").to_string().contains("no scope is around"));
        database.transaction(foreign, async |tx: &mut Connection| place(tx, mails, 1).await).await
    });
    foreign.await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![1]));
}

#[tokio::test]
async fn its_guards_and_those_of_diesel_commit_together() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let (mut connection, mut second) = (connect(&shop).await, crate::diesel::connect(&other));
    let mut tx = begin(&mut connection).await.expect("begun");
    let placed = tx.run_async(async |tx: &mut Connection| place(tx, shop.mails, 1).await);
    placed.await.expect("placed");
    let mut stock = airlock::diesel::begin(&mut second).expect("begun");
    stock.run(|tx| crate::diesel::place(tx, other.mails, 2)).expect("placed");
    commit_all([("shop", tx.into()), ("stock", stock.into())]).await.expect("committed");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
    assert_eq!((other.orders().await, other.mails.sent()), (vec![2], vec![2]));
}

#[tokio::test]
async fn so_does_a_panic() {
    let shop = Shop::open().await;
    let (reports, mails) = (shop.reports.clone(), shop.mails);
    let connection = Arc::new(Mutex::new(connect(&shop).await));
    let database = Database::new().scope(move || reports.scope());
    let shared = Arc::clone(&connection);
    let panicked = tokio::spawn(async move {
        let body = async |tx: &mut Connection| {
            place(tx, mails, 1).await?;
            assert!(!mails.sent().is_empty(), "a bug");
            Ok::<_, ShopError>(())
        };
        database.transaction(&mut *shared.lock().await, body).await
    });
    assert!(panicked.await.expect_err("a panic").is_panic());
    is_of_no_use(&mut *connection.lock().await, mails).await;
    drop(connection);
    assert_eq!((shop.orders().await, mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: panic"]);
}

/// Why a transaction is certainly not committed.
fn refused(placed: Result<(), ShopError>) -> String {
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed else {
        panic!("it can't be committed: {placed:?}")
    };
    assert!(error.is_certain(), "{error}");
    error.to_string()
}

#[tokio::test]
async fn one_that_is_left_inside_another_keeps_that_from_its_commit() {
    let shop = Shop::open().await;
    let (mut connection, mails) = (connect(&shop).await, shop.mails);
    let there = Notify::new();
    // diesel-async's own leaves the savepoint open, and the next commit would be its.
    let placed = transaction(&mut connection, async |tx: &mut Connection| {
        place(tx, mails, 1).await?;
        let endless = tx.transaction(async |tx: &mut Connection| {
            place(tx, mails, 2).await?;
            there.notify_one();
            std::future::pending::<()>().await;
            Ok::<_, ShopError>(())
        });
        dropped_when(&there, endless).await;
        Ok(())
    });
    let error = refused(placed.await);
    assert_eq!(
        error,
        "can't commit to SQLite: a transaction inside it was begun and has not ended: end that one first"
    );
    let failed = transaction(&mut connection, async |tx: &mut Connection| {
        let endless = tx.transaction(async |tx: &mut Connection| {
            place(tx, mails, 2).await?;
            there.notify_one();
            std::future::pending::<()>().await;
            Ok::<_, ShopError>(())
        });
        dropped_when(&there, endless).await;
        Err::<(), _>(ShopError::OutOfStock)
    });
    failed.await.expect_err("out of stock");
    // All is rolled back, and the connection as good as before.
    let placed =
        transaction(&mut connection, async |tx: &mut Connection| place(tx, mails, 3).await);
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, mails.sent()), (vec![3], vec![3]));
    let placed = transaction(&mut connection, async |tx: &mut Connection| {
        place(tx, mails, 4).await?;
        let endless = transaction(tx, async |tx: &mut Connection| {
            place(tx, mails, 5).await?;
            there.notify_one();
            std::future::pending::<()>().await;
            Ok::<_, ShopError>(())
        });
        dropped_when(&there, endless).await;
        Ok(())
    });
    refused(placed.await);
    is_of_no_use(&mut connection, mails).await;
    drop(connection);
    assert_eq!((shop.orders().await, mails.sent()), (vec![3], vec![3]));
}

/// Counts for a while.
async fn count(tx: &mut Connection) -> Result<(), diesel::result::Error> {
    let count = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
        SELECT count(*) FROM n";
    tx.batch_execute(count).await
}

/// diesel-async waits for the statement then.
#[tokio::test(flavor = "multi_thread")]
async fn so_does_one_that_is_dropped_in_a_statement() {
    let shop = Shop::open().await;
    let mut connection = connect(&shop).await;
    let there = Notify::new();
    let endless = transaction(&mut connection, async |tx: &mut Connection| {
        place(tx, shop.mails, 1).await?;
        there.notify_one();
        Ok::<_, ShopError>(count(tx).await?)
    });
    dropped_when(&there, endless).await;
    is_of_no_use(&mut connection, shop.mails).await;
    drop(connection);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
}

/// In a runtime of one thread diesel-async can't wait for the statement, and panics. That is all that
/// happens: two panics would end the process.
#[tokio::test]
async fn a_statement_that_nobody_can_wait_for_is_one_panic() {
    let shop = Shop::open().await;
    let (mut connection, mails) = (connect(&shop).await, shop.mails);
    let endless = tokio::spawn(async move {
        let there = Notify::new();
        let body = async |tx: &mut Connection| {
            place(tx, mails, 1).await?;
            there.notify_one();
            Ok::<_, ShopError>(count(tx).await?)
        };
        dropped_when(&there, transaction(&mut connection, body)).await;
    });
    let panic = endless.await.expect_err("diesel-async panics").into_panic();
    assert!(panic.downcast_ref() != Some(&"it has ended"), "it counts for longer");
    assert_eq!((shop.orders().await, mails.sent()), (vec![], vec![]));
}

#[tokio::test]
async fn rows_of_the_transaction() {
    let shop = Shop::open().await;
    let database = Database::new().queue(shop.jobs_queue().await);
    let mut connection = connect(&shop).await;
    let body = database.transaction(&mut connection, async |tx: &mut Connection| {
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
}

#[tokio::test]
async fn guards() {
    let shop = Shop::open().await;
    let mut connection = connect(&shop).await;
    let mut tx = begin(&mut connection).await.expect("begun");
    tx.run_async(async |tx: &mut Connection| place(tx, shop.mails, 1).await).await.expect("placed");
    tx.commit().await.expect("committed");
    let mut tx = begin(&mut connection).await.expect("begun");
    tx.run_async(async |tx: &mut Connection| place(tx, shop.mails, 2).await).await.expect("placed");
    tx.rollback().await.expect("rolled back");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_run_on_other_threads() {
    let shop = Shop::open().await;
    let (mut connection, mails) = (connect(&shop).await, shop.mails);
    let placed = tokio::spawn(async move {
        transaction(&mut connection, async |tx: &mut Connection| place(tx, mails, 1).await).await
    });
    placed.await.expect("no panic").expect("committed");
    assert_eq!(shop.mails.sent(), [1]);
}

/// Reads, lets somebody else write, and then writes on a snapshot that is no longer the last one.
async fn read_then_write(shop: &Shop, tx: &mut Connection, attempt: i64) -> Result<(), ShopError> {
    tx.batch_execute("SELECT count(*) FROM orders").await?;
    shop.mails.enqueue(attempt)?;
    if attempt == 1 {
        insert(&mut connect(shop).await, "100, NULL").await?;
    }
    insert(tx, &format!("{attempt}, NULL")).await?;
    Ok(())
}

#[tokio::test]
async fn the_body_runs_again_after_a_conflict() {
    let shop = Shop::open().await;
    let (reports, mut connection) = (shop.reports.clone(), connect(&shop).await);
    let database = Database::new().scope(move || reports.scope());
    let refused = database
        .transaction(&mut connection, async |tx: &mut Connection| {
            read_then_write(&shop, tx, 1).await
        })
        .await
        .expect_err("a conflict");
    assert!(airlock::diesel_async::is_conflict(&refused), "{refused:?}");
    crate::sqlx::shop::clear(&shop).await;
    let mut attempt = 0;
    let placed = database.retry(3).transaction(&mut connection, async |tx: &mut Connection| {
        attempt += 1;
        read_then_write(&shop, tx, attempt).await
    });
    placed.await.expect("committed");
    assert_eq!(attempt, 2);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![2, 100], vec![2]));
    assert_eq!(shop.reports.fates(), ["discarded: error", "discarded: error", "dispatched"]);
}

#[tokio::test]
async fn no_more_often_than_told_and_a_savepoint_once() {
    let shop = Shop::open().await;
    let (database, mut connection) = (Database::new(), connect(&shop).await);
    let mut attempts = 0;
    let again = database.retry_if(2, |_: &ShopError| true);
    let placed = again.transaction(&mut connection, async |tx: &mut Connection| {
        attempts += 1;
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!(attempts, 3);
    let placed = transaction(&mut connection, async |tx: &mut Connection| {
        let again = database.retry_if(2, |_: &ShopError| true);
        let nested = again.transaction(tx, async |tx: &mut Connection| {
            attempts += 1;
            place(tx, shop.mails, 1).await?;
            Err::<(), _>(ShopError::OutOfStock)
        });
        nested.await
    });
    placed.await.expect_err("out of stock");
    assert_eq!((attempts, shop.orders().await), (4, vec![]));
}

#[tokio::test]
async fn a_savepoint_that_is_not_set_is_not_tried_again() {
    type Manager = <Connection as AsyncConnection>::TransactionManager;
    let shop = Shop::open().await;
    let (database, mut connection) = (Database::new(), connect(&shop).await);
    let (asked, mut begun) = (Cell::new(0), 0);
    let again = database.retry_if(2, |_: &ShopError| {
        asked.set(asked.get() + 1);
        true
    });
    // diesel-async's own: without a scope around, nobody knows when it commits.
    Manager::begin_transaction(&mut connection).await.expect("begun");
    let placed = again.transaction(&mut connection, async |tx: &mut Connection| {
        begun += 1;
        place(tx, shop.mails, 1).await
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed.await else {
        panic!("the savepoint is refused");
    };
    assert!(error.to_string().contains("no scope is around"), "{error}");
    assert_eq!((asked.get(), begun), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_are_run_again_may_run_on_other_threads() {
    let shop = Shop::open().await;
    let (mut connection, mails) = (connect(&shop).await, shop.mails);
    let placed = tokio::spawn(async move {
        let body = async move |tx: &mut Connection| place(tx, mails, 1).await;
        Database::new().retry(3).transaction(&mut connection, body).await
    });
    placed.await.expect("no panic").expect("committed");
    assert_eq!(shop.mails.sent(), [1]);
}

/// diesel knows that there is no transaction any more, and not why. Written then, rows would be committed one by
/// one, with no order.
#[tokio::test]
async fn where_sqlite_has_rolled_back_by_itself_and_nobody_says_so_there_are_no_rows() {
    let shop = Shop::open().await;
    let database = Database::new().queue(shop.jobs_queue().await);
    let mut connection = connect(&shop).await;
    let placed = database.transaction(&mut connection, async |tx: &mut Connection| {
        place(tx, shop.mails, 1).await?;
        let again = "INSERT OR ROLLBACK INTO orders (id) VALUES (1)";
        tx.batch_execute(again).await.expect_err("there is such an order");
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(TransactionError::Database(error))) = placed.await else {
        panic!("nobody can tell")
    };
    assert!(!error.is_certain(), "{error}");
    assert_eq!(error.into_intents().len(), 1);
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![], vec![]));
    // The connection is as good as before.
    let placed = database
        .transaction(&mut connection, async |tx: &mut Connection| place(tx, shop.mails, 2).await);
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![2], vec![2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_fail_with_an_error_of_somebody_elses() {
    let shop = Shop::open().await;
    let (mut connection, mails) = (connect(&shop).await, shop.mails);
    let spawned = tokio::spawn(async move {
        let database = Database::new();
        let failed = database.try_transaction(&mut connection, async |tx: &mut Connection| {
            insert(tx, "1, NULL").await?;
            mails.enqueue(1).expect("inside a scope");
            Err::<(), _>(diesel::result::Error::NotFound)
        });
        assert!(matches!(failed.await, Err(Failure::Body(diesel::result::Error::NotFound))));
        let refused = async |tx: &mut Connection| insert(tx, "2, 99").await;
        let refused = database.try_transaction(&mut connection, refused).await;
        assert!(matches!(refused, Err(Failure::Transaction(TransactionError::Database(_)))));
        let placed = async |tx: &mut Connection| insert(tx, "3, NULL").await;
        database.try_transaction(&mut connection, placed).await.expect("committed");
    });
    spawned.await.expect("no panic");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![3], vec![]));
}
