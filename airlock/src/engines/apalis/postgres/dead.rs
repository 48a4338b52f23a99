//! Dead letters: jobs that were given up.

use crate::core::task::called::BoxError;
use crate::engines::apalis::Postgres;
use crate::engines::apalis::postgres::push;
use crate::engines::apalis::sql::{LetterRow, letter, retried, unique_key};
use crate::engines::shared::postgres::undivided;
use crate::envelope::without_expiry;
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

/// Given up by a worker of ours, or by one of apalis' own.
const LETTERS: &str = "
    SELECT
        id, job_type, job, last_result::text, attempts::int8,
        floor(extract(epoch FROM coalesce(done_at, run_at)))::int8
    FROM apalis.jobs
    WHERE job_type = ANY($1)
        AND (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))
        AND id = coalesce($2, id)
    ORDER BY done_at, id
    LIMIT $3";

const RETRY: &str = "
    UPDATE apalis.jobs SET
        status = 'Pending', attempts = 0, run_at = now(), last_result = NULL,
        lock_by = NULL, lock_at = NULL, done_at = NULL, idempotency_key = $2,
        job = coalesce($3, job)
    WHERE id = $1 AND status IN ('Killed', 'Failed')";

const REMOVE: &str = "
    DELETE FROM apalis.jobs
    WHERE job_type = ANY($1)
        AND (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))
        AND id = $2";

impl DeadLetters for Postgres {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        self.letters(None, at_most).await
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        Ok(self.letters(Some(id), 1).await?.pop())
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        let Some(letter) = self.find(id).await? else { return Ok(false) };
        let key = unique_key(&letter);
        let retry = async {
            let mut transaction = undivided::begin(&self.pool).await?;
            if let Some(key) = &key {
                push::release(&mut *transaction, &[(&letter.queue, key)]).await?;
            }
            let retry = sqlx::query(RETRY).bind(id).bind(&key).bind(without_expiry(&letter.body));
            let put_back = retry.execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok::<_, BoxError>(put_back.rows_affected() > 0)
        };
        let failed = |error| self.error("put a dead letter back into", error);
        let was_there = retried(retry.await, &letter, failed)?;
        self.wakeup.notify();
        Ok(was_there)
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        let removed =
            sqlx::query(REMOVE).bind(self.worker.queues()).bind(id).execute(&self.pool).await;
        let removed = removed.map_err(|error| self.error("remove a dead letter from", error))?;
        Ok(removed.rows_affected() > 0)
    }
}

impl Postgres {
    async fn letters(
        &self,
        id: Option<&str>,
        at_most: usize,
    ) -> Result<Vec<DeadLetter>, EngineError> {
        let rows = sqlx::query_as(LETTERS)
            .bind(self.worker.queues())
            .bind(id)
            .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await;
        let rows: Vec<LetterRow> =
            rows.map_err(|error| self.error("read dead letters of", error))?;
        Ok(rows.into_iter().map(letter).collect())
    }
}
