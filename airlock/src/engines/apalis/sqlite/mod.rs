//! apalis' tables in a SQLite file.

mod dead;
mod push;
mod source;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use apalis_sqlite::SqliteStorage;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, SqlitePool};

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::apalis::sql::{Job, Serving, jobs, leave_out, serving};
use crate::engines::shared::home::Home;
use crate::engines::shared::sql;
use crate::transactions::shared::{Connection, Queue, dialect};
use crate::transactions::sqlx::clean_connection;
use crate::worker::engine_error::EngineError;

/// How long to wait for others that hold the file.
const PATIENCE: Duration = Duration::from_secs(30);

/// What errors call the executor.
const NAME: &str = "apalis::Sqlite";

const REMOVE_DONE: &str = "
    DELETE FROM Jobs
    WHERE job_type IN (SELECT value FROM json_each(?1))
        AND status = 'Done'
        AND done_at <= unixepoch() - ?2";

/// Jobs in a SQLite file: a queue that needs no server.
///
/// It is an [`Executor`] to flush to, a [`Source`](crate::worker::Source) for workers of this and of
/// other processes, and keeps [`DeadLetters`](crate::worker::DeadLetters). Clones share the database
/// and wake one another's workers.
///
/// # Options
///
/// | option | |
/// | --- | --- |
/// | queue | the type of the job |
/// | delay, at | in whole seconds, never early |
/// | expires | the worker keeps what it finds expired as a dead letter |
/// | priority | higher ones first, and of one priority in the order of the flush |
/// | max attempts | |
/// | unique key | one job of a key in a queue until it is done or given up |
///
/// # Guarantees
///
/// A flush is one transaction: all of it is in the file or none. With [`connect`](Self::connect), what
/// has been flushed survives a crash of the process and a loss of power.
///
/// A task runs at least once. What a killed worker held is taken over
/// [half a minute](Self::lost_after) later. The attempt counts where it has begun.
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
    home: Home,
    /// Whether the pool is ours, to set up as we like.
    owned: bool,
    serving: Serving,
}

