//! Commits that time out, and of which the answer is lost.

use std::time::Duration;

use airlock::BoxError;
use airlock::sqlx::Database;
use airlock::transaction::{DatabaseError, Step, TransactionError};
use airlock_transactions::placing::send_mail;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use sqlx::{PgConnection, Postgres};
use tokio::time::timeout;

use super::shop::{Shop, place};
use crate::proxy::Proxy;

/// Makes commits take this long.
async fn slow_down(shop: &Shop, seconds: u32) {
    let slow = format!(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON orders
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(slow)).execute(&shop.pool).await.expect("a trigger");
}

async fn failing(database: Database<Postgres>, setting: &'static str) -> DatabaseError {
    let placed = database.transaction(async |tx: &mut PgConnection| {
        sqlx::query(setting).execute(&mut *tx).await?;
        place(tx, 1).await
    });
    let error = placed.await.expect_err("the commit fails");
    match error.downcast().map(|error| *error) {
        Ok(TransactionError::Database(error)) => error,
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn one_that_the_server_ends_is_rolled_back_for_certain() {
    let shop = Shop::open().await;
    // A statement's time does not count in a commit, but the time that it waits for a lock does.
    let locking = "
        CREATE FUNCTION lock() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER lock AFTER INSERT ON orders
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lock()";
    sqlx::raw_sql(locking).execute(&shop.pool).await.expect("a trigger");
    let mut holder = shop.pool.acquire().await.expect("a connection");
    sqlx::query("SELECT pg_advisory_lock(1)").execute(&mut *holder).await.expect("locked");
    let error = failing(shop.database().await, "SET LOCAL lock_timeout = '200ms'").await;
    assert_eq!((error.step(), error.is_certain()), (Step::Commit, true));
    assert!(error.to_string().contains("lock timeout"), "{error}");
    assert_eq!(shop.orders().await, [0; 0]);
    assert_eq!(shop.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn one_that_nobody_waits_for_hands_the_effects_back() {
    let shop = Shop::open().await;
    slow_down(&shop, 2).await;
    let database = shop.database().await.commit_timeout(Duration::from_millis(200));
    let error = failing(database, "SELECT 1").await;
    assert!(!error.is_certain());
    assert!(error.to_string().starts_with("can't tell whether postgres://"), "{error}");
    assert!(error.to_string().contains("there is no answer after 200ms"), "{error}");
    assert_eq!(shop.fates(), ["not attempted"]);
    let handed_back = error.into_intents().len();
    println!("commit timed out: 1 effect, {handed_back} handed back");
    assert_eq!(handed_back, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn one_of_which_the_answer_is_lost_has_happened_and_hands_the_effects_back() {
    let (shop, proxy) = losing().await;
    let database = shop.database_at(proxy.url()).await;
    let placed = database.transaction(async |tx: &mut PgConnection| place(tx, 1).await);
    handed_back(&shop, placed.await).await;
}

/// Whoever flushed them again would have them run twice.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn rows_are_there_if_it_is_and_are_not_handed_back() {
    let (shop, proxy) = losing().await;
    let database = shop.database_at(proxy.url()).await.queue(shop.apalis().await);
    let placed = database.transaction(async |tx: &mut PgConnection| place(tx, 1).await);
    let error = uncertain(placed.await);
    assert!(
        error.to_string().ends_with(": its 1 effects are rows of it, and are there if it is"),
        "{error}"
    );
    assert_eq!(error.into_intents().len(), 0);
    let [fate] = &*shop.fates() else { panic!("one intent") };
    assert!(fate.starts_with("failed: nobody can tell whether postgres://"), "{fate}");
    assert_eq!((shop.orders().await, shop.apalis_jobs().await), (vec![1], vec![1]));
}

/// As a pooler before the server does that has lost it: the server has committed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn an_answer_of_somebody_in_between_says_nothing() {
    // Of PgBouncer, of a server that shuts down or crashes, of a disk, of pgpool.
    let states = ["08P01", "57P01", "57P02", "57P03", "57P05", "58000", "58030", "XX000"];
    let mut unknown = 0;
    for state in states {
        let shop = Shop::open().await;
        let proxy = Proxy::to(&shop.url);
        proxy.at_answer("COMMIT", move |_| {
            let said = format!("SFATAL\0VFATAL\0C{state}\0Mserver conn crashed?\0\0");
            let length = u32::try_from(said.len() + 4).expect("it is short");
            [b"E", &length.to_be_bytes()[..], said.as_bytes()].concat()
        });
        let database = shop.database_at(proxy.url()).await;
        let placed = database.transaction(async |tx: &mut PgConnection| place(tx, 1).await);
        handed_back(&shop, placed.await).await;
        unknown += 1;
    }
    println!("an error at COMMIT that is a proxy's: {unknown} of {} called unknown", states.len());
}

/// Nothing arrives from when the body has ended: it was never asked to commit.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn one_that_is_not_answered_before_it_is_rolled_back_for_certain() {
    let shop = Shop::open().await;
    for queued in [false, true] {
        let proxy = Proxy::to(&shop.url);
        let (mut database, jobs) = (shop.database_at(proxy.url()).await, shop.apalis().await);
        if queued {
            database = database.queue(jobs);
        }
        let database = database.commit_timeout(Duration::from_millis(300));
        let placed = database.transaction(async |tx: &mut PgConnection| {
            place(tx, 1).await?;
            proxy.hold();
            Ok::<_, BoxError>(())
        });
        let placed = timeout(Duration::from_secs(5), placed).await.expect("nobody waits for long");
        let Ok(TransactionError::Database(error)) =
            placed.expect_err("no answer").downcast().map(|error| *error)
        else {
            panic!("the database's")
        };
        assert_eq!((error.step(), error.is_certain()), (Step::Commit, true), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("there is no answer after 300ms, and it was not asked to commit"),
            "{error}"
        );
        assert_eq!(error.into_intents().len(), 0);
        proxy.cut();
    }
    assert_eq!(shop.fates(), ["discarded: rolled back", "discarded: rolled back"]);
    assert_eq!((shop.orders().await, shop.apalis_jobs().await), (vec![], vec![]));
}

/// Nor does anybody wait for longer for a rollback.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_rollback_that_is_not_answered_keeps_nobody_from_the_error() {
    let shop = Shop::open().await;
    let proxy = Proxy::to(&shop.url);
    let database = shop.database_at(proxy.url()).await.commit_timeout(Duration::from_millis(300));
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        proxy.hold();
        Err::<(), BoxError>("out of stock".into())
    });
    let placed = timeout(Duration::from_secs(5), placed).await.expect("nobody waits for long");
    assert_eq!(placed.expect_err("out of stock").to_string(), "out of stock");
    proxy.cut();
    assert_eq!((shop.fates(), shop.orders().await), (vec!["discarded: error".to_owned()], vec![]));
}

