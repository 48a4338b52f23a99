//! The connections of sqlx 0.9, for queues.

use sqlx::AssertSqlSafe;

use crate::core::task::called::BoxError;
use crate::transactions::shared::{Connection, Row, dialect};

#[cfg(feature = "_postgres")]
impl Connection<dialect::Postgres> for sqlx::PgConnection {
    async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let query = sqlx::query_as(AssertSqlSafe(statement)).bind(parameter);
        Ok(query.fetch_all(self).await?)
    }
}

#[cfg(feature = "apalis-sqlite")]
impl Connection<dialect::Sqlite> for sqlx::SqliteConnection {
    async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        let query = sqlx::query_as(AssertSqlSafe(statement)).bind(parameter);
        Ok(query.fetch_all(self).await?)
    }
}