impl Sqlite {
    /// Opens a file, such as `sqlite:jobs.db`, and creates it if there is none.
    ///
    /// There is one connection, because SQLite has one writer: so nobody here waits in vain for a lock
    /// that another one of us holds. The file is in WAL mode with `synchronous = FULL`, which waits
    /// until a commit is on the disk; with `NORMAL` where a worker takes and settles jobs, because what
    /// is lost of that in a loss of power is delivered again.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the URL is none, or the file can't be opened.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let failed = |error| sql::error("connect to", url, error);
        let options = SqliteConnectOptions::from_str(url)
            .map_err(failed)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Another process may be writing, of which a bulk flush takes the longest.
            .busy_timeout(PATIENCE);
        // A database in memory is gone with its connection, so that one is never closed.
        let pool_options = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .before_acquire(|connection, _| {
                Box::pin(async { set_synchronous(connection, FULL).await.map(|()| true) })
            });
        // SQLite doesn't wait for others where it turns a new file to WAL, so that is tried again.
        let begun = Instant::now();
        let pool = loop {
            match pool_options.clone().connect_with(options.clone()).await {
                Err(error) if is_busy(&error) && begun.elapsed() < PATIENCE => {
                    ::tokio::time::sleep(Duration::from_millis(10)).await;
                }
                pool => break pool,
            }
        };
        Ok(Self { owned: true, ..Self::new(pool.map_err(failed)?) })
    }

    /// Uses a pool that the program has already, as it is set up.
    ///
    /// ```no_run
    /// use airlock::apalis::Sqlite;
    /// use sqlx::SqlitePool;
    ///
    /// # async fn example() -> Result<(), sqlx::Error> {
    /// let pool = SqlitePool::connect("sqlite:shop.db").await?;
    /// let jobs = Sqlite::new(pool.clone()).queue("mails");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(pool: SqlitePool) -> Self {
        let serving = Serving::new(Duration::from_millis(100));
        Self { pool, owned: false, home: Home::here(), serving }
    }

    serving!("100 ms");

    /// Creates apalis' tables, and brings older ones up to date.
    ///
    /// It may be called again and again, and by several processes at once. Migrations of the program's
    /// own may be in the same file, if they let unknown ones be
    /// ([`set_ignore_missing`](sqlx::migrate::Migrator::set_ignore_missing)).
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the database can't be written, or its tables were made by something else.
    pub async fn setup(&self) -> Result<(), EngineError> {
        // apalis' own `setup` turns off `synchronous` for a connection of the pool, and SQLite has no
        // lock for two processes that migrate at once but a transaction that begins as a writer.
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
    /// Workers of this process hear of them if [`wake`](Self::wake) is called after the commit, and
    /// otherwise find them within the [interval](Self::poll).
    ///
    /// ```no_run
    /// use airlock::apalis::Sqlite;
    /// use airlock::{Batch, DispatchError, Executor};
    ///
    /// /// Sends batches with a note of their size.
    /// struct Noted(Sqlite);
    ///
    /// impl Executor for Noted {
    ///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
    ///         let mut transaction = self.0.pool().begin().await.map_err(DispatchError::all)?;
    ///         let note = sqlx::query("INSERT INTO notes VALUES (?1)").bind(batch.len() as i64);
    ///         note.execute(&mut *transaction).await.map_err(DispatchError::all)?;
    ///         self.0.dispatch_in(&mut transaction, batch).await?;
    ///         transaction.commit().await.map_err(DispatchError::all)?;
    ///         self.0.wake();
    ///         Ok(())
    ///     }
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

    /// The same through the connection of any library.
    async fn dispatch_through(
        &self,
        connection: &mut impl Connection<dialect::Sqlite>,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        let jobs = jobs(batch, NAME, &self.serving.queue)?;
        let pushed = push::push(connection, &jobs).await;
        let left_out = pushed.map_err(|error| self.not_sent(&jobs, error))?;
        leave_out(batch, left_out);
        Ok(())
    }

    /// Tells the workers of this handle and its clones that there may be new jobs.
    pub fn wake(&self) {
        self.serving.tell();
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

    /// A connection for what may be lost in a loss of power.
    async fn acquire_relaxed(&self) -> Result<PoolConnection<sqlx::Sqlite>, sqlx::Error> {
        let mut connection = clean_connection::acquire(&self.pool).await?;
        if self.owned {
            set_synchronous(&mut connection, NORMAL).await?;
        }
        Ok(connection)
    }

    /// The served queues, as SQLite takes a list.
    fn queues_json(&self) -> String {
        serde_json::Value::from(self.serving.queues()).to_string()
    }

    fn not_sent(&self, jobs: &[Job], error: BoxError) -> DispatchError {
        DispatchError::all(self.error(&format!("send {} to", sql::intents(jobs.len())), error))
    }

    fn error(&self, doing: &str, error: impl Into<BoxError>) -> EngineError {
        let file = self.pool.connect_options().get_filename().display().to_string();
        sql::error(doing, format!("sqlite:{file}"), error)
    }
}

const FULL: &str = "PRAGMA synchronous = FULL";
const NORMAL: &str = "PRAGMA synchronous = NORMAL";

async fn set_synchronous(
    connection: &mut SqliteConnection,
    pragma: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::query(pragma).execute(connection).await.map(drop)
}

/// Whether another one holds the file, which is what the low byte of SQLite's codes says.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: u32 = 5;
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == BUSY)
}

impl Executor for Sqlite {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let jobs = jobs(batch, NAME, &self.serving.queue)?;
        let sent = async {
            // As a reader that turns writer it would fail where somebody has written meanwhile.
            let mut connection = clean_connection::acquire(&self.pool).await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let left_out = push::push(&mut *transaction, &jobs).await?;
            batch.sending(0..batch.len());
            transaction.commit().await?;
            Ok::<_, BoxError>(left_out)
        };
        let left_out = self.home.run(sent).await?.map_err(|error| self.not_sent(&jobs, error))?;
        leave_out(batch, left_out);
        self.wake();
        Ok(())
    }
}

/// The jobs are rows of the caller's transaction, whatever the library that it is made with.
impl<C: Connection<dialect::Sqlite>> Queue<C> for Sqlite {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        self.dispatch_through(connection, batch).await
    }

    fn committed(&self) {
        self.wake();
    }

    fn proves_good(&self) -> bool {
        true
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("file", &self.pool.connect_options().get_filename())
            .field("queues", &self.serving.queues())
            .finish_non_exhaustive()
    }
}
