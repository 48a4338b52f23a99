//! apalis' tables in a SQLite file.

use airlock::apalis::Sqlite;
use airlock::{Batch, BoxError, DispatchError};

use super::{Engine, LOST_AFTER, SELDOM, Sender, Server, Tables};

impl Sender for Sqlite {
    const NAME: &'static str = "apalis-sqlite";
    const SERVER: Server = Server::File;

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let jobs = Self::without_tables(url, queue).await?;
        jobs.make_tables().await?;
        Ok(jobs)
    }

    async fn held(&self, _: &str, queue: &str) -> usize {
        let held = "SELECT count(*) FROM Jobs
            WHERE job_type = ? AND status NOT IN ('Done', 'Killed')";
        let held: i64 =
            sqlx::query_scalar(held).bind(queue).fetch_one(self.pool()).await.expect("a count");
        usize::try_from(held).expect("a count")
    }
}

impl Engine for Sqlite {
    const NUL: &'static str = "\u{fffd}";

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    fn looking_seldom(self) -> Self {
        self.poll(SELDOM)
    }

    async fn put(&self, _: &str, queue: &str, body: &[u8]) {
        let put = "INSERT INTO Jobs (id, job_type, job) VALUES (hex(randomblob(13)), ?, ?)";
        sqlx::query(put).bind(queue).bind(body).execute(self.pool()).await.expect("a row");
    }
}

impl Tables for Sqlite {
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
        self.wake();
        sent
    }
}
