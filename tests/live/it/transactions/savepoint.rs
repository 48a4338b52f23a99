//! A savepoint that can't be released, for its body swallowed an error, ends alone: both diesels end it
//! in ways of their own, and what is around it commits or rolls back as a whole.

use std::cell::Cell;

use airlock::BoxError;
use airlock::transaction::{DatabaseError, Step, TransactionError};
use airlock_transactions::placing::send_mail;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use super::diesel::{connect, insert, place};
use super::shop::Shop;

async fn connect_async(shop: &Shop) -> AsyncPgConnection {
    AsyncPgConnection::establish(&shop.url).await.expect("connected")
}

async fn insert_async(tx: &mut AsyncPgConnection, id: i64) -> Result<(), diesel::result::Error> {
    tx.batch_execute(&format!("INSERT INTO orders (id) VALUES ({id})")).await
}

/// An order with its mail.
async fn place_async(tx: &mut AsyncPgConnection, id: i64) -> Result<i64, BoxError> {
    insert_async(tx, id).await?;
    send_mail::enqueue(id)?;
    Ok(id)
}

/// That it is certainly not committed, and why.
fn refused<T: std::fmt::Debug>(placed: Result<T, BoxError>) {
    let error = placed.expect_err("it can't be committed");
    let error = error.downcast::<TransactionError>().map(|error| *error);
    let Ok(TransactionError::Database(error)) = error else { panic!("{error:?}") };
    let error: DatabaseError = error;
    assert_eq!((error.step(), error.is_certain()), (Step::Commit, true), "{error}");
    assert!(error.to_string().contains("current transaction is aborted"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn diesel_goes_on_with_the_transaction_around() {
    let shop = Shop::open().await;
    let (database, nested) = (
        airlock::diesel::Database::new().scope(shop.scope()),
        airlock::diesel::Database::new().scope(shop.scope()),
    );
    let mut connection = connect(&shop.url);
    let placed = database.transaction(&mut connection, |tx| {
        place(tx, 1)?;
        let swallowed = nested.transaction(tx, |tx| {
            place(tx, 2)?;
            insert(tx, 1).expect_err("a duplicate");
            Ok::<_, BoxError>(())
        });
        refused(swallowed);
        place(tx, 3)
    });
    placed.expect("committed");
    assert_eq!(shop.orders().await, [1, 3]);
    assert_eq!(shop.fates(), ["discarded: rolled back", "dispatched", "dispatched"]);
    // What is written later is no part of it that would be rolled back, or committed by itself.
    let failed = database.transaction(&mut connection, |tx| {
        refused(nested.transaction(tx, |tx| {
            insert(tx, 1).expect_err("a duplicate");
            Ok::<_, BoxError>(())
        }));
        place(tx, 4)?;
        Err::<(), BoxError>("out of stock".into())
    });
    assert_eq!(failed.expect_err("out of stock").to_string(), "out of stock");
    assert_eq!((shop.orders().await, shop.fates().len()), (vec![1, 3], 4));
    assert_eq!(shop.fates()[3], "discarded: error");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn so_do_rows_of_diesel() {
    let shop = Shop::open().await;
    let database = airlock::diesel::Database::new().queue(shop.graphile().await);
    let placed = database.transaction(&mut connect(&shop.url), |tx| {
        place(tx, 1)?;
        // This one has nothing to write, and hears of it when it is released; the next when it writes.
        refused(database.transaction(tx, |tx| {
            insert(tx, 1).expect_err("a duplicate");
            Ok::<_, BoxError>(())
        }));
        let unwritten = database.transaction(tx, |tx| {
            place(tx, 2)?;
            insert(tx, 1).expect_err("a duplicate");
            Ok::<_, BoxError>(())
        });
        unwritten.expect_err("the row can't be written");
        place(tx, 3)
    });
    placed.expect("committed");
    assert_eq!((shop.orders().await, shop.graphile_jobs().await), (vec![1, 3], vec![1, 3]));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn diesel_async_does_not_and_says_so() {
    let shop = Shop::open().await;
    let (database, nested) = (
        airlock::diesel_async::Database::new().scope(shop.scope()),
        airlock::diesel_async::Database::new().scope(shop.scope()),
    );
    let mut connection = connect_async(&shop).await;
    let swallow = async |tx: &mut AsyncPgConnection| {
        let nested = nested.transaction(tx, async |tx: &mut AsyncPgConnection| {
            place_async(tx, 2).await?;
            insert_async(tx, 1).await.expect_err("a duplicate");
            Ok::<_, BoxError>(())
        });
        refused(nested.await);
    };
    let failed = database.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
        place_async(tx, 1).await?;
        swallow(tx).await;
        place_async(tx, 3).await
    });
    let error = failed.await.expect_err("it is aborted").to_string();
    assert!(error.contains("current transaction is aborted"), "{error}");
    // Whoever swallows that, too, is told when it ends.
    let failed = database.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
        place_async(tx, 1).await?;
        swallow(tx).await;
        insert_async(tx, 3).await.expect_err("it is aborted");
        send_mail::enqueue(3)?;
        Ok::<_, BoxError>(())
    });
    refused(failed.await);
    let fates = ["discarded: rolled back", "discarded: error", "discarded: rolled back"];
    assert_eq!((shop.orders().await, &shop.fates()[..3]), (vec![], &fates.map(String::from)[..]));
    assert_eq!(shop.fates()[3..], ["discarded: rolled back"; 2]);
    // The connection is as good as before.
    let placed = database
        .transaction(&mut connection, async |tx: &mut AsyncPgConnection| place_async(tx, 4).await);
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.fates().pop()), (vec![4], Some("dispatched".to_owned())));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn so_do_rows_of_diesel_async() {
    let shop = Shop::open().await;
    let database = airlock::diesel_async::Database::new().queue(shop.graphile().await);
    let mut connection = connect_async(&shop).await;
    let failed = database.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
        place_async(tx, 1).await?;
        let nested = database.transaction(tx, async |tx: &mut AsyncPgConnection| {
            insert_async(tx, 1).await.expect_err("a duplicate");
            Ok::<_, BoxError>(())
        });
        refused(nested.await);
        place_async(tx, 3).await
    });
    failed.await.expect_err("it is aborted");
    assert_eq!((shop.orders().await, shop.graphile_jobs().await), (vec![], vec![]));
}

