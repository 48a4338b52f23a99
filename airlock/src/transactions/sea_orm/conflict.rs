//! Errors after which the same transaction may succeed.

use std::error::Error;

use sea_orm::{DbErr, RuntimeErr};

use crate::transactions::shared::conflict::any_source;
use crate::transactions::sqlx::is_sqlx_conflict;

#[doc = include_str!("../shared/docs/conflict.md")]
///
/// # Examples
///
/// ```
/// let error = sea_orm::DbErr::RecordNotInserted;
/// assert!(!airlock::sea_orm::is_conflict(&error));
/// ```
pub fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    any_source(error, |error| {
        // SeaORM does not name sqlx's error as a source.
        let error = error.downcast_ref().map(|error: &DbErr| match error {
            DbErr::Conn(error) | DbErr::Exec(error) | DbErr::Query(error) => Some(error),
            _ => None,
        });
        matches!(error.flatten(), Some(RuntimeErr::SqlxError(error)) if is_sqlx_conflict(error))
    })
}
