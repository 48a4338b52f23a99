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
/// ```
/// use airlock::diesel::{Database, Through};
/// use airlock::transaction::Queue;
///
/// /// With any queue in the database.
/// fn database<C, Q>(queue: Q) -> Database<C>
/// where
///     C: diesel::Connection + Send,
///     Q: for<'c> Queue<Through<'c, C>>,
/// {
///     Database::new().queue(queue)
/// }
/// ```
pub struct Through<'c, C>(pub(super) &'c mut C);

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
