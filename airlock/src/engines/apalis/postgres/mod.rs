//! apalis' tables in PostgreSQL.

mod dead;
mod listen;
mod push;
mod source;

use std::fmt;
use std::time::Duration;

use apalis_postgres::PostgresStorage;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::apalis::postgres::listen::Listening;
use crate::engines::apalis::sql::{Job, Serving, jobs, keyed, leave_out, serving};
use crate::engines::shared::home::Home;
use crate::engines::shared::sql;
use crate::transactions::shared::{Connection, Queue, dialect};
use crate::worker::ReceivedIds;
use crate::worker::engine_error::EngineError;

/// What errors call the executor.
const NAME: &str = "apalis::Postgres";

/// What another transaction has locked is left for the next time: a flush sets the keys of jobs free in
/// the order of the keys, and not in the one in which the jobs lie here.
const REMOVE_DONE: &str = "
    WITH done AS MATERIALIZED (
        SELECT id FROM apalis.jobs
        WHERE job_type = ANY($1) AND status = 'Done' AND done_at <= now() - $2 * interval '1 second'
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM apalis.jobs USING done WHERE jobs.id = done.id";

/// Jobs in tables of PostgreSQL, in the schema `apalis`.
///
/// It is an [`Executor`] to flush to, a [`Source`](crate::worker::Source) for workers, and keeps
/// [`DeadLetters`](crate::worker::DeadLetters). Clones share the pool.
///
/// # Options
///
/// | option | |
/// | --- | --- |
/// | queue | the type of the job |
/// | delay, at | by the database's clock |
/// | expires | the worker keeps what it finds expired as a dead letter |
/// | priority | higher ones first, and of one priority in the order of the flush |
/// | max attempts | |
/// | unique key | one job of a key in a queue until it is done or given up |
///
/// # Guarantees
///
/// A flush is one statement, or one transaction: all of it is in the database or none. Where the
/// connection is lost while the database commits, nobody can tell which: the intents are handed back,
/// and to flush them once more may make a second job of each, other than of those with a unique key.
///
/// A task runs at least once. What a killed worker held is taken over
/// [half a minute](Self::lost_after) later. The attempt counts where it has begun.
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
    home: Home,
    serving: Serving,
    listening: Listening,
    received_ids: ReceivedIds<String>,
}

impl Postgres {
    /// Connects to a database, with a pool of its own.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the URL is none, or the server can't be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let options = sql::options(url)?;
        sql::reach(&options).await?;
        let place = sql::place(&options);
        let pool = PgPool::connect_with(options).await;
        Ok(Self::new(pool.map_err(|error| sql::error("connect to", place, error))?))
    }

    /// Uses a pool that the program has already.
    ///
    /// A worker opens one connection besides, on which it is told of new jobs.
    ///
    /// ```no_run
    /// use airlock::apalis::Postgres;
    /// use sqlx::PgPool;
    ///
    /// # async fn example() -> Result<(), sqlx::Error> {
    /// let pool = PgPool::connect("postgres://localhost/shop").await?;
    /// let jobs = Postgres::new(pool.clone()).queue("mails");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(pool: PgPool) -> Self {
        let serving = Serving::new(Duration::from_millis(500));
        let (listening, received_ids) = (Listening::default(), ReceivedIds::default());
        Self { pool, home: Home::here(), serving, listening, received_ids }
    }

    serving!("500 ms");

    /// Creates apalis' tables, and brings older ones up to date.
    ///
    /// It may be called again and again, and by several processes at once. It needs the right to
    /// create a schema and the extension `hstore`.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where that is refused, or the tables were made by something else.
    pub async fn setup(&self) -> Result<(), EngineError> {
        PostgresStorage::setup(&self.pool).await.map_err(|error| self.error("set up", error))
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
    /// use airlock::apalis::Postgres;
    /// use airlock::{Batch, DispatchError, Executor};
    ///
    /// /// Sends batches with a note of their size.
    /// struct Noted(Postgres);
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
        let jobs = self.jobs(batch)?;
        let pushed = push::push(connection, &jobs).await;
        let left_out = pushed.map_err(|error| self.not_sent(&jobs, error))?;
        leave_out(batch, left_out);
        Ok(())
    }

    /// Removes the jobs of the served queues that have been done for this time; how many.
    ///
    /// Dead letters stay, other than with apalis' own `vacuum`, and so does for now what others are working
    /// on, such as a flush that takes the unique key of a job which has ended.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the database doesn't.
    pub async fn remove_done(&self, for_longer_than: Duration) -> Result<u64, EngineError> {
        let removed = sqlx::query(REMOVE_DONE)
            .bind(self.serving.queues())
            .bind(for_longer_than.as_secs_f64())
            .execute(&self.pool)
            .await;
        Ok(removed.map_err(|error| self.error("remove jobs from", error))?.rows_affected())
    }

    async fn send(&self, jobs: &[Job], batch: &mut Batch) -> Result<Vec<usize>, BoxError> {
        if keyed(jobs).is_empty() && push::are_one_portion(jobs) {
            // One statement is a transaction by itself, in a third of the round trips.
            let mut connection = self.pool.acquire().await?;
            batch.sending(0..batch.len());
            return push::push(&mut connection, jobs).await;
        }
        let mut transaction = self.pool.begin().await?;
        let left_out = push::push(&mut transaction, jobs).await?;
        batch.sending(0..batch.len());
        transaction.commit().await?;
        Ok(left_out)
    }

    fn not_sent(&self, jobs: &[Job], error: BoxError) -> DispatchError {
        DispatchError::all(self.error(&format!("send {} to", sql::intents(jobs.len())), error))
    }

    /// The rows of a batch. One that the database would refuse all of them for is named before it is asked:
    /// it would abort the caller's transaction.
    fn jobs(&self, batch: &Batch) -> Result<Vec<Job>, DispatchError> {
        let jobs = jobs(batch, NAME, &self.serving.queue)?;
        for (index, job) in jobs.iter().enumerate() {
            let key = job.unique_key.as_deref().unwrap_or_default();
            for (what, text) in [("queue", &*job.queue), ("unique key", key)] {
                if text.contains('\0') {
                    let nul = format!(
                        "its {what} contains a NUL, which PostgreSQL can't hold: leave it out"
                    );
                    return Err(DispatchError::only(index, nul));
                }
            }
        }
        Ok(jobs)
    }

    fn error(&self, doing: &str, error: impl Into<BoxError>) -> EngineError {
        sql::error(doing, sql::place(&self.pool.connect_options()), error)
    }
}

impl Executor for Postgres {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let jobs = self.jobs(batch)?;
        let sent = self.home.run(self.send(&jobs, batch)).await?;
        let left_out = sent.map_err(|error| self.not_sent(&jobs, error))?;
        leave_out(batch, left_out);
        Ok(())
    }
}

/// The jobs are rows of the caller's transaction, whatever the library that it is made with.
impl<C: Connection<dialect::Postgres>> Queue<C> for Postgres {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        let jobs = self.jobs(batch)?;
        let pushed = push::push_through(connection, &jobs).await;
        let left_out = pushed.map_err(|error| self.not_sent(&jobs, error))?;
        leave_out(batch, left_out);
        Ok(())
    }

    fn proves_good(&self) -> bool {
        true
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("place", &sql::place(&self.pool.connect_options()))
            .field("queues", &self.serving.queues())
            .finish_non_exhaustive()
    }
}
