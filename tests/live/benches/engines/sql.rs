//! apalis over SQLite and PostgreSQL, and Graphile Worker.

use std::time::Duration;

use airlock::{apalis, graphile};
use apalis_core::task::Task;
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, RawJobSpec, TaskHandler, WorkerOptions,
    WorkerUtils,
};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlitePool};
use tempfile::TempDir;

use crate::message::Job;
use crate::noop::Countdown;
use crate::pushing::Pushing;
use crate::queue::Queue;
use crate::rounds::Bench;
use crate::working::{AT_ONCE, HELD, TASKS, Working, apalis_worker};
use crate::{pushing, server, unique, working};

const QUEUE: &str = "bench";

const SQLITE: &str = "apalis SQLite";
const POSTGRES: &str = "apalis PostgreSQL";
const GRAPHILE: &str = "graphile";
const POSTGRES_URL: &str = "AIRLOCK_POSTGRES_URL";

pub(crate) async fn pushing(bench: &mut Bench) {
    if bench.wants(SQLITE) {
        pushing::measure(bench, SQLITE, &Sqlite::new().await).await;
    }
    let Some(database) = Database::new(bench).await else { return };
    if bench.wants(POSTGRES) {
        pushing::measure(bench, POSTGRES, &Postgres::open(&database.url, QUEUE).await).await;
    }
    if bench.wants(GRAPHILE) {
        pushing::measure(bench, GRAPHILE, &Graphile::open(&database.url, QUEUE).await).await;
    }
    database.drop().await;
}

pub(crate) async fn working(bench: &mut Bench) {
    if bench.wants(SQLITE) {
        working::measure(bench, SQLITE, &Sqlite::new().await).await;
    }
    let Some(database) = Database::new(bench).await else { return };
    if bench.wants(POSTGRES) {
        working::measure(bench, POSTGRES, &Postgres::open(&database.url, QUEUE).await).await;
    }
    if bench.wants(GRAPHILE) {
        working::measure(bench, GRAPHILE, &Graphile::open(&database.url, QUEUE).await).await;
    }
    database.drop().await;
}

/// A database of the benchmark's own.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    async fn new(bench: &Bench) -> Option<Self> {
        let server = server(bench, POSTGRES_URL, &[POSTGRES, GRAPHILE])?;
        let name = unique::name();
        let (address, _) = server.rsplit_once('/').expect("a URL with a database");
        let database = Self { url: format!("{address}/{name}"), name, server };
        database.execute("CREATE DATABASE").await;
        Some(database)
    }

    async fn drop(self) {
        self.execute("DROP DATABASE IF EXISTS").await;
    }

    async fn execute(&self, statement: &str) {
        let force = if statement.starts_with("DROP") { "WITH (FORCE)" } else { "" };
        let statement = AssertSqlSafe(format!("{statement} {} {force}", self.name));
        let mut connection = PgConnection::connect(&self.server).await.expect("connected");
        sqlx::query(statement).execute(&mut connection).await.expect("done");
    }
}

struct Sqlite {
    queue: Queue<apalis::Sqlite>,
    _folder: TempDir,
}

impl Sqlite {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("jobs.sqlite").display());
        Self { queue: Queue::open(&url, QUEUE).await, _folder: folder }
    }
}

impl Pushing for Sqlite {
    type Ours = apalis::Sqlite;

    const FASTER: f64 = 4.0;

    /// In one transaction, and not as `push_bulk` does it, which commits each job. The pool is ours,
    /// so that a commit reaches the disk as it does with us.
    async fn theirs(&self, count: u64) {
        let mut transaction = self.queue.ours.pool().begin().await.expect("begun");
        let jobs: Vec<_> = (0..count).map(|id| Task::new(Job::new(id).json())).collect();
        let pushed = apalis_sqlite::queries::push_tasks(&mut *transaction, QUEUE, &jobs).await;
        pushed.expect("pushed");
        transaction.commit().await.expect("committed");
    }

