//! What sqlx 0.8 has in its own way.

use std::borrow::Cow;

use super::sqlx::{Backend, Database};

pub(super) use super::sqlite::file;
pub(super) use ::sqlx_08 as sqlx;
pub(super) use ::sqlx_08::TransactionManager;
pub(super) use ::sqlx_08::pool::MaybePoolConnection;

pub(super) type Statement = Cow<'static, str>;

pub(super) fn statement(text: &'static str) -> Statement {
    text.into()
}

impl<DB: Backend> Database<DB> {
    #[doc = include_str!("../shared/docs/begin_with.md")]
    #[must_use]
    pub fn begin_with(mut self, statement: impl Into<Cow<'static, str>>) -> Self {
        self.begin = Some(statement.into());
        self
    }
}
