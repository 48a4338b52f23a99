//! diesel's connections, for queues.

use std::fmt;

use diesel::connection::LoadConnection;
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel::{RunQueryDsl, sql_query};

use crate::core::task::called::BoxError;
use crate::transactions::diesel_shared::{LoadedRow, rows};
use crate::transactions::shared::{Connection, Row, dialect};

/// A connection of diesel, through which queues write.
///
/// # Examples
///
/// A job table of the program's own as a queue.
///
/// ```
/// use airlock::diesel::{Database, Through};
/// use airlock::transaction::Queue;
/// use airlock::{Batch, BoxError, DispatchError};
/// use diesel::sql_types::Text;
/// use diesel::{QueryResult, RunQueryDsl, SqliteConnection, sql_query};
///
/// /// As the program has it.
/// fn enqueue(connection: &mut SqliteConnection, name: &str, data: &str) -> QueryResult<usize> {
///     sql_query("INSERT INTO background_jobs (job_type, data) VALUES (?, ?)")
///         .bind::<Text, _>(name)
///         .bind::<Text, _>(data)
///         .execute(connection)
/// }
///
/// struct BackgroundJobs;
///
/// impl Queue<Through<'_, SqliteConnection>> for BackgroundJobs {
///     async fn push(
///         &self,
///         through: &mut Through<'_, SqliteConnection>,
///         batch: &mut Batch,
///     ) -> Result<(), DispatchError> {
///         for (index, intent) in batch.iter().enumerate() {
///             let failed = |error: BoxError| DispatchError::only(index, error);
///             let data = intent.to_json().map_err(|error| failed(error.into()))?;
///             let inserted = enqueue(through.connection(), intent.name(), &data);
///             inserted.map_err(|error| failed(error.into()))?;
///         }
///         Ok(())
///     }
/// }
///
/// let database: Database<SqliteConnection> = Database::new().queue(BackgroundJobs);
/// ```
pub struct Through<'c, C>(pub(super) &'c mut C);

impl<C> Through<'_, C> {
    /// The connection itself, inside the transaction: for a queue that is a table of your own.
    pub fn connection(&mut self) -> &mut C {
        self.0
    }
}

impl<C> fmt::Debug for Through<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").finish_non_exhaustive()
    }
}

impl<C: LoadConnection<Backend = Pg>> Connection<dialect::Postgres> for Through<'_, C> {
    async fn query(&mut self, sql: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let loaded: Vec<LoadedRow> = sql_query(sql).bind::<Text, _>(parameter).load(self.0)?;
        Ok(rows(loaded))
    }
}

#[cfg(feature = "apalis-sqlite")]
impl<C: LoadConnection<Backend = diesel::sqlite::Sqlite>> Connection<dialect::Sqlite>
    for Through<'_, C>
{
    async fn query(&mut self, sql: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let loaded: Vec<LoadedRow> = sql_query(sql).bind::<Text, _>(parameter).load(self.0)?;
        Ok(rows(loaded))
    }
}
