//! apalis' tables in a SQLite file.
//!
//! Longer than other files, because most of it is the documentation of the handle.

mod dead;
mod executor;
mod file;
mod lost;
mod push;
mod settle;
mod source;

use std::fmt;
use std::time::Duration;

use apalis_sqlite::SqliteStorage;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, SqlitePool};

use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;
use crate::engines::shared::connection_runtime::ConnectionRuntime;
use crate::engines::shared::per_worker::PerWorker;
use crate::engines::shared::round_robin::RoundRobin;
use crate::engines::shared::scheme;
use crate::engines::shared::sql::{self, ControlPool, SqlWorker, worker_settings};
use crate::engines::shared::wakeup::Wakeup;
use crate::transactions::sqlx::clean_connection;
use crate::worker::engine_error::EngineError;

const REMOVE_DONE: &str = "
    DELETE FROM Jobs
    WHERE job_type IN (SELECT value FROM json_each(?1))
        AND status = 'Done'
        AND done_at <= unixepoch() - ?2";

/// Jobs in a SQLite file: a queue that needs no server.
///
/// It is an [`Executor`](crate::Executor) to flush to, a [`Source`](crate::worker::Source) for workers of
/// this and of other processes, and keeps [`DeadLetters`](crate::worker::DeadLetters). Clones share the
/// database and wake one another's workers.
///
/// # Options
///
/// | option | |
/// | --- | --- |
/// | queue | the type of the job |
/// | delay, at | in whole seconds, never early |
/// | expires | an expired message becomes a dead letter, once a worker receives it |
/// | priority | higher ones first, and of one priority in the order of the flush |
/// | max attempts | |
/// | unique key | one job of a key in a queue until it is done or given up |
///
/// # Guarantees
///
/// A flush is one transaction: all of it is in the file or none. With [`connect`](Self::connect), a flushed
/// job survives a crash of the process and a loss of power.
///
/// A task runs at least once. The messages of a killed worker are taken over
/// [half a minute](Self::lost_after) later. Of these, the attempts that have begun count.
///
/// Jobs that are done stay in the file until [`remove_done`](Self::remove_done) removes them.
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::Duration;
///
/// use airlock::apalis::Sqlite;
///
/// #[airlock::task]
/// async fn send_mail(order_id: u64) {}
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let jobs = Sqlite::connect("sqlite::memory:").await?;
/// jobs.setup().await?;
/// airlock::scope().executor(jobs.clone()).run_async(async { send_mail::enqueue(42) }).await??;
///
/// let worker = airlock::worker().build()?;
/// let served = worker.run(jobs, tokio::time::sleep(Duration::from_millis(500))).await?;
/// assert_eq!(served.done, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sqlite {
    pool: SqlitePool,
    runtime: ConnectionRuntime,
    /// Whether `connect` has made the pool, so that its connections may be configured.
    owned: bool,
    worker: SqlWorker,
    turns: PerWorker<RoundRobin>,
    control: PerWorker<ControlPool<sqlx::Sqlite>>,
    wakeup: Wakeup,
}

