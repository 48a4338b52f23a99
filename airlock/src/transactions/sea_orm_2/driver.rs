//! What SeaORM 2 has in its own way, and sqlx 0.9 below it.

use ::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryResult, Statement,
    TransactionOptions, TransactionTrait,
};

use super::sea_orm::Database;

pub(super) use crate::transactions::sqlx as lower;
pub(super) use ::{sea_orm, sqlx};

pub(super) type Options = TransactionOptions;

pub(super) async fn begin_with(
    connection: DatabaseConnection,
    options: Options,
) -> Result<DatabaseTransaction, DbErr> {
    connection.begin_with_options(options).await
}

pub(super) async fn rows(
    transaction: &DatabaseTransaction,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    transaction.query_all_raw(statement).await
}

impl Database {
    /// Begins transactions with these options, such as an isolation level.
    ///
    /// # Examples
    ///
    /// ```no_run
    #[doc = include_str!("../sea_orm/orders.md")]
    /// use sea_orm::{IsolationLevel, TransactionOptions};
    ///
    /// let options = TransactionOptions {
    ///     isolation_level: Some(IsolationLevel::Serializable),
    ///     ..TransactionOptions::default()
    /// };
    /// let database = Database::new(connection).options(options);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn options(mut self, options: TransactionOptions) -> Self {
        self.options = Some(options);
        self
    }
}
