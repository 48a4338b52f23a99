//! Bodies whose statements fail with a library's error, and which return a `Failure` of it: each error becomes one by
//! `?`, is told from the others, and a conflict inside is met again.

use std::sync::atomic::{AtomicU32, Ordering};

use airlock::block_tasks;
use airlock::transaction::Failure;
use airlock_transactions::driver::statement;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::sqlx::shop::Shop;
use crate::support::send_mail;
use crate::transparent::{COUNT, insert, meanwhile};

const NO_TABLE: &str = "INSERT INTO nowhere VALUES (1)";

/// The second attempt is committed with its mail.
async fn assert_met_again(shop: &Shop, attempts: u32) {
    assert_eq!((attempts, shop.orders().await), (2, vec![2, 100]));
    assert_eq!(shop.mails.sent(), [2]);
}

#[tokio::test]
async fn of_sqlx() {
    type Failed = Failure<sqlx::Error>;
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let database = shop.database();
    let placed = database.retry(3).transaction(async |tx: &mut sqlx::SqliteConnection| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        sqlx::query(COUNT).execute(&mut *tx).await?;
        meanwhile(&shop, attempt).await;
        sqlx::query(statement(&insert(attempt))).execute(&mut *tx).await?;
        let savepoint = async |tx: &mut sqlx::SqliteConnection| {
            sqlx::query(NO_TABLE).execute(tx).await?;
            Ok::<_, Failed>(())
        };
        let failed = airlock::sqlx::transaction(&mut *tx, savepoint).await;
        assert!(matches!(failed, Err(Failure::Body(sqlx::Error::Database(_)))), "{failed:?}");
        shop.mails.enqueue(attempt.into())?;
        Ok::<_, Failed>(())
    });
    placed.await.expect("committed");
    assert_met_again(&shop, attempts.into_inner()).await;

    let refused = database.transaction(async |_: &mut sqlx::SqliteConnection| {
        shop.mails.enqueue(3)?;
        Ok::<_, Failed>(())
    });
    let refused = airlock::policy(block_tasks![send_mail].refuse()).run_async(refused).await;
    assert!(matches!(refused, Err(Failure::Enqueue(_))), "{refused:?}");
}

#[tokio::test]
async fn of_sea_orm() {
    type Failed = Failure<sea_orm::DbErr>;
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let url = format!("sqlite:{}", shop.path());
    let connection = sea_orm::Database::connect(url).await.expect("connected");
    let database = airlock::sea_orm::Database::new(connection);
    let placed = database.retry(3).transaction(async |tx: &DatabaseTransaction| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        tx.execute_unprepared(COUNT).await?;
        meanwhile(&shop, attempt).await;
        tx.execute_unprepared(&insert(attempt)).await?;
        shop.mails.enqueue(attempt.into())?;
        Ok::<_, Failed>(())
    });
    placed.await.expect("committed");
    assert_met_again(&shop, attempts.into_inner()).await;

    let failed = database.transaction(async |tx: &DatabaseTransaction| {
        tx.execute_unprepared(NO_TABLE).await?;
        Ok::<_, Failed>(())
    });
    let failed = failed.await;
    assert!(matches!(failed, Err(Failure::Body(_))), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_diesel() {
    type Failed = Failure<diesel::result::Error>;
    let (shop, mut attempt) = (Shop::open().await, 0);
    let mut connection = SqliteConnection::establish(&shop.path()).expect("connected");
    let database = airlock::diesel::Database::new();
    let placed = database.retry(3).transaction(&mut connection, |tx| {
        attempt += 1;
        tx.batch_execute(COUNT)?;
        let others = async { meanwhile(&shop, attempt).await };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(others));
        tx.batch_execute(&insert(attempt))?;
        shop.mails.enqueue(attempt.into())?;
        Ok::<_, Failed>(())
    });
    placed.expect("committed");
    assert_met_again(&shop, attempt).await;

    let failed = database.transaction(&mut connection, |tx| {
        tx.batch_execute(NO_TABLE)?;
        Ok::<_, Failed>(())
    });
    assert!(matches!(failed, Err(Failure::Body(_))), "{failed:?}");
}

#[tokio::test]
async fn of_diesel_async() {
    type Failed = Failure<diesel::result::Error>;
    type Sqlite = SyncConnectionWrapper<SqliteConnection>;
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let mut connection = Sqlite::establish(&shop.path()).await.expect("connected");
    let database = airlock::diesel_async::Database::new();
    let placed = database.retry(3).transaction(&mut connection, async |tx: &mut Sqlite| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        tx.batch_execute(COUNT).await?;
        meanwhile(&shop, attempt).await;
        tx.batch_execute(&insert(attempt)).await?;
        shop.mails.enqueue(attempt.into())?;
        Ok::<_, Failed>(())
    });
    placed.await.expect("committed");
    assert_met_again(&shop, attempts.into_inner()).await;

    let failed = database.transaction(&mut connection, async |tx: &mut Sqlite| {
        tx.batch_execute(NO_TABLE).await?;
        Ok::<_, Failed>(())
    });
    let failed = failed.await;
    assert!(matches!(failed, Err(Failure::Body(_))), "{failed:?}");
}
