//! Graphile Worker's tables in PostgreSQL.

use airlock::graphile::Graphile;
use airlock::{Batch, BoxError, DispatchError};

use super::ask::count;
use super::{Engine, KeyScope, LOST_AFTER, QueueOrder, SELDOM, Sender, Server, Tables};

impl Sender for Graphile {
    const NAME: &'static str = "graphile";
    const SERVER: Server = Server::Postgres;

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let jobs = Self::without_tables(url, queue).await?;
        jobs.make_tables().await?;
        Ok(jobs)
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        let held = "SELECT count(*)
            FROM graphile_worker._private_jobs AS jobs
                JOIN graphile_worker._private_tasks AS tasks ON tasks.id = task_id
            WHERE identifier = $1 AND attempts < max_attempts";
        count(url, held, &format!("airlock:{queue}")).await
    }
}

impl Engine for Graphile {
    const TAKES_ANYTHING: bool = false;
    const KEY_SCOPE: KeyScope = KeyScope::AllQueues;
    const QUEUE_ORDER: QueueOrder = QueueOrder::OldestFirst;
    const NUL: &'static str = "\u{fffd}";

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    fn looking_seldom(self) -> Self {
        self.poll(SELDOM)
    }

    async fn put(&self, _: &str, queue: &str, body: &[u8]) {
        let put = "SELECT graphile_worker.add_job($1, $2::json)";
        let put = sqlx::query(put)
            .bind(format!("airlock:{queue}"))
            .bind(str::from_utf8(body).expect("JSON"));
        put.execute(self.pool()).await.expect("added");
    }
}

impl Tables for Graphile {
    async fn without_tables(url: &str, queue: &str) -> Result<Self, BoxError> {
        Ok(Self::connect(url).await?.queue(queue).lost_after(LOST_AFTER))
    }

    async fn make_tables(&self) -> Result<(), BoxError> {
        Ok(self.setup().await?)
    }

    async fn dispatch_within(&self, batch: &mut Batch, commits: bool) -> Result<(), DispatchError> {
        let mut transaction = self.pool().begin().await.map_err(DispatchError::all)?;
        let sent = self.dispatch_in(&mut transaction, batch).await;
        // One that was aborted would refuse this.
        let asked = sqlx::query("SELECT 1").execute(&mut *transaction).await;
        asked.map_err(DispatchError::all)?;
        let ended = if commits { transaction.commit().await } else { transaction.rollback().await };
        ended.map_err(DispatchError::all)?;
        sent
    }
}
