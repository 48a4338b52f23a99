//! Graphile Worker: jobs in PostgreSQL, by the crate `graphile_worker`.

mod dead;
mod listen;
mod push;
mod source;

use std::fmt;
use std::time::Duration;

use graphile_worker::WorkerUtils;
use graphile_worker_database::Schema;
use graphile_worker_queries::errors::GraphileWorkerError;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};

pub use source::GraphileReceipt;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::graphile::listen::Listening;
use crate::engines::graphile::push::Job;
use crate::engines::graphile::source::Identity;
use crate::engines::shared::home::Home;
use crate::engines::shared::sql;
use crate::transactions::shared::{Connection, Queue, dialect};
use crate::worker::engine_error::EngineError;
use crate::worker::{ReceivedIds, duration_limits};

/// What errors call the executor.
const NAME: &str = "airlock::graphile::Graphile";

/// Jobs of Graphile Worker, in a schema of a PostgreSQL database.
///
/// It is an [`Executor`] to flush to, a [`Source`](crate::worker::Source) for workers, and keeps
/// [`DeadLetters`](crate::worker::DeadLetters). Clones share the pool.
///
/// # Options
///
/// | option | |
/// | --- | --- |
/// | queue | Graphile's task identifier is `airlock:` and the queue, of 120 characters at most |
/// | delay, at | by the database's clock, counted from the flush |
/// | expires | the worker keeps what it finds expired as a dead letter |
/// | priority | higher ones first, and of one priority in the order of the flush |
/// | max attempts | |
/// | unique key | one job of a key in the schema until it is done or given up; 504 characters at most |
///
/// # Beside other workers
///
/// A queue is an identifier of its own, so that workers of other programs may share the schema: each
/// takes only the identifiers that it knows. It is not what Graphile calls a queue, which runs its jobs
/// one after another: a `queue_name` makes no difference here. A unique key is Graphile's `job_key` with
/// `airlock:` before it; other than there, a job that is in the way is not replaced.
///
/// Graphile keeps all that waits in one index. A worker reads past the jobs of queues that it does not
/// serve, so give a schema of its own to a queue in which hundreds of thousands may pile up.
///
/// # Guarantees
///
/// A flush is one transaction: all of it is in the database or none. Where the connection is lost
/// while the database commits, nobody can tell which: the intents are handed back, and to flush them
/// once more may make a second job of each, other than of those with a unique key.
///
/// A task runs at least once. What a killed worker held is taken over
/// [half a minute](Self::lost_after) later. The attempt counts where it has begun.
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
    home: Home,
    schema: Schema,
    queue: String,
    served: Vec<String>,
    lost_after: Duration,
    poll: Duration,
    identity: Identity,
    received_ids: ReceivedIds<i64>,
    listening: Listening,
}

