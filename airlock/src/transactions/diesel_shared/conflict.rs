//! Errors after which the same transaction may succeed.

use std::error::Error as StdError;

use diesel::result::{DatabaseErrorKind, Error};

use crate::transactions::shared::conflict::any_source;

#[doc = include_str!("../shared/docs/conflict.md")]
///
/// diesel has no kind for a deadlock in PostgreSQL, nor for SQLite's errors: they are recognised by their English
/// text.
///
/// # Examples
///
/// ```
/// use airlock::diesel::is_conflict;
/// use diesel::result::{DatabaseErrorKind, Error};
///
/// let said = "could not serialize access due to concurrent update".to_owned();
/// let error = Error::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(said));
/// assert!(is_conflict(&error));
/// assert!(!is_conflict(&Error::NotFound));
/// ```
pub fn is_conflict(error: &(dyn StdError + 'static)) -> bool {
    const TEXTS: [&str; 3] =
        ["deadlock detected", "database is locked", "database table is locked"];
    any_source(error, |error| match error.downcast_ref() {
        Some(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        Some(Error::DatabaseError(DatabaseErrorKind::Unknown, information)) => {
            TEXTS.iter().any(|text| information.message().starts_with(text))
        }
        _ => false,
    })
}
