//! With diesel's own connection to PostgreSQL, which waits for nothing and nobody.

use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock::BoxError;
use airlock::diesel::{Database, begin, transaction};
use airlock::transaction::{DatabaseError, Step, TransactionError};
use airlock_transactions::placing::send_mail;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use super::shop::Shop;

pub(super) fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("connected")
}

pub(super) fn insert(tx: &mut PgConnection, id: i64) -> Result<(), diesel::result::Error> {
    tx.batch_execute(&format!("INSERT INTO orders (id) VALUES ({id})"))
}

/// An order with its mail.
pub(super) fn place(tx: &mut PgConnection, id: i64) -> Result<i64, BoxError> {
    insert(tx, id)?;
    send_mail::enqueue(id)?;
    Ok(id)
}

/// What the database said.
fn said<T: std::fmt::Debug>(placed: Result<T, BoxError>) -> DatabaseError {
    match placed.map_err(|error| error.downcast().map(|error| *error)) {
        Err(Ok(TransactionError::Database(error))) => error,
        placed => panic!("{placed:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn effects_leave_after_the_commit_and_a_savepoint_is_rolled_back_alone() {
    let shop = Shop::open().await;
    let database = Database::new().scope(shop.scope());
    let placed = database.transaction(&mut connect(&shop.url), |tx| {
        place(tx, 1)?;
        let nested = transaction(tx, |tx| {
            place(tx, 2)?;
            Err::<(), BoxError>("out of stock".into())
        });
        nested.expect_err("out of stock");
        // PostgreSQL itself goes on only after a rollback to the savepoint.
        let nested = transaction(tx, |tx| place(tx, 1));
        nested.expect_err("a duplicate");
        transaction(tx, |tx| place(tx, 3))?;
        assert_eq!(shop.fates(), [""; 0]);
        Ok::<_, BoxError>("placed")
    });
    assert_eq!(placed.expect("committed"), "placed");
    assert_eq!(shop.orders().await, [1, 3]);
    assert_eq!(shop.fates(), ["dispatched", "dispatched"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn an_error_and_a_panic_roll_back_and_discard() {
    let shop = Shop::open().await;
    let (database, mut connection) = (Database::new().scope(shop.scope()), connect(&shop.url));
    let failed = database.transaction(&mut connection, |tx| {
        place(tx, 1)?;
        Err::<(), BoxError>("out of stock".into())
    });
    assert_eq!(failed.expect_err("out of stock").to_string(), "out of stock");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        database.transaction(&mut connection, |tx| -> Result<(), BoxError> {
            place(tx, 2)?;
            panic!("a bug")
        })
    }));
    panicked.expect_err("a panic");
    // The connection is as good as before.
    database.transaction(&mut connection, |tx| place(tx, 3)).expect("committed");
    assert_eq!(shop.orders().await, [3]);
    assert_eq!(shop.fates(), ["discarded: error", "discarded: panic", "dispatched"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_commit_that_is_refused_is_rolled_back_for_certain() {
    let shop = Shop::open().await;
    let (database, mut connection) = (Database::new().scope(shop.scope()), connect(&shop.url));
    let deferred =
        "ALTER TABLE orders ADD parent int8 REFERENCES orders DEFERRABLE INITIALLY DEFERRED";
    connection.batch_execute(deferred).expect("a column");
    let refused = database.transaction(&mut connection, |tx| {
        tx.batch_execute("INSERT INTO orders (id, parent) VALUES (1, -1)")?;
        send_mail::enqueue(1)?;
        Ok::<_, BoxError>(())
    });
    let error = said(refused);
    assert_eq!((error.step(), error.is_certain()), (Step::Commit, true));
    let text = error.to_string();
    assert!(
        text.starts_with("can't commit to PostgreSQL: ") && text.contains("foreign key"),
        "{text}"
    );
    // So is one that PostgreSQL would answer with a rollback.
    let aborted = database.transaction(&mut connection, |tx| {
        place(tx, 2)?;
        insert(tx, 2).expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    let error = said(aborted);
    assert!(error.to_string().contains("current transaction is aborted"), "{error}");
    database.transaction(&mut connection, |tx| place(tx, 3)).expect("committed");
    assert_eq!(shop.orders().await, [3]);
    let fates = ["discarded: rolled back", "discarded: rolled back", "dispatched"];
    assert_eq!(shop.fates(), fates);
}

/// diesel knows that there is no transaction any more, and not how it has ended.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_transaction_that_the_body_has_ended_itself_hands_the_effects_back() {
    let shop = Shop::open().await;
    let database = Database::new().scope(shop.scope());
    let error = said(database.transaction(&mut connect(&shop.url), |tx| {
        place(tx, 1)?;
        tx.batch_execute("COMMIT")?;
        Ok::<_, BoxError>(())
    }));
    assert_eq!((error.step(), error.is_certain()), (Step::Commit, false), "{error}");
    assert_eq!(error.into_intents().len(), 1);
    assert_eq!((shop.orders().await, shop.fates()), (vec![1], vec!["not attempted".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn guards() {
    let shop = Shop::open().await;
    let (database, mut connection) = (Database::new().scope(shop.scope()), connect(&shop.url));
    let mut tx = database.begin(&mut connection).expect("begun");
    tx.run(|tx| place(tx, 1)).expect("placed");
    tx.commit_blocking().expect("committed");
    let mut tx = database.begin(&mut connection).expect("begun");
    tx.run(|tx| place(tx, 2)).expect("placed");
    tx.rollback_blocking().expect("rolled back");
    let mut tx = database.begin(&mut connection).expect("begun");
    tx.run(|tx| place(tx, 3)).expect("placed");
    drop(tx);
    begin(&mut connection).expect("begun").commit_blocking().expect("committed");
    assert_eq!(shop.orders().await, [1]);
    assert_eq!(shop.fates()[0], "dispatched");
    assert!(
        shop.fates()[1..].iter().all(|fate| fate.starts_with("discarded")),
        "{:?}",
        shop.fates()
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn rows_of_a_transaction_that_someone_else_opened() {
    let shop = Shop::open().await;
    let database = Database::new().queue(shop.graphile().await);
    let mut connection = connect(&shop.url);
    let placed = connection.transaction(|foreign| {
        let refused = transaction(foreign, |_| Ok::<_, BoxError>(()));
        assert!(refused.expect_err("no scope").to_string().contains("no scope is around"));
        database.transaction(foreign, |tx| place(tx, 1))
    });
    placed.map_err(|error: BoxError| error.to_string()).expect("committed");
    let rolled_back = connection.transaction(|foreign| {
        database.transaction(foreign, |tx| place(tx, 2))?;
        Err::<(), BoxError>("out of stock".into())
    });
    rolled_back.expect_err("out of stock");
    assert_eq!((shop.orders().await, shop.graphile_jobs().await), (vec![1], vec![1]));
}
