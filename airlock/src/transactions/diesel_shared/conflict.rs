//! Errors after which the same transaction may succeed.

use std::error::Error as StdError;

use diesel::result::{DatabaseErrorKind, Error};

use crate::transactions::shared::conflict::Signs;

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
    Signs { error: is_diesel_conflict, text: shows_diesel_conflict }.are_in(error)
}

const TEXTS: [&str; 3] = ["deadlock detected", "database is locked", "database table is locked"];

fn is_diesel_conflict(error: &(dyn StdError + 'static)) -> bool {
    match error.downcast_ref() {
        Some(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        Some(Error::DatabaseError(DatabaseErrorKind::Unknown, information)) => {
            TEXTS.iter().any(|text| information.message().starts_with(text))
        }
        _ => false,
    }
}

/// Whether a text shows a conflict as diesel's `Debug` has it.
///
/// A quote inside a message is escaped there, so that no message passes for an error.
fn shows_diesel_conflict(text: &str) -> bool {
    let unknown = text.split("DatabaseError(Unknown, \"").skip(1);
    text.contains("DatabaseError(SerializationFailure, \"")
        || unknown.into_iter().any(|message| TEXTS.iter().any(|text| message.starts_with(text)))
}

#[cfg(test)]
mod tests {
    use super::shows_diesel_conflict;

    #[test]
    fn a_conflict_is_found_in_what_diesel_shows() {
        for conflict in [
            r#"Sql(DatabaseError(SerializationFailure, "could not serialize access"))"#,
            r#"Sql(DatabaseError(Unknown, "deadlock detected"))"#,
            r#"Sql(DatabaseError(Unknown, "database is locked"))"#,
        ] {
            assert!(shows_diesel_conflict(conflict), "{conflict}");
        }
        for other in [
            r#"Sql(DatabaseError(UniqueViolation, "database is locked"))"#,
            r#"Sql(DatabaseError(Unknown, "no such table: \"database is locked\""))"#,
            r#"Other("DatabaseError(SerializationFailure, \"x\")")"#,
        ] {
            assert!(!shows_diesel_conflict(other), "{other}");
        }
    }
}
