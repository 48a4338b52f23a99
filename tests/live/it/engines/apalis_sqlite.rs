//! apalis' tables in a SQLite file, which needs no server.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use airlock::apalis::Sqlite;
use airlock::envelope::Envelope;
use airlock::worker::Source;
use airlock_live::Tables;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use apalis_sqlite::{Config, queries};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use tokio::time::sleep;

use super::behaviours::rows::{NO_SIGNS, Row, Rows};
use super::conforms;
use super::fixture::{Fixture, flush, note, notes};
use crate::place::Place;

conforms!(file airlock::apalis::Sqlite: sends works tables rows);

impl Rows for Sqlite {
    async fn rows(&self, queue: &str) -> Vec<Row> {
        const ROWS: &str =
            "SELECT status, attempts, last_result FROM Jobs WHERE job_type = ?1 ORDER BY id";
        sqlx::query_as(ROWS).bind(queue).fetch_all(self.pool()).await.expect("rows")
    }

    async fn workers(&self, queue: &str) -> i64 {
        const WORKERS: &str = "SELECT count(*) FROM Workers WHERE worker_type = ?1";
        sqlx::query_scalar(WORKERS).bind(queue).fetch_one(self.pool()).await.expect("a count")
    }

    async fn remove_all_done(&self) -> u64 {
        self.remove_done(Duration::ZERO).await.expect("removed")
    }

    /// In hundreds of instructions of SQLite's.
    async fn cost(place: &Place, of: impl AsyncFn(Self)) -> u64 {
        drop(place.open::<Self>().await);
        let cost = Arc::new(AtomicU64::new(0));
        let options: SqliteConnectOptions = place.url.parse().expect("a URL");
        let counting = cost.clone();
        let pool =
            SqlitePoolOptions::new().max_connections(1).after_connect(move |connection, _| {
                let counting = counting.clone();
                Box::pin(async move {
                    connection.lock_handle().await?.set_progress_handler(100, move || {
                        counting.fetch_add(1, Ordering::Relaxed);
                        true
                    });
                    Ok(())
                })
            });
        let pool = pool.connect_with(options).await.expect("connected");
        of(Self::new(pool).queue(&place.queue).lost_after(NO_SIGNS)).await;
        cost.load(Ordering::Relaxed)
    }
}

/// A pool of the program's own, of so many connections.
async fn pooled(place: &Place, connections: u32, patience: Duration) -> Sqlite {
    let options = SqliteConnectOptions::from_str(&place.url).expect("a URL");
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .connect_with(options.busy_timeout(patience))
        .await
        .expect("connected");
    Sqlite::new(pool).queue(&place.queue)
}

/// Nobody tells it of these.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_finds_what_another_process_flushed() {
    let fixture = Fixture::<Sqlite>::new().await;
    let other = fixture.place.open::<Sqlite>().await;
    let serving = fixture.start(fixture.engine.clone(), 5);
    for number in 0..5 {
        sleep(Duration::from_millis(300)).await;
        flush(&other, notes([number])).await.expect("flushed");
        fixture.runs.reach(number + 1).await;
    }
    assert_eq!(serving.await.expect("no panic").done, 5);
}

/// apalis' own `setup` turns it off.
#[tokio::test]
async fn every_commit_is_flushed_to_the_disk() {
    let fixture = Fixture::<Sqlite>::new().await;
    let pool = fixture.engine.pool();
    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await.expect("asked");
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.expect("asked");
    assert_eq!((synchronous, &*journal), (2, "wal"));
}

#[tokio::test]
async fn the_programs_own_migrations_stay() {
    let place = Place::shared::<Sqlite>();
    let engine = Sqlite::without_tables(&place.url, &place.queue).await.expect("connected");
    for statement in [
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
         checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)",
        "INSERT INTO _sqlx_migrations VALUES (20200101000000, 'shop', '', true, x'00', 1)",
    ] {
        sqlx::query(statement).execute(engine.pool()).await.expect("executed");
    }
    engine.setup().await.expect("set up");
}

#[tokio::test]
async fn a_flush_to_a_file_that_is_read_only_is_handed_back() {
    let place = Place::shared::<Sqlite>();
    drop(place.open::<Sqlite>().await);
    let read_only = Sqlite::connect(&format!("{}?mode=ro", place.url)).await;
    // WAL needs a file beside it that a reader may make; where it may not, connecting fails.
    if let Ok(read_only) = read_only {
        let error = flush(&read_only, notes(0..3)).await.expect_err("read only");
        println!("read only: {error}");
        assert_eq!(error.into_intents().len(), 3);
    }
}

