//! Rows are written through the connection of each library, and mean the same.

use airlock::BoxError;
use airlock_transactions::placing::send_mail;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use sqlx::PgConnection;

use super::shop::{Shop, insert};

/// Three mails, of which two have one key.
fn mails(first: i64) -> Result<(), airlock::EnqueueError> {
    send_mail::enqueue(first)?;
    send_mail::intent(first + 1).unique_key(format!("digest {first}")).enqueue()?;
    send_mail::intent(first + 2).unique_key(format!("digest {first}")).enqueue()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_apalis() {
    let shop = Shop::open().await;
    let jobs = shop.apalis().await;
    through_sqlx(&shop, jobs.clone()).await;
    through_sea_orm(&shop, jobs.clone()).await;
    through_diesel_async(&shop, jobs.clone()).await;
    through_diesel(&shop, jobs);
    assert_eq!(shop.orders().await, [10, 20, 30, 40]);
    assert_eq!(shop.apalis_jobs().await, [10, 11, 20, 21, 30, 31, 40, 41]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_graphile() {
    let shop = Shop::open().await;
    let jobs = shop.graphile().await;
    through_sqlx(&shop, jobs.clone()).await;
    through_sea_orm(&shop, jobs.clone()).await;
    through_diesel_async(&shop, jobs.clone()).await;
    through_diesel(&shop, jobs);
    assert_eq!(shop.orders().await, [10, 20, 30, 40]);
    assert_eq!(shop.graphile_jobs().await, [10, 11, 20, 21, 30, 31, 40, 41]);
}

async fn through_sqlx(shop: &Shop, jobs: impl airlock::transaction::Queue<PgConnection>) {
    let database = airlock::sqlx::Database::new(shop.pool.clone()).queue(jobs);
    let placed = database.transaction(async |tx: &mut PgConnection| {
        insert(tx, 10).await?;
        mails(10)?;
        Ok::<_, BoxError>(())
    });
    placed.await.expect("committed");
}

async fn through_sea_orm(shop: &Shop, jobs: impl airlock::transaction::Queue<DatabaseTransaction>) {
    let connection = sea_orm::Database::connect(&shop.url).await.expect("connected");
    let database = airlock::sea_orm::Database::new(connection).queue(jobs);
    let placed = database.transaction(async |tx: &DatabaseTransaction| {
        tx.execute_unprepared("INSERT INTO orders (id) VALUES (20)").await?;
        mails(20)?;
        Ok::<_, BoxError>(())
    });
    placed.await.expect("committed");
    // One that is swallowed, as in `aborted`.
    let placed = database.transaction(async |tx: &DatabaseTransaction| {
        tx.execute_unprepared("INSERT INTO orders (id) VALUES (20)")
            .await
            .expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    placed.await.expect_err("aborted");
}

async fn through_diesel_async<Q>(shop: &Shop, jobs: Q)
where
    Q: for<'c> airlock::transaction::Queue<airlock::diesel_async::Through<'c, AsyncPgConnection>>,
{
    let mut connection = AsyncPgConnection::establish(&shop.url).await.expect("connected");
    let database = airlock::diesel_async::Database::new().queue(jobs);
    let placed = database.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
        tx.batch_execute("INSERT INTO orders (id) VALUES (30)").await?;
        mails(30)?;
        Ok::<_, BoxError>(())
    });
    placed.await.expect("committed");
    let placed = database.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
        tx.batch_execute("INSERT INTO orders (id) VALUES (30)").await.expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    placed.await.expect_err("aborted");
}

fn through_diesel<Q>(shop: &Shop, jobs: Q)
where
    Q: for<'c> airlock::transaction::Queue<airlock::diesel::Through<'c, diesel::PgConnection>>,
{
    let mut connection = super::diesel::connect(&shop.url);
    let database = airlock::diesel::Database::new().queue(jobs);
    let placed = database.transaction(&mut connection, |tx| {
        super::diesel::insert(tx, 40)?;
        mails(40)?;
        Ok::<_, BoxError>(())
    });
    placed.expect("committed");
    let failed = database.transaction(&mut connection, |tx| {
        super::diesel::insert(tx, 50)?;
        mails(50)?;
        Err::<(), BoxError>("out of stock".into())
    });
    failed.expect_err("out of stock");
}
