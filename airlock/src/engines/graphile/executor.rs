//! Batches become jobs: in a transaction of their own, or as rows of the caller's.

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::graphile::Graphile;
use crate::engines::graphile::insert::{Insert, InsertThrough};
use crate::engines::graphile::job::{Job, jobs, note_duplicates};
use crate::engines::shared::postgres::Conflicts;
use crate::engines::shared::postgres::undivided;
use crate::engines::shared::sql;
use crate::transactions::shared::{Connection, Queue, dialect};
use crate::worker::engine_error::EngineError;

impl Executor for Graphile {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let jobs = jobs(batch, &self.worker.queue)?;
        let held = self.runtime.run(self.send(&jobs, batch)).await??;
        note_duplicates(batch, &jobs, &held);
        Ok(())
    }
}

/// The jobs are rows of the caller's transaction, whichever library it is made with.
impl<C: Connection<dialect::Postgres>> Queue<C> for Graphile {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        self.dispatch_on(&mut InsertThrough(connection), batch).await
    }

    fn proves_good(&self) -> bool {
        true
    }
}

impl Graphile {
    pub(super) async fn dispatch_on(
        &self,
        connection: &mut impl Insert,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        let jobs = jobs(batch, &self.worker.queue)?;
        let pushed = self.push(connection, &jobs).await;
        let held = pushed.map_err(|error| DispatchError::all(self.not_sent(&jobs, error)))?;
        note_duplicates(batch, &jobs, &held);
        Ok(())
    }

    /// Sends jobs in a transaction of their own; the unique keys that other jobs hold.
    async fn send(&self, jobs: &[Job], batch: &mut Batch) -> Result<Vec<String>, DispatchError> {
        let mut conflicts = Conflicts::default();
        loop {
            match self.try_send(jobs, batch).await {
                Err(error) if conflicts.again(&error).await => {}
                sent => return sent.map_err(DispatchError::all),
            }
        }
    }

    async fn try_send(&self, jobs: &[Job], batch: &mut Batch) -> Result<Vec<String>, EngineError> {
        let begun = undivided::begin(&self.pool).await;
        let mut transaction = begun.map_err(|error| self.not_sent(jobs, error))?;
        let pushed = self.push(&mut *transaction, jobs).await;
        let held = pushed.map_err(|error| self.not_sent(jobs, error))?;
        batch.sending(0..batch.len());
        transaction.commit().await.map_err(|error| {
            self.error(&format!("tell whether {} arrived at", sql::intents(jobs.len())), error)
        })?;
        Ok(held)
    }

    fn not_sent(&self, jobs: &[Job], error: impl Into<BoxError>) -> EngineError {
        self.error(&format!("send {} to", sql::intents(jobs.len())), error)
    }
}
