//! Graphile Worker: jobs in PostgreSQL, by the crate `graphile_worker`.
//!
//! Longer than other files, because most of it is the documentation of the handle.

mod dead;
mod executor;
mod insert;
mod job;
mod lost;
mod push;
mod settle;
mod source;

use std::fmt;
use std::time::Duration;

use graphile_worker::WorkerUtils;
use graphile_worker_database::Schema;
use graphile_worker_queries::errors::GraphileWorkerError;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};

pub use settle::GraphileReceipt;

use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;
use crate::engines::graphile::job::identifier;
use crate::engines::shared::connect_timeout::CONNECT_TIMEOUT;
use crate::engines::shared::connection_runtime::ConnectionRuntime;
use crate::engines::shared::per_worker::PerWorker;
use crate::engines::shared::postgres::undivided::undivided;
use crate::engines::shared::postgres::{self, Listener};
use crate::engines::shared::sql::{self, ControlPool, SqlWorker, worker_settings};
use crate::engines::shared::wakeup::Wakeup;
use crate::worker::ReceivedIds;
use crate::worker::engine_error::EngineError;

/// Jobs of Graphile Worker, in a schema of a PostgreSQL database.
///
/// It is an [`Executor`](crate::Executor) to flush to, a [`Source`](crate::worker::Source) for workers, and
/// keeps [`DeadLetters`](crate::worker::DeadLetters). Clones share the pool.
///
/// # Options
///
/// | option | |
/// | --- | --- |
/// | queue | Graphile's task identifier is `airlock:` and the queue, of 120 characters at most |
/// | delay, at | by the database's clock, counted from the flush |
/// | expires | an expired message becomes a dead letter, once a worker receives it |
/// | priority | higher ones first, and of one priority in the order of the flush |
/// | max attempts | |
/// | unique key | one job of a key in the schema until it is done or given up; 504 characters at most |
///
/// # Beside other workers
///
/// A queue has a task identifier of its own, so workers of other programs may share the schema: each takes
/// only the identifiers that it knows. It is not what Graphile calls a queue, which runs its jobs one after
/// another: a `queue_name` makes no difference here. A unique key is Graphile's `job_key` with `airlock:`
/// before it; other than there, the job that holds the key is not replaced.
///
/// Graphile keeps all waiting jobs in one index. A worker reads past the jobs of queues that it does not
/// serve, so give a schema of its own to a queue in which hundreds of thousands may pile up.
///
/// # Guarantees
///
/// A flush is one transaction: all of it is in the database or none. If the connection is lost while the
/// database commits, the outcome is unknown: the intents are handed back, and to flush them once more may
/// make a second job of each, other than of those with a unique key.
///
/// A task runs at least once. The messages of a killed worker are taken over
/// [half a minute](Self::lost_after) later. Of these, the attempts that have begun count.
///
/// # Examples
///
/// ```no_run
/// use airlock::graphile::Graphile;
///
/// #[airlock::task]
/// async fn send_mail(order_id: u64) {}
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let jobs = Graphile::connect("postgres://localhost/shop").await?;
/// jobs.setup().await?;
/// airlock::scope().executor(jobs.clone()).run_async(async { send_mail::enqueue(42) }).await??;
///
/// let worker = airlock::worker().build()?;
/// worker.run(jobs, async { drop(tokio::signal::ctrl_c().await) }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Graphile {
    pool: PgPool,
    runtime: ConnectionRuntime,
    schema: Schema,
    worker: SqlWorker,
    received_ids: ReceivedIds<(i64, i64)>,
    control: PerWorker<ControlPool<sqlx::Postgres>>,
    listener: PerWorker<Listener>,
    wakeup: PerWorker<Wakeup>,
}

