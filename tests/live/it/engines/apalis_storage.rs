//! Any storage of apalis: [`airlock::apalis::Storage`]. These need no server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::apalis::Storage;
use airlock::envelope::Envelope;
use airlock::worker::{Settlement, Worker};
use airlock::{Executor, FlushError, Intent, Report, tasks};
use apalis_core::backend::dequeue::VecDequeBackend;
use apalis_core::backend::ext::BackendExt;
use apalis_core::error::{AbortError, BoxDynError};
use apalis_core::task::attempt::Attempt;
use apalis_core::task::data::Data;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_postgres::PostgresStorage;
use apalis_redis::RedisStorage;
use apalis_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use tokio::task::yield_now;
use tokio::time::timeout;

/// The numbers that tasks were run with.
#[derive(Clone, Default)]
struct Ran(Arc<Mutex<Vec<u64>>>);

impl Ran {
    fn take(&self, number: u64) -> usize {
        let mut ran = self.0.lock().expect("nobody panics");
        ran.push(number);
        ran.len()
    }

    fn numbers(&self) -> Vec<u64> {
        self.0.lock().expect("nobody panics").clone()
    }
}

#[airlock::task(name = "apalis_storage.count")]
async fn count(#[state] ran: &Ran, number: u64) {
    // First, so that it is the order of the start: apalis' worker goes on with the last one first.
    ran.take(number);
    yield_now().await;
}

#[airlock::task(name = "apalis_storage.stumble")]
async fn stumble(#[state] ran: &Ran, times: u64) -> Result<(), &'static str> {
    let runs = ran.take(times) as u64;
    yield_now().await;
    if runs <= times { Err("stumbled") } else { Ok(()) }
}

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
    let report = flush(Storage::new(backend.clone()), (0..10_000).map(count::intent)).await;
    assert_eq!(report.expect("flushed").dispatched(), 10_000);

    let ran = Ran::default();
    let running = WorkerBuilder::new("memory")
        .backend(backend)
        .data(worker(&ran))
        .data(10_000_usize)
        .data(ran.clone())
        .build(run)
        .run();
    timeout(Duration::from_mins(1), running).await.expect("in time").expect("it ran");
    assert_eq!(ran.numbers(), (0..10_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_storage_of_sqlite_keeps_the_order_and_tries_again_what_fails() {
    let (pool, _folder) = database().await;
    SqliteStorage::setup(&pool).await.expect("set up");
    let storage = SqliteStorage::<Envelope>::new(&pool);
    let intents = (1..=100).map(count::intent).chain([stumble::intent(101)]);
    flush(Storage::new(storage.clone()), intents).await.expect("flushed");

    let ran = Ran::default();
    let running = WorkerBuilder::new("sqlite")
        .backend(storage.poll_with_interval(Duration::from_millis(20)))
        .data(worker(&ran))
        .data(102_usize)
        .data(ran.clone())
        .build(run)
        .run();
    timeout(Duration::from_mins(1), running).await.expect("in time").expect("it ran");
    let mut numbers = ran.numbers();
    assert_eq!(numbers.split_off(100), [101, 101], "the stone was run twice");
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_storage_that_fails_hands_everything_back_and_sends_it_no_second_time() {
    let (pool, _folder) = database().await;
    let storage = SqliteStorage::<Envelope>::new(&pool);
    let executor = Arc::new(Storage::new(storage));
    let error = flush(executor.clone(), (0..10).map(count::intent)).await.expect_err("no table");
    assert!(error.to_string().contains("no such table"), "{error}");
    assert_eq!(error.report().failed(), 10);

    SqliteStorage::setup(&pool).await.expect("set up");
    flush(executor, error.into_intents()).await.expect("flushed");
    let (jobs,): (i64,) =
        sqlx::query_as("select count(*) from Jobs").fetch_one(&pool).await.expect("counted");
    assert_eq!(jobs, 10);
}

#[tokio::test]
async fn a_storage_may_have_jobs_of_its_own_type() {
    let backend = VecDequeBackend::<Job>::new();
    flush(Storage::new(backend.clone()), [count::intent(7)]).await.expect("flushed");
    let seen = Ran::default();
    let running = WorkerBuilder::new("own")
        .backend(backend)
        .data(seen.clone())
        .build(async |job: Job, seen: Data<Ran>, context: WorkerContext| {
            assert_eq!(
                (job.tenant.as_str(), job.envelope.task()),
                ("acme", "apalis_storage.count")
            );
            seen.take(7);
            context.stop().expect("stopped");
        })
        .run();
    timeout(Duration::from_secs(10), running).await.expect("in time").expect("it ran");
    assert_eq!(seen.numbers(), [7]);
}

#[tokio::test]
async fn an_option_is_honoured_where_the_storage_does_and_else_refused() {
    let backend = VecDequeBackend::<Envelope>::new();
    let minute = Duration::from_mins(1);
    let refused = [
        ("queue", count::intent(1).queue("other")),
        ("delay", count::intent(1).delay(minute)),
        ("at", count::intent(1).at(std::time::SystemTime::now() + minute)),
        ("priority", count::intent(1).priority(9)),
        ("unique_key", count::intent(1).unique_key("one")),
    ];
    for (option, intent) in refused {
        let error = flush(Storage::new(backend.clone()), [intent]).await.expect_err("refused");
        assert!(error.to_string().contains(&format!("option `{option}`")), "{error}");
    }
    let kept = count::intent(1).expires(minute).max_attempts(3);
    flush(Storage::new(backend), [kept]).await.expect("flushed");

    let (pool, _folder) = database().await;
    SqliteStorage::setup(&pool).await.expect("set up");
    let storage = Storage::new(SqliteStorage::<Envelope>::new(&pool));
    let later = count::intent(1).delay(minute).priority(9).max_attempts(3);
    flush(storage.honouring(["delay", "priority"]), [later]).await.expect("flushed");
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

async fn flush(
    executor: impl Executor,
    intents: impl IntoIterator<Item = Intent>,
) -> Result<Report, FlushError> {
    let enqueue = async {
        for intent in intents {
            intent.enqueue().expect("in a scope");
        }
    };
    let ((), sealed) = airlock::scope().executor(executor).seal_async(enqueue).await;
    sealed.flush_async().await
}

fn worker(ran: &Ran) -> Worker {
    let worker = airlock::worker().state(ran.clone()).serving(tasks![count, stumble]);
    worker.build().expect("a worker")
}

/// The handler of the documentation, which stops once so many tasks have run.
async fn run(
    envelope: Envelope,
    attempt: Attempt,
    worker: Data<Worker>,
    until: Data<usize>,
    ran: Data<Ran>,
    context: WorkerContext,
) -> Result<(), BoxDynError> {
    let attempt = attempt.current().try_into()?;
    let settlement = worker.perform(&envelope, attempt).await;
    if ran.numbers().len() >= *until {
        context.stop()?;
    }
    match settlement {
        Settlement::Done => Ok(()),
        Settlement::Dead { reason } => Err(AbortError::new(reason).into()),
        again => Err(again.to_string().into()),
    }
}

async fn database() -> (SqlitePool, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("jobs.db").display());
    (SqlitePool::connect(&url).await.expect("connected"), folder)
}
