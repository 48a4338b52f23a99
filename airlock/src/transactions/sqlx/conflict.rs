//! Errors after which the same transaction may succeed.

use std::error::Error;

use crate::transactions::shared::conflict::{Signs, each_between};

use super::driver::sqlx;

#[doc = include_str!("../shared/docs/conflict.md")]
///
/// # Examples
///
/// ```
/// let error = sqlx::Error::RowNotFound;
/// assert!(!airlock::sqlx::is_conflict(&error));
/// ```
pub fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    let is_conflict =
        |error: &(dyn Error + 'static)| error.downcast_ref().is_some_and(is_sqlx_conflict);
    Signs { error: is_conflict, text: shows_sqlx_conflict }.are_in(error)
}

pub(crate) fn is_sqlx_conflict(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| is_conflict_code(&code))
}

fn is_conflict_code(code: &str) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK: &str = "40P01";
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    // SQLite's codes are numbers: the low byte is the primary code.
    [SERIALIZATION_FAILURE, DEADLOCK].contains(&code)
        || code.len() < 5
            && code.parse().is_ok_and(|code: u32| [BUSY, LOCKED].contains(&(code & 0xff)))
}

/// Whether a text shows a conflict as the drivers' `Debug` has it, with its code, or as sqlx's `Display` has it.
///
/// A quote inside a message is escaped there, so that no message passes for a code.
pub(crate) fn shows_sqlx_conflict(text: &str) -> bool {
    const SAID: &str = "error returned from database: ";
    const POSTGRES: [&str; 2] = ["could not serialize access", "deadlock detected"];
    let postgres = each_between(text, "PgDatabaseError { severity: ", '}');
    let postgres =
        postgres.filter_map(|fields| fields.split_once(", code: \"")?.1.split('"').next());
    let mysql = each_between(text, "MySqlDatabaseError { code: Some(\"", '"');
    let sqlite = each_between(text, "SqliteError { code: ", ',');
    let shown = each_between(text, "error returned from database: (code: ", ')');
    postgres.chain(mysql).chain(sqlite).chain(shown).any(is_conflict_code)
        || text.split(SAID).skip(1).any(|said| {
            let state = said.split_once(" (").and_then(|(_, rest)| rest.split_once("): "));
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            POSTGRES.iter().any(|conflict| said.starts_with(conflict))
                || said.split(' ').next().is_some_and(is_number)
                    && state.is_some_and(|(state, _)| is_conflict_code(state))
        })
}

#[cfg(test)]
mod tests {
    use super::shows_sqlx_conflict;

    #[test]
    fn a_code_is_found_in_what_the_drivers_show() {
        for conflict in [
            r#"Sql(Database(PgDatabaseError { severity: Error, code: "40001", message: "could not" }))"#,
            r#"Sql(Exec(SqlxError(Database(PgDatabaseError { severity: Error, code: "40P01", message: "x" }))))"#,
            r#"Database(MySqlDatabaseError { code: Some("40001"), number: 1213, message: "Deadlock" })"#,
            r#"Database(SqliteError { code: 517, message: "database is locked" })"#,
            "Query Error: error returned from database: (code: 5) database is locked",
            "error returned from database: could not serialize access due to concurrent update",
            "error returned from database: 1213 (40001): Deadlock found when trying to get lock",
        ] {
            assert!(shows_sqlx_conflict(conflict), "{conflict}");
        }
    }

    #[test]
    fn no_message_passes_for_a_code() {
        for other in [
            r#"Database(PgDatabaseError { severity: Error, code: "23505", message: ", code: \"40001\"" })"#,
            r#"OutOfStock("deadlock detected, code: \"40001\"")"#,
            r#"Database(SqliteError { code: 19, message: "code: 5" })"#,
            r#"Database(MySqlDatabaseError { code: Some("23000"), number: 1062, message: "40001" })"#,
            "error returned from database: 1062 (23000): Duplicate entry '(40001): ' for key",
            "error returned from database: duplicate key (40001): ",
            "deadlock detected",
        ] {
            assert!(!shows_sqlx_conflict(other), "{other}");
        }
    }
}
