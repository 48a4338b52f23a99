//! apalis' tables in a SQLite file. No server is needed, but what it shares with PostgreSQL is here.

use std::str::FromStr;
use std::time::{Duration, Instant};

use airlock::apalis::Sqlite;
use airlock::worker::Source;
use airlock::{Batch, DispatchError, Executor};
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use apalis_sqlite::queries;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use tempfile::TempDir;

use crate::apalis_sql::{self as both, counts, flush};

/// The queue of a test; each has a file of its own.
const QUEUE: &str = "jobs";

/// A database that is gone after the test.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("jobs.db").display())
    }

    async fn connect(&self) -> Sqlite {
        Sqlite::connect(&self.url()).await.expect("connected").queue(QUEUE)
    }

    async fn set_up(&self) -> Sqlite {
        let engine = self.connect().await;
        engine.setup().await.expect("set up");
        engine
    }
}

/// The tests that PostgreSQL has as well.
macro_rules! both {
    ($($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let file = File::new();
            both::$name(file.set_up().await, QUEUE).await;
        }
    )*};
}

both! {
    ten_thousand_leave_at_once_and_run_once_each_in_order
    flushes_keep_their_order_among_one_another
    a_unique_key_is_held_until_its_job_has_ended
    ten_thousand_duplicates_leave_one
    flushes_of_the_same_keys_do_not_dead_lock
    options_are_honoured
    a_delayed_job_starts_in_time
    a_failed_task_is_tried_again_and_then_given_up
    the_reason_of_a_failed_attempt_is_kept
    what_goes_back_counts_no_attempt
    a_worker_that_ends_leaves_nothing_behind
    an_endless_wait_is_a_long_one
    to_settle_twice_does_nothing_to_the_next_delivery
    what_a_lost_worker_held_is_taken_over
    what_cannot_be_read_is_kept
    dead_letters_are_listed_found_retried_and_removed
    queues_are_served_in_turn
    what_has_expired_runs_when_it_is_put_back
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_hears_of_a_flush_in_its_process() {
    let file = File::new();
    let engine = file.set_up().await;
    let within = Duration::from_millis(50);
    both::an_idle_worker_starts_at_once(engine.clone(), engine, QUEUE, within).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_finds_what_another_process_flushed() {
    let file = File::new();
    let (engine, other) = (file.set_up().await, file.connect().await);
    let within = Duration::from_millis(250);
    both::an_idle_worker_starts_at_once(engine, other, QUEUE, within).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_run_nothing_twice() {
    let file = File::new();
    let (engine, other) = (file.set_up().await, file.connect().await);
    both::two_workers_run_nothing_twice(engine, other, QUEUE).await;
}

/// SQLite has no lock for migrations, and sqlx takes none.
#[tokio::test(flavor = "multi_thread")]
async fn many_may_set_up_at_once() {
    let file = File::new();
    let set_up: Vec<_> = (0..8)
        .map(|_| {
            let url = file.url();
            tokio::spawn(async move {
                let engine = Sqlite::connect(&url).await?;
                engine.setup().await?;
                engine.setup().await
            })
        })
        .collect();
    for set_up in set_up {
        set_up.await.expect("no panic").expect("set up");
    }
    let report = flush(&file.connect().await, counts([1], QUEUE)).await.expect("flushed");
    assert_eq!(report.dispatched(), 1);
}

/// apalis' own `setup` turns it off.
#[tokio::test]
async fn every_commit_is_flushed_to_the_disk() {
    let file = File::new();
    let engine = file.set_up().await;
    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(engine.pool()).await.expect("asked");
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(engine.pool()).await.expect("asked");
    assert_eq!((synchronous, &*journal), (2, "wal"));
}

#[tokio::test]
async fn the_programs_own_migrations_stay() {
    let file = File::new();
    let engine = file.connect().await;
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
async fn a_flush_that_cannot_be_written_is_handed_back() {
    let file = File::new();
    let engine = file.connect().await;
    let error = flush(&engine, counts(0..3, QUEUE)).await.expect_err("no tables");
    let said = error.to_string();
    assert!(said.contains("no such table: Jobs: call `setup()` before it is first used"), "{said}");
    assert_eq!(error.into_intents().len(), 3);

    engine.setup().await.expect("set up");
    drop(engine);
    let read_only = Sqlite::connect(&format!("{}?mode=ro", file.url())).await;
    // WAL needs a file beside it that a reader may make; where it may not, connecting fails.
    if let Ok(read_only) = read_only {
        let error = flush(&read_only, counts(0..3, QUEUE)).await.expect_err("read only");
        println!("read only: {error}");
        assert_eq!(error.into_intents().len(), 3);
    }
}

#[tokio::test]
async fn a_full_disk_hands_everything_back_and_half_of_nothing_stays() {
    let file = File::new();
    let engine = file.set_up().await;
    let pages: i64 =
        sqlx::query_scalar("PRAGMA page_count").fetch_one(engine.pool()).await.expect("asked");
    let full = format!("PRAGMA max_page_count = {}", pages + 100);
    sqlx::query(sqlx::AssertSqlSafe(full)).execute(engine.pool()).await.expect("limited");
    let error = flush(&engine, counts(0..10_000, QUEUE)).await.expect_err("no room");
    println!("full: {error}");
    assert!(error.to_string().contains("database or disk is full"), "{error}");
    assert_eq!(error.into_intents().len(), 10_000);
    let jobs: i64 = sqlx::query_scalar("SELECT count(*) FROM Jobs")
        .fetch_one(engine.pool())
        .await
        .expect("asked");
    assert_eq!(jobs, 0);
    sqlx::query("PRAGMA max_page_count = 1000000").execute(engine.pool()).await.expect("room");
    assert_eq!(
        flush(&engine, counts(0..10_000, QUEUE)).await.expect("flushed").dispatched(),
        10_000
    );
}

/// Flushes within a transaction, which it then ends as told.
struct InTransaction {
    engine: Sqlite,
    commits: bool,
}

impl Executor for InTransaction {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut transaction = self.engine.pool().begin().await.map_err(DispatchError::all)?;
        self.engine.dispatch_in(&mut transaction, batch).await?;
        let ended =
            if self.commits { transaction.commit().await } else { transaction.rollback().await };
        self.engine.wake();
        ended.map_err(DispatchError::all)
    }
}

#[tokio::test]
async fn jobs_are_rows_of_the_callers_transaction() {
    let file = File::new();
    let engine = file.set_up().await;
    for (commits, expected) in [(false, 0), (true, 3)] {
        let executor = InTransaction { engine: engine.clone(), commits };
        let enqueue = || counts(0..3, QUEUE).into_iter().try_for_each(airlock::Intent::enqueue);
        airlock::scope()
            .executor(executor)
            .run_async(async { enqueue() })
            .await
            .expect("flushed")
            .expect("enqueued");
        let worker = engine.clone();
        worker.open().await.expect("opened");
        assert_eq!(worker.receive(10).await.expect("received").len(), expected);
    }
}

/// SQLite has one lock for all, so that nobody gives a sign while somebody writes for long. Whoever writes
/// first after that must not take the others to be lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_holds_stays_its_own_while_the_file_is_locked() {
    let file = File::new();
    let lost_after = Duration::from_secs(3);
    let holder = file.set_up().await.lost_after(lost_after);
    let other = file.connect().await.lost_after(lost_after);
    flush(&holder, counts([1], QUEUE)).await.expect("flushed");
    holder.open().await.expect("opened");
    other.open().await.expect("opened");
    assert_eq!(holder.receive(1).await.expect("received").len(), 1);

    let mut writer = SqliteConnection::connect(&file.url()).await.expect("connected");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("locked");
    let unlock = async {
        tokio::time::sleep(lost_after * 3 / 2).await;
        sqlx::query("ROLLBACK").execute(&mut writer).await.expect("unlocked");
    };
    let (kept, ()) = tokio::join!(other.keep_alive(), unlock);
    kept.expect("it waits for the lock");
    holder.keep_alive().await.expect("it lives");
    other.keep_alive().await.expect("it lives");
    assert!(other.receive(1).await.expect("received").is_empty(), "the holder lives");
}

#[tokio::test]
async fn a_pool_without_a_free_connection_and_a_locked_file_are_said_to_be_that() {
    let file = File::new();
    file.set_up().await;
    let options = SqliteConnectOptions::from_str(&file.url()).expect("a URL");
    let options = options.busy_timeout(Duration::from_millis(50));
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(50))
        .connect_with(options.clone())
        .await
        .expect("connected");
    let engine = Sqlite::new(pool.clone()).queue(QUEUE);

    let held = pool.acquire().await.expect("a connection");
    let said = flush(&engine, counts([1], QUEUE)).await.expect_err("none is free").to_string();
    assert!(said.contains("all its connections were in use"), "{said}");
    assert!(!said.contains("server"), "{said}");
    drop(held);

    let mut writer = SqliteConnection::connect_with(&options).await.expect("connected");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("begun");
    let said = flush(&engine, counts([1], QUEUE)).await.expect_err("locked").to_string();
    assert!(said.contains("database is locked: another connection was writing"), "{said}");
    sqlx::query("ROLLBACK").execute(&mut writer).await.expect("rolled back");
    flush(&engine, counts([1], QUEUE)).await.expect("flushed");
}

/// A pool of the program's own has several connections, which write at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn many_connections_may_flush_at_once() {
    let file = File::new();
    drop(file.set_up().await);
    let options: SqliteConnectOptions = file.url().parse().expect("a URL");
    let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await;
    let engine = Sqlite::new(pool.expect("connected")).queue(QUEUE);
    let begun = Instant::now();
    let flushes: Vec<_> = (0..40)
        .map(|turn| {
            let engine = engine.clone();
            let intents = counts(turn * 50..(turn + 1) * 50, QUEUE);
            tokio::spawn(async move { flush(&engine, intents).await.expect("flushed") })
        })
        .collect();
    for flushed in flushes {
        assert_eq!(flushed.await.expect("no panic").dispatched(), 50);
    }
    println!("40 flushes at once on 8 connections: {:.0?}", begun.elapsed());
}