impl Graphile {
    /// Connects to a database, with a pool of its own.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the URL is invalid, or the server can't be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let options = postgres::options(url)?;
        postgres::reach(&options).await?;
        let pool = PgPoolOptions::new().acquire_timeout(CONNECT_TIMEOUT);
        Ok(Self::new(pool.connect_lazy_with(options)))
    }

    /// Uses a pool that the program has already.
    ///
    /// A worker opens a few connections besides: one on which it is notified of new jobs, and up to four, most of the
    /// time two, for its heartbeats and settlements, which must not wait for tasks that use the pool.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            runtime: ConnectionRuntime::current(),
            schema: Schema::default(),
            worker: SqlWorker::new(Duration::from_millis(500)),
            received_ids: ReceivedIds::default(),
            control: PerWorker::default(),
            listener: PerWorker::default(),
            wakeup: PerWorker::default(),
        }
    }

    /// Names the schema that Graphile's tables are in; `graphile_worker` unless told otherwise.
    #[must_use]
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = Schema::new(schema);
        self
    }

    worker_settings! {
        queues: "all at once: the jobs of higher priority first, and then those that have waited longest.",
        lost_after: 1 "at least 1",
        poll: "500 ms"
    }

    /// Creates Graphile's schema and tables, and brings older ones up to date.
    ///
    /// It is idempotent, and several processes may call it at once.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the database refuses, or its tables are of a later version that this one
    /// can't work with.
    pub async fn setup(&self) -> Result<(), EngineError> {
        let (pool, schema) = (self.pool.clone(), self.schema.clone());
        let set_up = undivided(async move { WorkerUtils::new(&pool, &schema).migrate().await });
        set_up.await.map_err(|error| self.error("set up", error))
    }

    /// The pool of connections.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Sends a batch as part of a transaction of the caller's: its jobs are there when that commits,
    /// and workers are notified then.
    ///
    /// A duplicate of a unique key is left out without an error, so that the transaction goes on.
    ///
    /// ```no_run
    /// use airlock::graphile::Graphile;
    /// use airlock::{Batch, BoxError};
    ///
    /// async fn send_with_note(jobs: &Graphile, batch: &mut Batch) -> Result<(), BoxError> {
    ///     let mut transaction = jobs.pool().begin().await?;
    ///     let note = sqlx::query("INSERT INTO notes VALUES ($1)").bind(batch.len() as i64);
    ///     note.execute(&mut *transaction).await?;
    ///     jobs.dispatch_in(&mut transaction, batch).await?;
    ///     Ok(transaction.commit().await?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Nothing was sent then, and PostgreSQL only lets the transaction be rolled back.
    pub async fn dispatch_in(
        &self,
        connection: &mut PgConnection,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        self.dispatch_on(connection, batch).await
    }

    /// The worker's own connections: one each for heartbeats, for settling, and for both ways of beginning.
    fn control(&self) -> PgPool {
        self.control.beside(&self.pool, 4)
    }

    fn address(&self) -> String {
        postgres::address(&self.pool.connect_options())
    }

    fn error(&self, doing: &str, error: impl Into<BoxError>) -> EngineError {
        let error = error.into();
        // The crate wraps the database's error.
        let step = match error.downcast_ref() {
            Some(GraphileWorkerError::SqlError(error)) => {
                error.code().is_some_and(sql::is_missing).then_some(sql::SET_UP)
            }
            _ => None,
        };
        let error = sql::error(doing, self.address(), error);
        if step.is_some() { error.next_step(step) } else { error }
    }

    /// A statement over the tables of the schema.
    fn sql(&self, statement: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(self.statement(statement))
    }

    fn statement(&self, statement: &str) -> String {
        statement.replace("{schema}", self.schema.escaped())
    }

    /// The task identifiers of the served queues.
    fn identifiers(&self) -> Vec<String> {
        self.worker.queues().iter().map(|queue| identifier(queue)).collect()
    }
}

impl fmt::Debug for Graphile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graphile")
            .field("place", &self.address())
            .field("schema", &self.schema.escaped())
            .field("queues", &self.worker.queues())
            .finish_non_exhaustive()
    }
}
