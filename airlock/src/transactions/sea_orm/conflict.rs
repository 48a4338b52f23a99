//! Errors after which the same transaction may succeed.

use std::error::Error;

use crate::transactions::shared::conflict::Signs;

use super::driver::lower::conflict::{is_sqlx_conflict, shows_sqlx_conflict};
use super::driver::sea_orm::{DbErr, RuntimeErr};

#[doc = include_str!("../shared/docs/conflict.md")]
///
/// # Examples
///
/// ```
/// let error = sea_orm::DbErr::RecordNotInserted;
/// assert!(!airlock::sea_orm::is_conflict(&error));
/// ```
pub fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    Signs { error: is_db_conflict, text: shows_sqlx_conflict }.are_in(error)
}

/// SeaORM does not name sqlx's error as a source.
fn is_db_conflict(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref().and_then(|error: &DbErr| match error {
        DbErr::Conn(error) | DbErr::Exec(error) | DbErr::Query(error) => Some(error),
        _ => None,
    });
    matches!(error, Some(RuntimeErr::SqlxError(error)) if is_sqlx_conflict(error))
}
