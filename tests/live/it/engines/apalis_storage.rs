//! Any storage of apalis: [`airlock::apalis::Storage`]. These need no server.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use airlock::Executor;
use airlock::apalis::Storage;
use airlock::envelope::Envelope;
use apalis_core::backend::dequeue::VecDequeBackend;
use apalis_core::backend::ext::BackendExt;
use apalis_core::task::data::Data;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_postgres::PostgresStorage;
use apalis_redis::RedisStorage;
use apalis_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use tokio::time::timeout;

use super::apalis_worker::run_apalis;
use super::fixture::{Runs, fail, flush, note, notes};
use crate::place::PATIENCE;

/// A job of a service's own, which knows more than its envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    tenant: String,
    envelope: Envelope,
}

impl From<Envelope> for Job {
    fn from(envelope: Envelope) -> Self {
        Self { tenant: "acme".to_owned(), envelope }
    }
}

#[tokio::test]
async fn a_storage_in_memory_keeps_the_order_and_apalis_runs_it() {
    let backend = VecDequeBackend::<Envelope>::new();
    let report = flush(&Arc::new(Storage::new(backend.clone())), notes(0..10_000)).await;
    assert_eq!(report.expect("flushed").dispatched(), 10_000);

    let runs = Runs::default();
    run_apalis!(backend, runs, 10_000);
    assert!(runs.numbers().into_iter().eq(0..10_000));
}

#[tokio::test]
async fn a_storage_of_sqlite_keeps_the_order_and_tries_again_what_fails() {
    let (pool, _folder) = database().await;
    SqliteStorage::setup(&pool).await.expect("set up");
    let storage = SqliteStorage::<Envelope>::new(&pool);
    let intents = notes(1..=100).into_iter().chain([fail::intent(101, 1)]);
    flush(&Arc::new(Storage::new(storage.clone())), intents).await.expect("flushed");

    let runs = Runs::default();
    run_apalis!(storage.poll_with_interval(Duration::from_millis(20)), runs, 102);
    let mut numbers = runs.numbers();
    assert_eq!(numbers.split_off(100), [101, 101], "what fails is run twice");
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_storage_that_fails_hands_everything_back_and_sends_it_no_second_time() {
    let (pool, _folder) = database().await;
    let storage = SqliteStorage::<Envelope>::new(&pool);
    let executor = Arc::new(Storage::new(storage));
    let error = flush(&executor, notes(0..10)).await.expect_err("no table");
    assert!(error.to_string().contains("no such table"), "{error}");
    assert_eq!(error.report().failed(), 10);

    SqliteStorage::setup(&pool).await.expect("set up");
    flush(&executor, error.into_intents()).await.expect("flushed");
    let (jobs,): (i64,) =
        sqlx::query_as("select count(*) from Jobs").fetch_one(&pool).await.expect("counted");
    assert_eq!(jobs, 10);
}

#[tokio::test]
async fn a_storage_may_have_jobs_of_its_own_type() {
    let backend = VecDequeBackend::<Job>::new();
    flush(&Arc::new(Storage::new(backend.clone())), notes([7])).await.expect("flushed");
    let seen = Runs::default();
    let running = WorkerBuilder::new("own")
        .backend(backend)
        .data(seen.clone())
        .build(async |job: Job, seen: Data<Runs>, context: WorkerContext| {
            assert_eq!((job.tenant.as_str(), job.envelope.task()), ("acme", "engines.note"));
            seen.note(7);
            context.stop().expect("stopped");
        })
        .run();
    timeout(PATIENCE, running).await.expect("in time").expect("it ran");
    assert_eq!(seen.numbers(), [7]);
}

#[tokio::test]
async fn an_option_is_honoured_where_the_storage_does_and_else_refused() {
    let backend = VecDequeBackend::<Envelope>::new();
    let minute = Duration::from_mins(1);
    let refused = [
        ("queue", note::intent(1).queue("other")),
        ("delay", note::intent(1).delay(minute)),
        ("at", note::intent(1).at(SystemTime::now() + minute)),
        ("priority", note::intent(1).priority(9)),
        ("unique_key", note::intent(1).unique_key("one")),
    ];
    for (option, intent) in refused {
        let error =
            flush(&Arc::new(Storage::new(backend.clone())), [intent]).await.expect_err("refused");
        assert!(error.to_string().contains(&format!("option `{option}`")), "{error}");
    }
    let kept = note::intent(1).expires(minute).max_attempts(3);
    flush(&Arc::new(Storage::new(backend)), [kept]).await.expect("flushed");

    let (pool, _folder) = database().await;
    SqliteStorage::setup(&pool).await.expect("set up");
    let storage = Storage::new(SqliteStorage::<Envelope>::new(&pool));
    let later = note::intent(1).delay(minute).priority(9).max_attempts(3);
    flush(&Arc::new(storage.honouring(["delay", "priority"])), [later]).await.expect("flushed");
    let query = "select run_at - strftime('%s', 'now'), priority, max_attempts from Jobs";
    let (wait, priority, attempts): (i64, i64, i64) =
        sqlx::query_as(query).fetch_one(&pool).await.expect("one job");
    assert!((50..=61).contains(&wait), "{wait}");
    assert_eq!((priority, attempts), (9, 3));
}

#[test]
#[should_panic(expected = "can't honour `unique_key`")]
fn a_storage_can_only_honour_what_a_task_of_apalis_says() {
    let _ = Storage::new(VecDequeBackend::<Envelope>::new()).honouring(["unique_key"]);
}

/// What compiles here is what the documentation names.
#[test]
fn the_storages_of_apalis_are_executors() {
    fn executor<E: Executor>() {}
    executor::<Storage<SqliteStorage<Envelope>>>();
    executor::<Storage<PostgresStorage<Envelope>>>();
    executor::<Storage<RedisStorage<Envelope>>>();
    executor::<Storage<RedisStorage<Job>>>();
}

async fn database() -> (SqlitePool, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("jobs.db").display());
    (SqlitePool::connect(&url).await.expect("connected"), folder)
}
