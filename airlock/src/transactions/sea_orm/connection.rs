//! SeaORM's transactions as connections, for queues.

use crate::core::task::called::BoxError;
use crate::transactions::shared::{Connection, Row, dialect};

use super::begun::display_name;
use super::driver::rows;
use super::driver::sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Statement,
};

impl Connection<dialect::Postgres> for DatabaseTransaction {
    async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        query(self, DbBackend::Postgres, statement, parameter).await
    }
}

impl Connection<dialect::Sqlite> for DatabaseTransaction {
    async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
        query(self, DbBackend::Sqlite, statement, parameter).await
    }
}

/// Checks the backend first: SeaORM's types don't say which database a transaction is in.
async fn query(
    transaction: &DatabaseTransaction,
    queue: DbBackend,
    statement: &str,
    parameter: &str,
) -> Result<Vec<Row>, BoxError> {
    let backend = transaction.get_database_backend();
    if backend != queue {
        return Err(format!(
            "the transaction is in {}, and the queue's tables are in {}: give the database a queue of \
             its own kind",
            display_name(backend),
            display_name(queue)
        )
        .into());
    }
    let statement = Statement::from_sql_and_values(backend, statement, [parameter.into()]);
    let rows = rows(transaction, statement).await?;
    let row = |row: QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    rows.into_iter().map(row).collect()
}
