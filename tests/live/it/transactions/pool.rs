//! A pool that has no connection left: what can't begin says so in time, loses nothing that was enqueued before,
//! and holds nobody up who comes later.

use std::time::Duration;

use airlock::BoxError;
use airlock::sqlx::Database;
use airlock::transaction::{DatabaseError, Step, TransactionError};
use airlock_transactions::placing::send_mail;
use sqlx::PgConnection;
use sqlx::postgres::PgPoolOptions;

use super::shop::{Shop, place};

const NEXT: &str = "all connections are in use";

/// Why a transaction has not begun.
fn not_begun<T: std::fmt::Debug>(placed: Result<T, BoxError>) -> DatabaseError {
    match placed.map_err(|error| error.downcast().map(|error| *error)) {
        Err(Ok(TransactionError::Database(error))) => error,
        placed => panic!("{placed:?}"),
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_sqlx() {
    let shop = Shop::open().await;
    let options = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(1));
    let pool = options.connect(&shop.url).await.expect("connected");
    let held = [pool.acquire().await.expect("one"), pool.acquire().await.expect("two")];
    let database = Database::new(pool).queue(shop.graphile().await);
    let request = async {
        send_mail::enqueue(7)?;
        let order = async |tx: &mut PgConnection| place(tx, 1).await;
        database.transaction(order).await
    };
    let (placed, sealed) = shop.scope()().seal_async(request).await;
    let error = not_begun(placed);
    assert_eq!((error.step(), error.is_certain()), (Step::Begin, true));
    assert!(error.to_string().contains(NEXT), "{error}");
    // What was enqueued before is still there, and is its own scope's to decide.
    assert_eq!(sealed.len(), 1);
    sealed.flush_async().await.expect("flushed");
    assert_eq!(shop.fates(), ["dispatched"]);
    assert_eq!((shop.orders().await, shop.graphile_jobs().await), (vec![], vec![]));

    // A transaction that asks the pool for a second connection while others do the same, too.
    drop(held);
    let nested = async |tx: &mut PgConnection| {
        place(tx, 2).await?;
        let _other = database.pool().acquire().await?;
        let order = async |tx: &mut PgConnection| place(tx, 3).await;
        database.transaction(order).await
    };
    let error = not_begun(database.transaction(nested).await);
    assert!(error.to_string().contains(NEXT), "{error}");
    assert_eq!((shop.orders().await, shop.graphile_jobs().await), (vec![], vec![]));

    let order = async |tx: &mut PgConnection| place(tx, 4).await;
    database.transaction(order).await.expect("there is one again");
    let (orders, jobs) = (shop.orders().await, shop.graphile_jobs().await);
    println!(
        "pool exhausted, PostgreSQL: 3 of 4 orders refused or rolled back, {} there, {} with its mail; \
         of 1 effect enqueued before {} left",
        orders.len(),
        jobs.len(),
        shop.fates().iter().filter(|fate| *fate == "dispatched").count()
    );
    assert_eq!((orders, jobs), (vec![4], vec![4]));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn of_sea_orm() {
    let shop = Shop::open().await;
    let mut options = sea_orm::ConnectOptions::new(&shop.url);
    options.max_connections(1).acquire_timeout(Duration::from_secs(1));
    let connection = sea_orm::Database::connect(options).await.expect("connected");
    let held = connection.get_postgres_connection_pool().acquire().await.expect("the only one");
    let database = airlock::sea_orm::Database::new(connection).scope(shop.scope());
    let order = async |_: &sea_orm::DatabaseTransaction| Ok::<_, BoxError>(send_mail::enqueue(1)?);
    let error = not_begun(database.transaction(order).await);
    assert_eq!((error.step(), error.is_certain()), (Step::Begin, true));
    assert!(error.to_string().contains(NEXT), "{error}");
    assert_eq!(shop.fates(), [""; 0], "nothing was enqueued");
    drop(held);
    database.transaction(order).await.expect("there is one again");
    assert_eq!(shop.fates(), ["dispatched"]);
}