/// What would have to be run again is the transaction around.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn one_that_postgresql_refuses_to_set_is_not_tried_again() {
    let shop = Shop::open().await;
    let asked = Cell::new(0);
    let again = |_: &BoxError| {
        asked.set(asked.get() + 1);
        true
    };
    let nested = airlock::diesel::Database::new();
    let placed = airlock::diesel::transaction(&mut connect(&shop.url), |tx| {
        place(tx, 1)?;
        insert(tx, 1).expect_err("a duplicate");
        nested.retry_if(2, again).transaction(tx, |tx| place(tx, 2))
    });
    let error = placed.expect_err("it is aborted").to_string();
    assert!(error.starts_with("can't begin a transaction"), "{error}");

    let nested = airlock::diesel_async::Database::new();
    let mut connection = connect_async(&shop).await;
    let body = async |tx: &mut AsyncPgConnection| {
        place_async(tx, 1).await?;
        insert_async(tx, 1).await.expect_err("a duplicate");
        let place = async |tx: &mut AsyncPgConnection| place_async(tx, 2).await;
        nested.retry_if(2, again).transaction(tx, place).await
    };
    let error = airlock::diesel_async::transaction(&mut connection, body).await;
    let error = error.expect_err("it is aborted").to_string();
    assert!(error.starts_with("can't begin a transaction"), "{error}");
    assert_eq!((asked.get(), shop.orders().await), (0, vec![]));
}