#[tokio::test]
async fn a_full_disk_hands_everything_back_and_half_of_nothing_stays() {
    let fixture = Fixture::<Sqlite>::new().await;
    let pool = fixture.engine.pool();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(pool).await.expect("asked");
    let full = format!("PRAGMA max_page_count = {}", pages + 100);
    sqlx::query(sqlx::AssertSqlSafe(full)).execute(pool).await.expect("limited");
    let error = flush(&fixture.engine, notes(0..10_000)).await.expect_err("no room");
    println!("full: {error}");
    assert!(error.to_string().contains("database or disk is full"), "{error}");
    assert_eq!((error.into_intents().len(), fixture.held().await), (10_000, 0));
    sqlx::query("PRAGMA max_page_count = 1000000").execute(pool).await.expect("room");
    assert_eq!(fixture.send(notes(0..10_000)).await.dispatched(), 10_000);
}

/// SQLite has one lock for all, so that nobody gives a sign while somebody writes for long. Whoever writes
/// first after that must not take the others to be lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_holds_stays_its_own_while_the_file_is_locked() {
    let fixture = Fixture::<Sqlite>::new().await;
    fixture.send(notes([1])).await;
    let holder = fixture.open().await;
    let other = super::consumer::Consumer::of(fixture.place.open::<Sqlite>().await).await;
    assert_eq!(holder.take(1).await.len(), 1);

    let mut writer = SqliteConnection::connect(&fixture.place.url).await.expect("connected");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("locked");
    let unlock = async {
        sleep(airlock_live::LOST_AFTER * 3 / 2).await;
        sqlx::query("ROLLBACK").execute(&mut writer).await.expect("unlocked");
    };
    let (kept, ()) = tokio::join!(other.0.keep_alive(), unlock);
    kept.expect("it waits for the lock");
    holder.0.keep_alive().await.expect("it lives");
    other.0.keep_alive().await.expect("it lives");
    other.nothing_comes().await;
}

#[tokio::test]
async fn a_pool_without_a_free_connection_and_a_locked_file_are_said_to_be_that() {
    let fixture = Fixture::<Sqlite>::new().await;
    let engine = pooled(&fixture.place, 1, Duration::from_millis(50)).await;
    let held = engine.pool().acquire().await.expect("a connection");
    let said = flush(&engine, notes([1])).await.expect_err("none is free").to_string();
    assert!(said.contains("all its connections were in use"), "{said}");
    assert!(!said.contains("server"), "{said}");
    drop(held);

    let mut writer = SqliteConnection::connect(&fixture.place.url).await.expect("connected");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("begun");
    let said = flush(&engine, notes([1])).await.expect_err("locked").to_string();
    assert!(said.contains("database is locked: another connection was writing"), "{said}");
    sqlx::query("ROLLBACK").execute(&mut writer).await.expect("rolled back");
    flush(&engine, notes([1])).await.expect("flushed");
}

/// A pool of the program's own has several connections, which write at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn many_connections_may_flush_at_once() {
    let fixture = Fixture::<Sqlite>::new().await;
    let engine = pooled(&fixture.place, 8, Duration::from_mins(1)).await;
    let flushes: Vec<_> = (0..40)
        .map(|turn| {
            let engine = engine.clone();
            let intents = notes(turn * 50..(turn + 1) * 50);
            tokio::spawn(async move { flush(&engine, intents).await.expect("flushed") })
        })
        .collect();
    for flushed in flushes {
        assert_eq!(flushed.await.expect("no panic").dispatched(), 50);
    }
}

/// apalis' own workers see jobs as they see their own.
#[tokio::test]
async fn apalis_reads_the_jobs() {
    let fixture = Fixture::<Sqlite>::new().await;
    let pool = fixture.engine.pool();
    fixture.send([0, 1].map(|number| note::intent(number).max_attempts(4).priority(3))).await;
    let config = Config::default().queue(fixture.queue());
    let worker = WorkerContext::new("apalis");
    queries::register_worker(pool, &config, &worker, "test").await.expect("registered");
    let tasks = queries::fetch_next(pool, &config, &worker).await.expect("fetched");
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        let envelope = Envelope::from_json(&task.args).expect("an envelope");
        let id = task.task_id().and_then(TaskId::as_ulid).expect("a ULID");
        assert_eq!(u128::from(id), envelope.id().as_u128());
        assert_eq!((task.max_attempts(), task.priority()), (Some(4), Some(3)));
    }
}