impl Sqlite {
    /// Opens a file, such as `sqlite:jobs.db`, and creates it if there is none.
    ///
    /// There is one connection, because SQLite has one writer: so no caller waits for a lock that another
    /// one of this process holds. The file is in WAL mode with `synchronous = FULL`, which waits until a
    /// commit is on the disk; with `NORMAL` where a worker takes and settles jobs, because what a loss of
    /// power undoes of that is delivered again.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the URL is invalid, or the file can't be opened.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        scheme::check(url, "SQLite", &["sqlite", "file"], "it is like sqlite:jobs.db")?;
        let pool = file::open(url).await.map_err(|error| sql::error("connect to", url, error))?;
        Ok(Self { owned: true, ..Self::new(pool) })
    }

    /// Uses a pool that the program has already, as it is configured.
    ///
    /// A worker opens one connection besides, for its heartbeats, which must not wait for tasks that use the pool.
    pub fn new(pool: SqlitePool) -> Self {
        Self {
            pool,
            runtime: ConnectionRuntime::current(),
            owned: false,
            worker: SqlWorker::new(Duration::from_millis(100)),
            turns: PerWorker::default(),
            control: PerWorker::default(),
            wakeup: Wakeup::default(),
        }
    }

    worker_settings! {
        queues: "in turn.",
        lost_after: 3 "in whole seconds, at least 3",
        poll: "100 ms"
    }

    /// Creates apalis' tables, and brings older ones up to date.
    ///
    /// It is idempotent, and several processes may call it at once. The program's own migrations may be in the
    /// same file, if they ignore unknown ones
    /// ([`set_ignore_missing`](sqlx::migrate::Migrator::set_ignore_missing)).
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the database can't be written, or its tables were made by something else.
    pub async fn setup(&self) -> Result<(), EngineError> {
        // Not apalis' own `setup`, which turns off `synchronous` for a connection of the pool. A transaction that
        // begins as a writer is SQLite's only lock for two processes that migrate at once.
        let mut migrator = SqliteStorage::migrations();
        migrator.set_ignore_missing(true);
        let failed = |error| self.error("set up", error);
        let mut connection = clean_connection::acquire(&self.pool).await.map_err(failed)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let migrated = migrator.run_direct(None, &mut *transaction, false).await;
        migrated.map_err(|error| self.error("set up", error))?;
        transaction.commit().await.map_err(failed)
    }

    /// The pool of connections.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Sends a batch as part of a transaction of the caller's: its jobs are there when that commits.
    ///
    /// Workers of this process are notified if [`wake`](Self::wake) is called after the commit, and
    /// otherwise find the jobs within the [interval](Self::poll).
    ///
    /// ```no_run
    /// use airlock::apalis::Sqlite;
    /// use airlock::{Batch, BoxError};
    ///
    /// async fn send_with_note(jobs: &Sqlite, batch: &mut Batch) -> Result<(), BoxError> {
    ///     let mut transaction = jobs.pool().begin().await?;
    ///     let note = sqlx::query("INSERT INTO notes VALUES (?1)").bind(batch.len() as i64);
    ///     note.execute(&mut *transaction).await?;
    ///     jobs.dispatch_in(&mut transaction, batch).await?;
    ///     transaction.commit().await?;
    ///     jobs.wake();
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Nothing was sent then.
    pub async fn dispatch_in(
        &self,
        connection: &mut SqliteConnection,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        self.dispatch_through(connection, batch).await
    }

    /// Wakes the workers of this handle and its clones: there may be new jobs.
    pub fn wake(&self) {
        self.wakeup.notify();
    }

    /// Removes the jobs of the served queues that have been done for this time; how many.
    ///
    /// Dead letters stay, other than with apalis' own `vacuum`.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the database can't be written.
    pub async fn remove_done(&self, for_longer_than: Duration) -> Result<u64, EngineError> {
        let seconds = i64::try_from(for_longer_than.as_secs()).unwrap_or(i64::MAX);
        let removed = sqlx::query(REMOVE_DONE)
            .bind(self.queues_json())
            .bind(seconds)
            .execute(&self.pool)
            .await;
        Ok(removed.map_err(|error| self.error("remove jobs from", error))?.rows_affected())
    }

    /// The served queues, as SQLite takes a list.
    fn queues_json(&self) -> String {
        serde_json::Value::from(self.worker.queues()).to_string()
    }

    fn error(&self, doing: &str, error: impl Into<BoxError>) -> EngineError {
        let file = self.pool.connect_options().get_filename().display().to_string();
        sql::error(doing, format!("sqlite:{file}"), error)
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("file", &self.pool.connect_options().get_filename())
            .field("queues", &self.worker.queues())
            .finish_non_exhaustive()
    }
}
