//! Errors after which the same transaction may succeed.

use std::error::Error;

use crate::transactions::shared::conflict::any_source;

#[doc = include_str!("../shared/docs/conflict.md")]
///
/// # Examples
///
/// ```
/// let error = sqlx::Error::RowNotFound;
/// assert!(!airlock::sqlx::is_conflict(&error));
/// ```
pub fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    any_source(error, |error| error.downcast_ref().is_some_and(is_sqlx_conflict))
}

pub(crate) fn is_sqlx_conflict(error: &sqlx::Error) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK: &str = "40P01";
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else {
        return false;
    };
    // SQLite's codes are numbers: the low byte is the primary code.
    [SERIALIZATION_FAILURE, DEADLOCK].contains(&&*code)
        || code.len() < 5
            && code.parse().is_ok_and(|code: u32| [BUSY, LOCKED].contains(&(code & 0xff)))
}