    async fn empty(&self) {
        sqlx::query("DELETE FROM Jobs").execute(self.queue.ours.pool()).await.expect("emptied");
    }

    fn queue(&self) -> &Queue<apalis::Sqlite> {
        &self.queue
    }
}

impl Working for Sqlite {
    async fn their_worker(&self) -> Duration {
        let config = apalis_sqlite::Config::default().queue(QUEUE).batch_size(HELD);
        // Our worker takes and settles without waiting for the disk, so theirs does too.
        let options: SqliteConnectOptions = self.queue.url.parse().expect("a URL");
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(30));
        let pool = SqlitePool::connect_with(options).await.expect("opened");
        let storage = SqliteStorage::<Job>::new(&pool).with_config(config);
        apalis_worker!(storage)
    }
}

type Postgres = Queue<apalis::Postgres>;

impl Pushing for Postgres {
    type Ours = apalis::Postgres;

    async fn theirs(&self, count: u64) {
        let jobs = (0..count).map(|id| Task::new(Job::new(id).json())).collect();
        let mut connection = self.ours.pool().acquire().await.expect("connected");
        let pushed = apalis_postgres::queries::push_tasks(&mut *connection, QUEUE, jobs).await;
        pushed.expect("pushed");
    }

    async fn empty(&self) {
        sqlx::query("TRUNCATE apalis.jobs").execute(self.ours.pool()).await.expect("emptied");
    }

    fn queue(&self) -> &Self {
        self
    }
}

impl Working for Postgres {
    async fn their_worker(&self) -> Duration {
        let config = apalis_postgres::Config::default().queue(QUEUE).batch_size(HELD);
        let storage = PostgresStorage::<Job>::new(self.ours.pool()).with_config(config);
        apalis_worker!(storage)
    }
}

type Graphile = Queue<graphile::Graphile>;

/// The task that does nothing, as Graphile Worker has tasks: with our identifier and our arguments.
#[derive(Serialize, Deserialize)]
struct Noop(Job);

impl TaskHandler for Noop {
    const IDENTIFIER: &'static str = "airlock:bench";

    async fn run(self, context: graphile_worker::WorkerContext) -> impl IntoTaskHandlerResult {
        context.get_ext::<Countdown>().expect("it was added").count();
    }
}

impl Pushing for Graphile {
    type Ours = graphile::Graphile;

    async fn theirs(&self, count: u64) {
        let jobs: Vec<_> = (0..count)
            .map(|order_id| RawJobSpec {
                identifier: Noop::IDENTIFIER.to_owned(),
                payload: serde_json::to_value(Job::new(order_id)).expect("JSON"),
                spec: JobSpec::default(),
            })
            .collect();
        let utils = WorkerUtils::new(self.ours.pool(), "graphile_worker");
        utils.add_raw_jobs(&jobs).await.expect("added");
    }

    async fn empty(&self) {
        let empty = "TRUNCATE graphile_worker._private_jobs CASCADE";
        sqlx::query(empty).execute(self.ours.pool()).await.expect("emptied");
    }

    fn queue(&self) -> &Self {
        self
    }
}

impl Working for Graphile {
    /// With all that it has to be fast: it takes many jobs at once, and tells of many at once.
    async fn their_worker(&self) -> Duration {
        let countdown = Countdown::from(TASKS.into());
        let worker = WorkerOptions::default()
            .pg_pool(self.ours.pool().clone())
            .concurrency(AT_ONCE)
            .local_queue(LocalQueueConfig::default().with_size(HELD))
            .complete_job_batch_delay(Duration::from_millis(1))
            .listen_os_shutdown_signals(false)
            .add_extension(countdown.clone())
            .define_job::<Noop>()
            .init()
            .await
            .expect("a worker");
        let worker = std::sync::Arc::new(worker);
        let running = tokio::spawn({
            let worker = worker.clone();
            async move { worker.run().await.expect("it ran") }
        });
        let time = countdown.time().await;
        worker.request_shutdown();
        running.await.expect("no panic");
        time
    }
}
