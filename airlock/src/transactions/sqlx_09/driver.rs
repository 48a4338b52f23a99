//! What sqlx 0.9 has in its own way.

use std::any::Any;
use std::path::Path;

use ::sqlx::{SqlSafeStr, SqlStr};

use super::sqlx::{Backend, Database};

pub(super) use ::sqlx;
pub(super) use ::sqlx_core::pool::MaybePoolConnection;
pub(super) use ::sqlx_core::transaction::TransactionManager;

pub(super) type Statement = SqlStr;

pub(super) fn statement(text: &'static str) -> Statement {
    text.into_sql_str()
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

impl<DB: Backend> Database<DB> {
    #[doc = include_str!("../shared/docs/begin_with.md")]
    #[must_use]
    pub fn begin_with(mut self, statement: impl SqlSafeStr) -> Self {
        self.begin = Some(statement.into_sql_str());
        self
    }
}
