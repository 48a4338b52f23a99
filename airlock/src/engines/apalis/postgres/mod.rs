//! apalis' tables in PostgreSQL.
//!
//! Longer than other files, because most of it is the documentation of the handle.

mod dead;
mod executor;
mod lost;
mod push;
mod settle;
mod source;

use std::fmt;
use std::time::Duration;

use apalis_postgres::PostgresStorage;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;

use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;
use crate::engines::shared::connect;
use crate::engines::shared::connection_runtime::ConnectionRuntime;
use crate::engines::shared::per_worker::PerWorker;
use crate::engines::shared::postgres::undivided::undivided;
use crate::engines::shared::postgres::{self, Listener};
use crate::engines::shared::round_robin::RoundRobin;
use crate::engines::shared::sql::{self, ControlPool, SqlWorker, worker_settings};
use crate::engines::shared::wakeup::Wakeup;
use crate::worker::ReceivedIds;
use crate::worker::engine_error::EngineError;

/// Rows that another transaction has locked are left for the next call: a flush locks jobs in the order of
/// their unique keys, and this statement in the order in which they are stored.
const REMOVE_DONE: &str = "
    WITH done AS MATERIALIZED (
        SELECT id FROM apalis.jobs
        WHERE job_type = ANY($1) AND status = 'Done' AND done_at <= now() - $2 * interval '1 second'
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM apalis.jobs USING done WHERE jobs.id = done.id";

/// Jobs in tables of PostgreSQL, in the schema `apalis`.
///
/// It is an [`Executor`](crate::Executor) to flush to, a [`Source`](crate::worker::Source) for workers, and
/// keeps [`DeadLetters`](crate::worker::DeadLetters). Clones share the pool.
///
/// # Options
///
/// | option | |
/// | --- | --- |
/// | queue | the type of the job |
/// | delay, at | by the database's clock |
/// | expires | an expired message becomes a dead letter, once a worker receives it |
/// | priority | higher ones first, and of one priority in the order of the flush |
/// | max attempts | |
/// | unique key | one job of a key in a queue until it is done or given up |
///
/// # Guarantees
///
/// A flush is one statement, or one transaction: all of it is in the database or none. If the connection is
/// lost while the database commits, the outcome is unknown: the intents are handed back, and to flush them
/// once more may make a second job of each, other than of those with a unique key.
///
/// A task runs at least once. The messages of a killed worker are taken over
/// [half a minute](Self::lost_after) later. Of these, the attempts that have begun count.
///
/// Jobs that are done stay in their table until [`remove_done`](Self::remove_done) removes them.
///
/// # Examples
///
/// ```no_run
/// use airlock::apalis::Postgres;
///
/// #[airlock::task]
/// async fn send_mail(order_id: u64) {}
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let jobs = Postgres::connect("postgres://localhost/shop").await?;
/// jobs.setup().await?;
/// airlock::scope().executor(jobs.clone()).run_async(async { send_mail::enqueue(42) }).await??;
///
/// let worker = airlock::worker().build()?;
/// worker.run(jobs, std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Postgres {
    pool: PgPool,
    runtime: ConnectionRuntime,
    worker: SqlWorker,
    turns: PerWorker<RoundRobin>,
    received_ids: ReceivedIds<(String, i64)>,
    control: PerWorker<ControlPool<sqlx::Postgres>>,
    listener: PerWorker<Listener>,
    wakeup: Wakeup,
}

impl Postgres {
    /// Connects to a database, with a pool of its own.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the URL is invalid, or the server can't be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let options = postgres::options(url)?;
        postgres::reach(&options).await?;
        let address = postgres::address(&options);
        let pool = connect::in_time(PgPool::connect_with(options)).await;
        Ok(Self::new(pool.map_err(|error| sql::error("connect to", address, error))?))
    }

    /// Uses a pool that the program has already.
    ///
    /// A worker opens a few connections besides: one on which it is notified of new jobs, and up to four, most of the
    /// time two, for its heartbeats and settlements, which must not wait for tasks that use the pool.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            runtime: ConnectionRuntime::current(),
            worker: SqlWorker::new(Duration::from_millis(500)),
            turns: PerWorker::default(),
            received_ids: ReceivedIds::default(),
            control: PerWorker::default(),
            listener: PerWorker::default(),
            wakeup: Wakeup::default(),
        }
    }

    worker_settings! {
        queues: "in turn.",
        lost_after: 3 "in whole seconds, at least 3",
        poll: "500 ms"
    }

    /// Creates apalis' tables, and brings older ones up to date.
    ///
    /// It is idempotent, and several processes may call it at once. It needs the right to create a schema
    /// and the extension `hstore`.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where that is refused, or the tables were made by something else.
    pub async fn setup(&self) -> Result<(), EngineError> {
        let pool = self.pool.clone();
        let set_up = undivided(async move { PostgresStorage::setup(&pool).await });
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
    /// use airlock::apalis::Postgres;
    /// use airlock::{Batch, BoxError};
    ///
    /// async fn send_with_note(jobs: &Postgres, batch: &mut Batch) -> Result<(), BoxError> {
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

    /// Removes the jobs of the served queues that have been done for this time; how many.
    ///
    /// Dead letters stay, other than with apalis' own `vacuum`, and so for now do jobs that others have
    /// locked, such as a flush that takes the unique key of a job which has ended.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the database can't be written.
    pub async fn remove_done(&self, for_longer_than: Duration) -> Result<u64, EngineError> {
        let removed = sqlx::query(REMOVE_DONE)
            .bind(self.worker.queues())
            .bind(for_longer_than.as_secs_f64())
            .execute(&self.pool)
            .await;
        Ok(removed.map_err(|error| self.error("remove jobs from", error))?.rows_affected())
    }

    /// The worker's own connections: one each for heartbeats, for settling, and for both ways of beginning.
    fn control(&self) -> PgPool {
        self.control.beside(&self.pool, 4)
    }

    fn address(&self) -> String {
        postgres::address(&self.pool.connect_options())
    }

    fn error(&self, doing: &str, error: impl Into<BoxError>) -> EngineError {
        sql::error(doing, self.address(), error)
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("place", &self.address())
            .field("queues", &self.worker.queues())
            .finish_non_exhaustive()
    }
}
