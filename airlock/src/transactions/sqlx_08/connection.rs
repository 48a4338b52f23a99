//! The connections of sqlx 0.8, for queues.

use sqlx_08::{Database, Encode, Executor, FromRow, IntoArguments, Type};

#[cfg(feature = "_postgres")]
use crate::core::task::called::BoxError;
use crate::transactions::shared::{self, Row};

#[cfg(feature = "_postgres")]
impl shared::Connection<shared::dialect::Postgres> for sqlx_08::PgConnection {
    async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        Ok(self.rows(statement, parameter).await?)
    }
}

/// Whatever database it is: that of SQLite may have no name here.
pub(super) trait Rows {
    fn rows(
        &mut self,
        statement: &str,
        parameter: &str,
    ) -> impl Future<Output = sqlx_08::Result<Vec<Row>>> + Send;
}

impl<DB, C> Rows for C
where
    DB: Database<Connection = C>,
    C: sqlx_08::Connection<Database = DB>,
    for<'c> &'c mut C: Executor<'c, Database = DB>,
    for<'q> DB::Arguments<'q>: IntoArguments<'q, DB>,
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'r> Row: FromRow<'r, DB::Row>,
{
    async fn rows(&mut self, statement: &str, parameter: &str) -> sqlx_08::Result<Vec<Row>> {
        sqlx_08::query_as(statement).bind(parameter).fetch_all(self).await
    }
}
