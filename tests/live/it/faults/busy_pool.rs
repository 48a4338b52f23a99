//! The tasks use up the program's pool, which is also the engine's. A busy worker is not a lost one.

use airlock::apalis::{Postgres, Sqlite};
use airlock::graphile::Graphile;
use airlock::worker::{Worker, WorkerBuilder};
use airlock::{BoxError, tasks};
use airlock_live::{Engine, LOST_AFTER, Record};
use sqlx::{PgPool, SqlitePool};
use tokio::time::sleep;

use crate::faults::{Place, Ran, eventually, flush, on, tell};

/// As many connections as the pool has, and as many tasks again.
const POOL: u32 = 4;
const ORDERS: u64 = 8;

/// Holds a transaction for longer than a lease lasts.
#[airlock::task]
async fn hold(
    #[state] pool: &PgPool,
    #[state] record: &Record,
    order_id: u64,
) -> Result<(), BoxError> {
    record.append("begun", order_id);
    let transaction = pool.begin().await?;
    sleep(LOST_AFTER * 2).await;
    transaction.commit().await?;
    record.append("ran", order_id);
    Ok(())
}

/// Holds a connection that reads.
#[airlock::task]
async fn read(
    #[state] pool: &SqlitePool,
    #[state] record: &Record,
    order_id: u64,
) -> Result<(), BoxError> {
    record.append("begun", order_id);
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT count(*) FROM Jobs").execute(&mut *transaction).await?;
    sleep(LOST_AFTER * 2).await;
    transaction.commit().await?;
    record.append("ran", order_id);
    Ok(())
}

trait Pooled: Engine {
    /// A handle whose pool the tasks use, and a worker of these tasks.
    async fn busy(place: &Place) -> (Self, WorkerBuilder);

    fn intent(order: u64) -> airlock::Intent;
}

async fn pg_pool(place: &Place) -> PgPool {
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(POOL);
    options.connect(&place.url).await.expect("connected")
}

impl Pooled for Postgres {
    async fn busy(place: &Place) -> (Self, WorkerBuilder) {
        let pool = pg_pool(place).await;
        let worker = airlock::worker().serving(tasks![hold]).state(pool.clone());
        (Self::new(pool).queue(&*place.queue).lost_after(LOST_AFTER), worker)
    }

    fn intent(order: u64) -> airlock::Intent {
        hold::intent(order)
    }
}

impl Pooled for Graphile {
    async fn busy(place: &Place) -> (Self, WorkerBuilder) {
        let pool = pg_pool(place).await;
        let worker = airlock::worker().serving(tasks![hold]).state(pool.clone());
        (Self::new(pool).queue(&*place.queue).lost_after(LOST_AFTER), worker)
    }

    fn intent(order: u64) -> airlock::Intent {
        hold::intent(order)
    }
}

impl Pooled for Sqlite {
    async fn busy(place: &Place) -> (Self, WorkerBuilder) {
        let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(POOL);
        let pool = options.connect(&place.url).await.expect("connected");
        let worker = airlock::worker().serving(tasks![read]).state(pool.clone());
        (Self::new(pool).queue(&*place.queue).lost_after(LOST_AFTER), worker)
    }

    fn intent(order: u64) -> airlock::Intent {
        read::intent(order)
    }
}

async fn fault<E: Pooled>() {
    let place = Place::shared::<E>();
    let sender = place.open::<E>().await;
    flush(&sender, (1..=ORDERS).map(E::intent)).await.all_left();
    let record = place.record();
    let all_ran = async || {
        eventually("all ran", async || {
            record.count("ran").len() as u64 == ORDERS && place.held(&sender).await == 0
        })
        .await;
    };
    let build = |worker: WorkerBuilder| -> Worker {
        worker.state(place.record()).concurrency(8).build().expect("a worker")
    };
    let (busy, worker) = E::busy(&place).await;
    let first = tokio::spawn({
        let (worker, all_ran) = (build(worker), Box::pin(sleep(LOST_AFTER * 5)));
        async move { worker.run(busy, all_ran).await }
    });
    eventually("all have begun", async || record.count("begun").len() as u64 == ORDERS).await;
    let (other, worker) = E::busy(&place).await;
    let second = build(worker).run(other, all_ran()).await.expect("served");
    let first = first.await.expect("no panic").expect("served");

    let begun: usize = record.count("begun").values().sum();
    let ran = Ran::all_once(&record, 1..=ORDERS);
    assert_eq!(begun as u64, ORDERS, "each is begun once");
    assert_eq!((first.done, second.done), (ORDERS, 0), "nobody takes anything over");
    let line = format_args!("{ORDERS} enqueued, {POOL} connections, {begun} begun; {ran}");
    tell::<E>("busy pool", line);
}

on!(fault: apalis_sqlite, apalis_postgres, graphile);
