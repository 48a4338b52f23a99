//! What SeaORM 1.1 has in its own way, and sqlx 0.8 below it.

use sea_orm_1::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel,
    QueryResult, Statement, TransactionTrait,
};

use super::sea_orm::Database;

pub(super) use crate::transactions::sqlx_08::sqlx as lower;
pub(super) use {::sea_orm_1 as sea_orm, ::sqlx_08 as sqlx};

pub(super) type Options = (Option<IsolationLevel>, Option<AccessMode>);

pub(super) async fn begin_with(
    connection: DatabaseConnection,
    (isolation_level, access_mode): Options,
) -> Result<DatabaseTransaction, DbErr> {
    connection.begin_with_config(isolation_level, access_mode).await
}

pub(super) async fn rows(
    transaction: &DatabaseTransaction,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    transaction.query_all(statement).await
}

impl Database {
    /// Begins transactions with an isolation level and an access mode, as
    /// [`begin_with_config`](TransactionTrait::begin_with_config) does.
    #[must_use]
    pub fn options(
        mut self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Self {
        self.options = Some((isolation_level, access_mode));
        self
    }
}