/// A savepoint is not committed by its release, so that there is nothing that nobody can tell.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_savepoint_whose_release_is_not_answered_is_rolled_back_for_certain() {
    let shop = Shop::open().await;
    let proxy = Proxy::to(&shop.url);
    proxy.cut_at_answer("RELEASE");
    let database = shop.database_at(proxy.url()).await;
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        let nested = airlock::sqlx::transaction(&mut *tx, async |tx| place(tx, 2).await).await;
        let error = nested.expect_err("the line is cut").downcast::<TransactionError>();
        let Ok(TransactionError::Database(error)) = error.map(|error| *error) else {
            panic!("the database's")
        };
        assert_eq!((error.step(), error.is_certain()), (Step::Commit, true), "{error}");
        assert_eq!(error.into_intents().len(), 0);
        Err::<(), BoxError>("the line is cut".into())
    });
    placed.await.expect_err("the line is cut");
    assert_eq!((shop.fates(), shop.orders().await), (vec!["discarded: error".to_owned()], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn so_it_is_with_sea_orm() {
    let (shop, proxy) = losing().await;
    let connection = sea_orm::Database::connect(proxy.url()).await.expect("connected");
    let database = airlock::sea_orm::Database::new(connection).scope(shop.scope());
    let placed = database.transaction(async |tx: &DatabaseTransaction| {
        tx.execute_unprepared("INSERT INTO orders (id) VALUES (1)").await?;
        Ok(send_mail::enqueue(1)?)
    });
    handed_back(&shop, placed.await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn so_it_is_with_diesel_async() {
    let (shop, proxy) = losing().await;
    let mut connection = AsyncPgConnection::establish(proxy.url()).await.expect("connected");
    let database = airlock::diesel_async::Database::new().scope(shop.scope());
    let placed = database.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
        tx.batch_execute("INSERT INTO orders (id) VALUES (1)").await?;
        Ok(send_mail::enqueue(1)?)
    });
    handed_back(&shop, placed.await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn so_it_is_with_diesel() {
    let (shop, proxy) = losing().await;
    let database = airlock::diesel::Database::new().scope(shop.scope());
    let mut connection = super::diesel::connect(proxy.url());
    let placed = database.transaction(&mut connection, |tx| super::diesel::place(tx, 1));
    handed_back(&shop, placed).await;
}

/// A shop, and a line to its database that is cut when the server answers that it has committed. What
/// comes before, such as the question whether the transaction is still a good one, is let through.
async fn losing() -> (Shop, Proxy) {
    let shop = Shop::open().await;
    let proxy = Proxy::to(&shop.url);
    proxy.cut_at_answer("COMMIT");
    (shop, proxy)
}

/// Nobody could tell, for the server has committed.
async fn handed_back<T: std::fmt::Debug>(shop: &Shop, placed: Result<T, BoxError>) {
    let error = uncertain(placed);
    assert_eq!(error.into_intents().len(), 1);
    assert_eq!((shop.fates(), shop.orders().await), (vec!["not attempted".to_owned()], vec![1]));
}

fn uncertain<T: std::fmt::Debug>(placed: Result<T, BoxError>) -> DatabaseError {
    let error = placed.expect_err("the line is cut");
    let Ok(TransactionError::Database(error)) = error.downcast().map(|error| *error) else {
        panic!("the database's")
    };
    assert_eq!((error.step(), error.is_certain()), (Step::Commit, false), "{error}");
    error
}
