//! The queues that can be in the shop's database.

use std::time::Duration;

use airlock::graphile::Graphile;
use airlock::worker::{DeadLetter, DeadLetters, Served, Worker, WorkerError};
use airlock::{Batch, BoxError, DispatchError, EngineError, Executor, apalis};

/// The name of the queue.
pub(super) const QUEUE: &str = "shop";

/// More than anybody reads.
const AT_MOST: usize = 1_000;

/// One of them.
#[derive(Clone)]
pub(crate) enum Jobs {
    Sqlite(apalis::Sqlite),
    Postgres(apalis::Postgres),
    Graphile(Graphile),
}

impl Jobs {
    /// Makes the queue's tables.
    pub(super) async fn set_up(&self) -> Result<(), BoxError> {
        match self {
            Self::Sqlite(jobs) => jobs.setup().await?,
            Self::Postgres(jobs) => jobs.setup().await?,
            Self::Graphile(jobs) => jobs.setup().await?,
        }
        Ok(())
    }

    /// Serves the queue until it is told to stop.
    pub(crate) async fn serve(
        &self,
        worker: &Worker,
        lost_after: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<Served, WorkerError> {
        match self.clone() {
            Self::Sqlite(jobs) => worker.run(jobs.lost_after(lost_after), stop).await,
            Self::Postgres(jobs) => worker.run(jobs.lost_after(lost_after), stop).await,
            Self::Graphile(jobs) => worker.run(jobs.lost_after(lost_after), stop).await,
        }
    }

    pub(super) async fn dead_letters(&self) -> Result<Vec<DeadLetter>, EngineError> {
        match self {
            Self::Sqlite(jobs) => jobs.list(AT_MOST).await,
            Self::Postgres(jobs) => jobs.list(AT_MOST).await,
            Self::Graphile(jobs) => jobs.list(AT_MOST).await,
        }
    }
}

/// For what is enqueued outside a transaction.
impl Executor for Jobs {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        match self {
            Self::Sqlite(jobs) => jobs.dispatch(batch).await,
            Self::Postgres(jobs) => jobs.dispatch(batch).await,
            Self::Graphile(jobs) => jobs.dispatch(batch).await,
        }
    }
}
