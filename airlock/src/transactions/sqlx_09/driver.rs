//! What sqlx 0.9 has in its own way.

use std::any::Any;
use std::path::Path;

pub(super) use ::{sqlx, sqlx_core};
pub(super) use ::sqlx::{SqlSafeStr as IntoStatement, SqlStr as Statement};

pub(super) fn statement(statement: impl IntoStatement) -> Statement {
    statement.into_sql_str()
}

/// The file that SQLite's options name.
#[cfg_attr(not(feature = "apalis-sqlite"), expect(unused_variables, reason = "there is no SQLite"))]
pub(super) fn file(options: &dyn Any) -> Option<&Path> {
    #[cfg(feature = "apalis-sqlite")]
    if let Some(options) = options.downcast_ref::<::sqlx::sqlite::SqliteConnectOptions>() {
        return Some(options.get_filename());
    }
    None
}