/// apalis' own workers see jobs as they see their own.
#[tokio::test]
async fn apalis_reads_the_jobs() {
    let file = File::new();
    let engine = file.set_up().await;
    let intents = counts(0..2, QUEUE).into_iter().map(|intent| intent.max_attempts(4).priority(3));
    flush(&engine, intents).await.expect("flushed");
    let config = apalis_sqlite::Config::default().queue(QUEUE);
    let worker = WorkerContext::new("apalis");
    queries::register_worker(engine.pool(), &config, &worker, "test").await.expect("registered");
    let tasks = queries::fetch_next(engine.pool(), &config, &worker).await.expect("fetched");
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        let envelope = airlock::envelope::Envelope::from_json(&task.args).expect("an envelope");
        let id = task.task_id().and_then(TaskId::as_ulid).expect("a ULID");
        assert_eq!(u128::from(id), envelope.id().as_u128());
        assert_eq!(task.max_attempts(), Some(4));
        assert_eq!(task.priority(), Some(3));
    }
}

/// A queue with a long past is as fast as a new one: apalis' own statements look through it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_slows_nothing_down() {
    let file = File::new();
    let engine = file.set_up().await;
    let begun = Instant::now();
    both::work_through(&engine, QUEUE, 5_000).await;
    let first = begun.elapsed();
    both::work_through(&engine, QUEUE, 20_000).await;
    let begun = Instant::now();
    both::work_through(&engine, QUEUE, 5_000).await;
    let last = begun.elapsed();
    println!("5000 done in {first:.1?}, after 20000 more in {last:.1?}");
    assert!(last < first * 3, "{first:?}, then {last:?}");
}
