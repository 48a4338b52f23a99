//! Batches become jobs: in a transaction of their own, or as rows of the caller's.

use sqlx::postgres::PgConnection;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::apalis::Postgres;
use crate::engines::apalis::postgres::push;
use crate::engines::apalis::sql::{Job, jobs, keyed, note_duplicates};
use crate::engines::shared::sql;
use crate::transactions::shared::{Connection, Queue, dialect};

/// How errors name the executor.
const NAME: &str = "apalis::Postgres";

impl Executor for Postgres {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let jobs = self.jobs(batch)?;
        let sent = self.runtime.run(self.send(&jobs, batch)).await?;
        note_duplicates(batch, sent.map_err(|error| self.not_sent(&jobs, error))?);
        Ok(())
    }
}

/// The jobs are rows of the caller's transaction, whichever library it is made with.
impl<C: Connection<dialect::Postgres>> Queue<C> for Postgres {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        let jobs = self.jobs(batch)?;
        let pushed = push::push_through(connection, &jobs).await;
        note_duplicates(batch, pushed.map_err(|error| self.not_sent(&jobs, error))?);
        Ok(())
    }

    fn proves_good(&self) -> bool {
        true
    }
}

impl Postgres {
    pub(super) async fn dispatch_on(
        &self,
        connection: &mut PgConnection,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        let jobs = self.jobs(batch)?;
        let pushed = push::push(connection, &jobs).await;
        note_duplicates(batch, pushed.map_err(|error| self.not_sent(&jobs, error))?);
        Ok(())
    }

    async fn send(&self, jobs: &[Job], batch: &mut Batch) -> Result<Vec<usize>, BoxError> {
        if keyed(jobs).is_empty() && push::are_one_portion(jobs) {
            // One statement is a transaction by itself, in a third of the round trips.
            let mut connection = self.pool.acquire().await?;
            batch.sending(0..batch.len());
            return push::push(&mut connection, jobs).await;
        }
        let mut transaction = self.pool.begin().await?;
        let duplicates = push::push(&mut transaction, jobs).await?;
        batch.sending(0..batch.len());
        transaction.commit().await?;
        Ok(duplicates)
    }

    fn not_sent(&self, jobs: &[Job], error: BoxError) -> DispatchError {
        DispatchError::all(self.error(&format!("send {} to", sql::intents(jobs.len())), error))
    }

    /// The rows of a batch. An intent for which the database would refuse all of them is named before the
    /// database is asked: its error would abort the caller's transaction.
    fn jobs(&self, batch: &Batch) -> Result<Vec<Job>, DispatchError> {
        let jobs = jobs(batch, NAME, &self.worker.queue)?;
        for (index, job) in jobs.iter().enumerate() {
            let key = job.unique_key.as_deref().unwrap_or_default();
            for (what, text) in [("queue", &*job.queue), ("unique key", key)] {
                if text.contains('\0') {
                    let nul = format!(
                        "its {what} contains a NUL, which PostgreSQL can't hold: leave it out"
                    );
                    return Err(DispatchError::only(index, nul));
                }
            }
        }
        Ok(jobs)
    }
}
