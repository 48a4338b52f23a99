//! diesel-async's connections, for queues.

use std::fmt;

use diesel::pg::Pg;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::core::task::called::BoxError;
use crate::transactions::diesel_shared::{LoadedRow, rows};
use crate::transactions::shared::{Connection, Row, dialect};

/// A connection of diesel-async, through which queues write.
///
/// # Examples
///
/// ```
/// use airlock::diesel_async::{Database, Through};
/// use airlock::transaction::Queue;
///
/// /// With any queue in the database.
/// fn database<C, Q>(queue: Q) -> Database<C>
/// where
///     C: diesel_async::AsyncConnection,
///     Q: for<'c> Queue<Through<'c, C>>,
/// {
///     Database::new().queue(queue)
/// }
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

impl<C: AsyncConnection<Backend = Pg>> Connection<dialect::Postgres> for Through<'_, C> {
    async fn query(&mut self, sql: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let loaded: Vec<LoadedRow> = sql_query(sql).bind::<Text, _>(parameter).load(self.0).await?;
        Ok(rows(loaded))
    }
}

#[cfg(feature = "apalis-sqlite")]
impl<C: AsyncConnection<Backend = diesel::sqlite::Sqlite>> Connection<dialect::Sqlite>
    for Through<'_, C>
{
    async fn query(&mut self, sql: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let loaded: Vec<LoadedRow> = sql_query(sql).bind::<Text, _>(parameter).load(self.0).await?;
        Ok(rows(loaded))
    }
}
