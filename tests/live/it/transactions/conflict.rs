//! Transactions that really are in each other's way, and are run again.

use std::sync::atomic::{AtomicU32, Ordering};

use airlock::BoxError;
use airlock_transactions::placing::send_mail;
use diesel::connection::SimpleConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction, IsolationLevel, TransactionOptions};
use sqlx::PgConnection;
use tokio::sync::Barrier;

use super::shop::{Shop, insert};

/// Two transactions, each of which counts the orders and then adds one: whichever commits later has
/// counted wrong, and PostgreSQL refuses it.
struct Race {
    shop: Shop,
    attempts: AtomicU32,
    both: Barrier,
}

const COUNT: &str = "SELECT count(*) FROM orders";
const SERIALIZABLE: &str = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";

impl Race {
    async fn open() -> Self {
        Self { shop: Shop::open().await, attempts: AtomicU32::new(0), both: Barrier::new(2) }
    }

    fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// Both have committed, one of them not at once, and nothing has left twice.
    async fn ended(self, library: &str) {
        let attempts = self.attempts.into_inner();
        println!("2 transactions of {library} that conflict: {attempts} attempts");
        assert!(attempts > 2, "they were in each other's way");
        let mut jobs = self.shop.graphile_jobs().await;
        jobs.sort_unstable();
        assert_eq!((self.shop.orders().await, jobs), (vec![1, 2], vec![1, 2]));
        let fates = self.shop.fates();
        let (left, other): (Vec<_>, Vec<_>) =
            fates.into_iter().partition(|fate| fate == "dispatched");
        assert_eq!(left.len(), 2);
        // An attempt may also fail before it has enqueued anything.
        assert!(other.len() <= attempts as usize - 2, "{other:?}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_sqlx() {
    let race = Race::open().await;
    let database = race
        .shop
        .database()
        .await
        .begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE")
        .queue(race.shop.graphile().await);
    let place = async |id: i64| {
        let mut first = true;
        let again = database.retry_if(5, |error: &BoxError| airlock::sqlx::is_conflict(&**error));
        let placed = again.transaction(async |tx: &mut PgConnection| {
            race.attempt();
            sqlx::raw_sql(COUNT).execute(&mut *tx).await?;
            if std::mem::take(&mut first) {
                race.both.wait().await;
            }
            insert(tx, id).await?;
            send_mail::enqueue(id)?;
            Ok::<_, BoxError>(())
        });
        placed.await.expect("committed");
    };
    tokio::join!(place(1), place(2));
    race.ended("sqlx").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_sea_orm() {
    let race = Race::open().await;
    let connection = sea_orm::Database::connect(&race.shop.url).await.expect("connected");
    let options = TransactionOptions {
        isolation_level: Some(IsolationLevel::Serializable),
        ..TransactionOptions::default()
    };
    let database = airlock::sea_orm::Database::new(connection)
        .options(options)
        .scope(race.shop.scope())
        .queue(race.shop.graphile().await);
    let place = async |id: i64| {
        let mut first = true;
        let again =
            database.retry_if(5, |error: &BoxError| airlock::sea_orm::is_conflict(&**error));
        let placed = again.transaction(async |tx: &DatabaseTransaction| {
            race.attempt();
            tx.execute_unprepared(COUNT).await?;
            if std::mem::take(&mut first) {
                race.both.wait().await;
            }
            tx.execute_unprepared(&format!("INSERT INTO orders (id) VALUES ({id})")).await?;
            send_mail::enqueue(id)?;
            Ok::<_, BoxError>(())
        });
        placed.await.expect("committed");
    };
    tokio::join!(place(1), place(2));
    race.ended("SeaORM").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_diesel_async() {
    let race = Race::open().await;
    let database = airlock::diesel_async::Database::new()
        .scope(race.shop.scope())
        .queue(race.shop.graphile().await);
    let place = async |id: i64| {
        let url = &race.shop.url;
        let mut connection = AsyncPgConnection::establish(url).await.expect("connected");
        let mut first = true;
        let again =
            database.retry_if(5, |error: &BoxError| airlock::diesel_async::is_conflict(&**error));
        let placed = again.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
            race.attempt();
            tx.batch_execute(SERIALIZABLE).await?;
            tx.batch_execute(COUNT).await?;
            if std::mem::take(&mut first) {
                race.both.wait().await;
            }
            tx.batch_execute(&format!("INSERT INTO orders (id) VALUES ({id})")).await?;
            send_mail::enqueue(id)?;
            Ok::<_, BoxError>(())
        });
        placed.await.expect("committed");
    };
    tokio::join!(place(1), place(2));
    race.ended("diesel-async").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_diesel() {
    let race = Race::open().await;
    let database =
        airlock::diesel::Database::new().scope(race.shop.scope()).queue(race.shop.graphile().await);
    let both = std::sync::Barrier::new(2);
    let place = |id: i64| {
        let mut connection = super::diesel::connect(&race.shop.url);
        let mut first = true;
        let again = database.retry_if(5, |error: &BoxError| airlock::diesel::is_conflict(&**error));
        let placed = again.transaction(&mut connection, |tx| {
            race.attempt();
            tx.batch_execute(SERIALIZABLE)?;
            tx.batch_execute(COUNT)?;
            if std::mem::take(&mut first) {
                both.wait();
            }
            super::diesel::insert(tx, id)?;
            send_mail::enqueue(id)?;
            Ok::<_, BoxError>(())
        });
        placed.expect("committed");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| place(1));
        scope.spawn(|| place(2));
    });
    race.ended("diesel").await;
}

/// diesel has no kind of error for a deadlock.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_deadlock_is_one_to_both_diesels() {
    let shop = Shop::open().await;
    let mut setup = super::diesel::connect(&shop.url);
    setup.batch_execute("INSERT INTO orders (id) VALUES (1), (2)").expect("two orders");
    let both = std::sync::Barrier::new(2);
    let attempts = AtomicU32::new(0);
    let lock = |id: i64| format!("SELECT FROM orders WHERE id = {id} FOR UPDATE");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut connection, mut first) = (super::diesel::connect(&shop.url), true);
            let database = airlock::diesel::Database::new();
            let again =
                database.retry_if(5, |error: &BoxError| airlock::diesel::is_conflict(&**error));
            let locked = again.transaction(&mut connection, |tx| {
                attempts.fetch_add(1, Ordering::Relaxed);
                tx.batch_execute(&lock(1))?;
                if std::mem::take(&mut first) {
                    both.wait();
                }
                tx.batch_execute(&lock(2))?;
                Ok::<_, BoxError>(())
            });
            locked.expect("committed");
        });
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let url = &shop.url;
                let mut connection = AsyncPgConnection::establish(url).await.expect("connected");
                let mut first = true;
                let database = airlock::diesel_async::Database::new();
                let again = database
                    .retry_if(5, |error: &BoxError| airlock::diesel_async::is_conflict(&**error));
                let locked =
                    again.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
                        attempts.fetch_add(1, Ordering::Relaxed);
                        tx.batch_execute(&lock(2)).await?;
                        if std::mem::take(&mut first) {
                            both.wait();
                        }
                        tx.batch_execute(&lock(1)).await?;
                        Ok::<_, BoxError>(())
                    });
                locked.await.expect("committed");
            });
        });
    });
    assert!(attempts.into_inner() > 2, "they were in each other's way");
}
