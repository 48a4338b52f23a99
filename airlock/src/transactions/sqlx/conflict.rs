//! Errors after which the same transaction may well succeed.

use std::error::Error;

use crate::transactions::shared::retry::any_source;

/// Whether an error, or one that it came from, says that transactions were in each other's way, and
/// that the same one may succeed if it is run again.
///
/// PostgreSQL and MySQL call it a serialization failure or a deadlock, SQLite a database that is busy
/// or locked.
///
/// # Examples
///
/// ```
/// let error = sqlx::Error::RowNotFound;
/// assert!(!airlock::sqlx::is_conflict(&error));
/// ```
pub fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    any_source(error, |error| error.downcast_ref().is_some_and(conflicts))
}

pub(crate) fn conflicts(error: &sqlx::Error) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK: &str = "40P01";
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else {
        return false;
    };
    // SQLite's codes are numbers, of which the low byte is what they have in common.
    [SERIALIZATION_FAILURE, DEADLOCK].contains(&&*code)
        || code.len() < 5
            && code.parse().is_ok_and(|code: u32| [BUSY, LOCKED].contains(&(code & 0xff)))
}
