//! Batches become jobs: in a transaction of their own, or as rows of the caller's.

use sqlx::Connection as _;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::apalis::Sqlite;
use crate::engines::apalis::sql::{Job, jobs, note_duplicates};
use crate::engines::apalis::sqlite::push::push;
use crate::engines::shared::sql;
use crate::transactions::shared::{Connection, Queue, dialect};
use crate::transactions::sqlx::clean_connection;

/// How errors name the executor.
const NAME: &str = "apalis::Sqlite";

impl Executor for Sqlite {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let jobs = jobs(batch, NAME, &self.worker.queue)?;
        let sent = async {
            // A transaction that begins as a reader fails where another one has written meanwhile.
            let mut connection = clean_connection::acquire(&self.pool).await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let duplicates = push(&mut *transaction, &jobs).await?;
            batch.sending(0..batch.len());
            transaction.commit().await?;
            Ok::<_, BoxError>(duplicates)
        };
        let sent = self.runtime.run(sent).await?;
        note_duplicates(batch, sent.map_err(|error| self.not_sent(&jobs, error))?);
        self.wake();
        Ok(())
    }
}

/// The jobs are rows of the caller's transaction, whichever library it is made with.
impl<C: Connection<dialect::Sqlite>> Queue<C> for Sqlite {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        self.dispatch_through(connection, batch).await
    }

    fn committed(&self) {
        self.wake();
    }

    fn proves_good(&self) -> bool {
        true
    }
}

impl Sqlite {
    /// Sends a batch through the connection of any library.
    pub(super) async fn dispatch_through(
        &self,
        connection: &mut impl Connection<dialect::Sqlite>,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        let jobs = jobs(batch, NAME, &self.worker.queue)?;
        let pushed = push(connection, &jobs).await;
        note_duplicates(batch, pushed.map_err(|error| self.not_sent(&jobs, error))?);
        Ok(())
    }

    fn not_sent(&self, jobs: &[Job], error: BoxError) -> DispatchError {
        DispatchError::all(self.error(&format!("send {} to", sql::intents(jobs.len())), error))
    }
}