impl Graphile {
    /// Connects to a database, with a pool of its own.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the URL is none, or the server can't be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        /// A pool tries for this long to reach a server that is down.
        const PATIENCE: Duration = Duration::from_secs(10);
        let options = sql::options(url)?;
        sql::reach(&options).await?;
        Ok(Self::new(PgPoolOptions::new().acquire_timeout(PATIENCE).connect_lazy_with(options)))
    }

    /// Uses a pool that the program has already.
    ///
    /// A worker opens one connection besides, on which it is told of new jobs.
    ///
    /// ```no_run
    /// use airlock::graphile::Graphile;
    /// use sqlx::PgPool;
    ///
    /// # async fn example() -> Result<(), sqlx::Error> {
    /// let pool = PgPool::connect("postgres://localhost/shop").await?;
    /// let jobs = Graphile::new(pool.clone()).schema("jobs").queue("mails");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            home: Home::here(),
            schema: Schema::default(),
            queue: "default".to_owned(),
            served: Vec::new(),
            lost_after: Duration::from_secs(30),
            poll: Duration::from_millis(500),
            identity: Identity::default(),
            received_ids: ReceivedIds::default(),
            listening: Listening::default(),
        }
    }

    /// Names the schema that Graphile's tables are in; `graphile_worker` unless told otherwise.
    #[must_use]
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = Schema::new(schema);
        self
    }

    /// Names the queue of intents that name none, which is also the one that workers of this handle
    /// serve; `default` unless told otherwise.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = queue.into();
        self
    }

    /// Names the queues that workers of this handle serve, all at once: the jobs of higher priority
    /// first, and then those that have waited longest.
    #[must_use]
    pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
        self.served = queues.into_iter().map(Into::into).collect();
        self
    }

    /// After what time without a sign of life a worker of this handle counts as lost, and others take
    /// over what it held; 30 seconds unless told otherwise, at least 1 and at most a year.
    ///
    /// Workers give three signs in that time, and look for lost ones as often. One that is cut off
    /// from the database for longer is lost as well: its tasks run twice, once here and once where they
    /// were taken over.
    #[must_use]
    pub fn lost_after(mut self, time: Duration) -> Self {
        self.lost_after = duration_limits::lost_after(time, Duration::from_secs(1));
        self
    }

    /// How often a worker without work looks for jobs that nobody told it of, such as delayed ones;
    /// every 500 ms unless told otherwise, at least every day and at most every millisecond.
    #[must_use]
    pub fn poll(mut self, interval: Duration) -> Self {
        self.poll = duration_limits::poll_interval(interval);
        self
    }

    /// Creates Graphile's schema and tables, and brings older ones up to date.
    ///
    /// It may be called again and again, and by several processes at once.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the database refuses, or its tables are of a later version that this one
    /// can't work with.
    pub async fn setup(&self) -> Result<(), EngineError> {
        let utils = WorkerUtils::new(&self.pool, &self.schema);
        utils.migrate().await.map_err(|error| self.error("set up", error))
    }

    /// The pool of connections.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Sends a batch as part of a transaction of the caller's: its jobs are there when that commits,
    /// and workers are told then.
    ///
    /// A duplicate of a unique key is left out without an error, so that the transaction goes on.
    ///
    /// ```no_run
    /// use airlock::graphile::Graphile;
    /// use airlock::{Batch, DispatchError, Executor};
    ///
    /// /// Sends batches with a note of their size.
    /// struct Noted(Graphile);
    ///
    /// impl Executor for Noted {
    ///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
    ///         let mut transaction = self.0.pool().begin().await.map_err(DispatchError::all)?;
    ///         let note = sqlx::query("INSERT INTO notes VALUES ($1)").bind(batch.len() as i64);
    ///         note.execute(&mut *transaction).await.map_err(DispatchError::all)?;
    ///         self.0.dispatch_in(&mut transaction, batch).await?;
    ///         transaction.commit().await.map_err(DispatchError::all)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Nothing was sent then, and PostgreSQL lets the transaction only be rolled back.
    pub async fn dispatch_in(
        &self,
        connection: &mut PgConnection,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        let jobs = push::jobs(batch, &self.queue)?;
        let pushed = self.push(connection, &jobs).await;
        let held = pushed.map_err(|error| self.not_sent(&jobs, error))?;
        push::leave_out(batch, &jobs, &held);
        Ok(())
    }

    /// Sends jobs in a transaction of their own; the unique keys that others held.
    async fn send(&self, jobs: &[Job], batch: &mut Batch) -> Result<Vec<String>, DispatchError> {
        let not_sent = |error: sqlx::Error| self.not_sent(jobs, error);
        let mut transaction = self.pool.begin().await.map_err(not_sent)?;
        let pushed = self.push(&mut *transaction, jobs).await;
        let held = pushed.map_err(|error| self.not_sent(jobs, error))?;
        batch.sending(0..batch.len());
        transaction.commit().await.map_err(|error| {
            let doing = format!("tell whether {} arrived at", sql::intents(jobs.len()));
            DispatchError::all(self.error(&doing, error))
        })?;
        Ok(held)
    }

    fn not_sent(&self, jobs: &[Job], error: impl Into<BoxError>) -> DispatchError {
        DispatchError::all(self.error(&format!("send {} to", sql::intents(jobs.len())), error))
    }

    fn error(&self, doing: &str, error: impl Into<BoxError>) -> EngineError {
        let error = error.into();
        // What the crate wraps.
        let step = match error.downcast_ref() {
            Some(GraphileWorkerError::SqlError(error)) => {
                error.code().is_some_and(sql::is_missing).then_some(sql::SET_UP)
            }
            _ => None,
        };
        let error = sql::error(doing, sql::place(&self.pool.connect_options()), error);
        if step.is_some() { error.next_step(step) } else { error }
    }

    /// A statement over the tables of the schema.
    fn sql(&self, statement: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(self.statement(statement))
    }

    fn statement(&self, statement: &str) -> String {
        statement.replace("{schema}", self.schema.escaped())
    }

    /// The queues that are served.
    fn queues_served(&self) -> &[String] {
        if self.served.is_empty() { std::slice::from_ref(&self.queue) } else { &self.served }
    }

    /// The identifiers of the queues that are served.
    fn identifiers(&self) -> Vec<String> {
        self.queues_served().iter().map(|queue| identifier(queue)).collect()
    }
}

impl Executor for Graphile {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let jobs = push::jobs(batch, &self.queue)?;
        let held = self.home.run(self.send(&jobs, batch)).await??;
        push::leave_out(batch, &jobs, &held);
        Ok(())
    }
}

/// The jobs are rows of the caller's transaction, whatever the library that it is made with.
impl<C: Connection<dialect::Postgres>> Queue<C> for Graphile {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        let jobs = push::jobs(batch, &self.queue)?;
        let pushed = self.push(&mut push::Through(connection), &jobs).await;
        let held = pushed.map_err(|error| self.not_sent(&jobs, error))?;
        push::leave_out(batch, &jobs, &held);
        Ok(())
    }

    fn proves_good(&self) -> bool {
        true
    }
}

/// Before the queue, in Graphile's task identifiers, and before unique keys.
const PREFIX: &str = "airlock:";

fn identifier(queue: &str) -> String {
    format!("{PREFIX}{queue}")
}

impl fmt::Debug for Graphile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graphile")
            .field("place", &sql::place(&self.pool.connect_options()))
            .field("schema", &self.schema.escaped())
            .field("queues", &self.queues_served())
            .finish_non_exhaustive()
    }
}
