//! Dead letters: jobs that were given up.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use crate::engines::graphile::Graphile;
use crate::engines::graphile::job::{MAX_ATTEMPTS, PREFIX, key, max_attempts};
use crate::envelope::{Envelope, without_expiry};
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

/// Of the served queues. `$2` is an id, or null for all.
const DEAD: &str = "
    SELECT jobs.id, identifier, payload::text, last_error, attempts,
        round(extract(epoch FROM updated_at) * 1000000)::int8 AS since
    FROM {schema}._private_jobs AS jobs JOIN {schema}._private_tasks AS tasks ON tasks.id = task_id
    WHERE is_available = false AND locked_at IS NULL
        AND identifier = ANY($1)
        AND ($2::int8 IS NULL OR jobs.id = $2)
    ORDER BY updated_at, jobs.id
    LIMIT $3";

/// Does what Graphile's `reschedule_jobs` does, and sets the unique key again.
const RETRY: &str = "
    WITH retried AS (
        UPDATE {schema}._private_jobs
        SET attempts = 0, max_attempts = $2, key = $3, run_at = now(), last_error = NULL,
            updated_at = now(), payload = coalesce($4::text::json, payload)
        WHERE id = $1 AND is_available = false AND locked_at IS NULL
        RETURNING id
    ),
    revived AS (
        DELETE FROM {schema}._private_job_retirements WHERE id IN (SELECT id FROM retried)
    )
    SELECT pg_notify('jobs:insert', json_build_object('r', random(), 'count', 1)::text)::text
    FROM retried";

const REMOVE: &str = "
    DELETE FROM {schema}._private_jobs
    WHERE id = $1 AND is_available = false AND locked_at IS NULL
        AND task_id IN (SELECT id FROM {schema}._private_tasks WHERE identifier = ANY($2))";

impl FromRow<'_, PgRow> for DeadLetter {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let identifier: String = row.try_get("identifier")?;
        let body: String = row.try_get("payload")?;
        let since: i64 = row.try_get("since")?;
        let letter = Self {
            id: row.try_get::<i64, _>("id")?.to_string(),
            queue: identifier.strip_prefix(PREFIX).unwrap_or(&identifier).to_owned(),
            task: Envelope::from_json(body.as_bytes()).ok().map(|sent| sent.task().to_owned()),
            body: body.into_bytes(),
            reason: row.try_get::<Option<String>, _>("last_error")?.unwrap_or_default(),
            attempts: row.try_get::<i16, _>("attempts")?.try_into().unwrap_or(0),
            since: time(since),
        };
        Ok(letter.plain())
    }
}

fn time(microseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(microseconds.try_into().unwrap_or(0))
}

impl Graphile {
    async fn letters(
        &self,
        id: Option<i64>,
        at_most: usize,
    ) -> Result<Vec<DeadLetter>, EngineError> {
        let letters = sqlx::query_as(self.sql(DEAD))
            .bind(self.identifiers())
            .bind(id)
            .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await;
        letters.map_err(|error| self.error("look for dead letters in", error))
    }
}

/// Those of the queues that the handle serves.
impl DeadLetters for Graphile {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        self.letters(None, at_most).await
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(self.letters(Some(id), 1).await?.pop())
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        let Ok(number) = id.parse::<i64>() else { return Ok(false) };
        let Some(letter) = self.find(id).await? else { return Ok(false) };
        let envelope = Envelope::from_json(&letter.body).ok();
        let key = envelope.as_ref().and_then(Envelope::unique_key).map(key);
        let payload = without_expiry(&letter.body).and_then(|json| String::from_utf8(json).ok());
        let retried = sqlx::query(self.sql(RETRY))
            .bind(number)
            .bind(envelope.as_ref().map_or(MAX_ATTEMPTS, max_attempts))
            .bind(key)
            .bind(payload)
            .fetch_optional(&self.pool)
            .await;
        match retried {
            Ok(row) => Ok(row.is_some()),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(self
                .error("put a dead letter back into", "another job has its unique key")
                .next_step("try again when that is done")),
            Err(error) => Err(self.error("put a dead letter back into", error)),
        }
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        let Ok(id) = id.parse::<i64>() else { return Ok(false) };
        let removed = sqlx::query(self.sql(REMOVE))
            .bind(id)
            .bind(self.identifiers())
            .execute(&self.pool)
            .await;
        let removed = removed.map_err(|error| self.error("remove a dead letter from", error))?;
        Ok(removed.rows_affected() > 0)
    }
}
