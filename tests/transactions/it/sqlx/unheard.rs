//! A transaction that is committed, of which nobody hears: what a real database can't be made to do at will.

use std::sync::Arc;

use airlock::BoxError;
use airlock::transaction::{Begun, CommitError};
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::Notify;

use super::shop::Shop;

pub(crate) struct Unheard<'c> {
    transaction: sqlx::Transaction<'c, Sqlite>,
    answer: Answer,
}

/// What becomes of the answer to the commit.
pub(crate) enum Answer {
    /// The line was cut.
    Lost,
    /// It never comes; this is told when the commit is there.
    Late(Arc<Notify>),
}

impl Unheard<'static> {
    pub(crate) async fn of(shop: &Shop, answer: Answer) -> Self {
        Self { transaction: shop.pool.begin().await.expect("begun"), answer }
    }
}

impl Begun for Unheard<'_> {
    type Connection = SqliteConnection;

    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    fn place(&self) -> String {
        "far away".to_owned()
    }

    fn is_nested(&mut self) -> bool {
        false
    }

    async fn check(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    async fn commit(self) -> Result<(), CommitError> {
        self.transaction.commit().await.expect("committed");
        match self.answer {
            Answer::Lost => Err(CommitError::unknown("the line was cut")),
            Answer::Late(committed) => {
                committed.notify_one();
                std::future::pending().await
            }
        }
    }

    async fn rollback(self) -> Result<(), BoxError> {
        Ok(self.transaction.rollback().await?)
    }
}
