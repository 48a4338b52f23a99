//! What SeaORM 2 has in its own way, and sqlx below it.

pub(super) use ::{sea_orm, sqlx};

pub(super) use crate::transactions::sqlx as lower;

use ::sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement};

pub(super) async fn rows(
    transaction: &DatabaseTransaction,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    transaction.query_all_raw(statement).await
}
