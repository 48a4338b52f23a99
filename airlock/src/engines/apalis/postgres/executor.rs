//! Batches become jobs: in a transaction of their own, or as rows of the caller's.

use sqlx::postgres::PgConnection;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::apalis::Postgres;
use crate::engines::apalis::postgres::push;
use crate::engines::apalis::sql::{Job, jobs, keyed, note_duplicates};
use crate::engines::shared::postgres::Conflicts;
use crate::engines::shared::postgres::undivided;
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
        let mut conflicts = Conflicts::default();
        loop {
            match self.try_send(jobs, batch).await {
                Err(error) if conflicts.again(&*error).await => {}
                sent => return sent,
            }
        }
    }

    async fn try_send(&self, jobs: &[Job], batch: &mut Batch) -> Result<Vec<usize>, BoxError> {
        if keyed(jobs).is_empty() && push::are_one_portion(jobs) {
            // One statement is a transaction by itself, in a third of the round trips.
            let mut connection = self.pool.acquire().await?;
            batch.sending(0..batch.len());
            return push::push(&mut connection, jobs).await;
        }
        let mut transaction = undivided::begin(&self.pool).await?;
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
            check_lengths(&job.queue, key).map_err(|error| DispatchError::only(index, error))?;
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

/// Checks what PostgreSQL would refuse the whole batch for: an index takes rows of a third of a page, which the queue and
/// the unique key share, and a notification 8,000 bytes, in which the queue's name is escaped.
fn check_lengths(queue: &str, key: &str) -> Result<(), String> {
    const QUEUE: usize = 1_024;
    const BOTH: usize = 2_600;
    let (queue, both) = (queue.len(), queue.len() + key.len());
    if queue > QUEUE {
        return Err(format!(
            "its queue's name is {queue} bytes long, and PostgreSQL notifies workers of at most {QUEUE}: shorten it"
        ));
    }
    if both > BOTH {
        return Err(format!(
            "its unique key is {} bytes long, and PostgreSQL's index takes {} beside the queue's name: shorten it, or \
             use a digest",
            key.len(),
            BOTH - queue
        ));
    }
    Ok(())
}
