//! apalis' tables in PostgreSQL.

use airlock::apalis::Postgres;
use airlock::{Batch, BoxError, DispatchError};

use super::ask::count;
use super::{Engine, LOST_AFTER, SELDOM, Sender, Server, Tables};

impl Sender for Postgres {
    const NAME: &'static str = "apalis-postgres";
    const SERVER: Server = Server::Postgres;
    const SAYS_WHEN_UNSURE: bool = false;

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let jobs = Self::without_tables(url, queue).await?;
        jobs.make_tables().await?;
        Ok(jobs)
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        let held = "SELECT count(*) FROM apalis.jobs
            WHERE job_type = $1 AND status NOT IN ('Done', 'Killed')";
        count(url, held, queue).await
    }
}

impl Engine for Postgres {
    const NUL: &'static str = "\u{fffd}";

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    fn looking_seldom(self) -> Self {
        self.poll(SELDOM)
    }

    async fn put(&self, _: &str, queue: &str, body: &[u8]) {
        let put = "INSERT INTO apalis.jobs (id, job_type, job, run_at)
            VALUES (upper(substr(md5(random()::text), 1, 26)), $1, $2, now())";
        sqlx::query(put).bind(queue).bind(body).execute(self.pool()).await.expect("a row");
    }
}

impl Tables for Postgres {
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
