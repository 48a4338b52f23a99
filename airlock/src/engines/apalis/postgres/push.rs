//! From a batch into the table of jobs.
//!
//! Longer than other files, because the statements stand beside the columns that they are bound to.

use std::time::UNIX_EPOCH;

use serde::Serialize;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::core::task::called::BoxError;
use crate::engines::apalis::sql::{Job, keyed, positions};
use crate::engines::shared::postgres::{column, now};
use crate::engines::shared::sql::chunks;
use crate::transactions::shared::{Connection, dialect};

/// apalis' own `push_tasks` differs in four ways.
///
/// - A duplicate key is an error there, which aborts the transaction.
/// - Its jobs are due at whole seconds, and jobs of one second come in any order. Here each is due a
///   microsecond after the one before, which is sooner than PostgreSQL inserts them; so are those of one
///   later time, which apalis' function would choose from in any order.
/// - It notifies once for each job; here once for each queue.
/// - One statement takes the jobs of all queues.
///
/// The result is the positions of the duplicates.
const PUSH: &str = "
    WITH rows AS MATERIALIZED (
        SELECT *, coalesce(
            'epoch'::timestamptz + at * interval '1 microsecond',
            statement_timestamp() + place * interval '1 microsecond'
        ) AS run_at
        FROM {given}
    ),
    inserted AS (
        INSERT INTO apalis.jobs (
            id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key
        )
        SELECT id, queue, job, 'Pending', 0, max_attempts, run_at, priority, unique_key
        FROM rows
        ON CONFLICT (job_type, idempotency_key) DO NOTHING
        RETURNING id, job_type, run_at
    ),
    told AS MATERIALIZED (
        SELECT pg_notify(
            'apalis::job::insert',
            json_build_object('job_type', job_type, 'id', min(id), 'run_at', min(run_at))::text
        )
        FROM inserted
        GROUP BY job_type
        HAVING min(run_at) < statement_timestamp() + interval '1 second'
    )
    SELECT place::text AS held, NULL AS missing
    FROM rows WHERE NOT EXISTS (SELECT FROM inserted WHERE inserted.id = rows.id)
    UNION ALL
    SELECT NULL, NULL FROM told";

/// Jobs column by column, which is the fastest.
const COLUMNS: &str = "
    unnest(
        $1::int8[],
        $2::text[], $3::text[], $4::bytea[], $5::int4[], $6::int8[], $7::int4[], $8::text[]
    ) AS given (place, id, queue, job, max_attempts, at, priority, unique_key)";

/// Jobs in one text, which every library can send.
const JSON: &str = "(
        SELECT
            place, id, queue, convert_to(job, 'UTF8') AS job, max_attempts, at, priority, unique_key
        FROM json_to_recordset($1::json) AS given (
            place int8,
            id text, queue text, job text, max_attempts int4, at int8, priority int4, unique_key text
        )
    ) AS given";

/// apalis keeps the unique key of a job that has ended, so no other job could ever have it. The next flush
/// that needs the key releases it, which also works where apalis' own workers ran the job.
///
/// The jobs are locked in order, because another flush may be releasing the same keys.
const RELEASE: &str = "
    WITH ended AS MATERIALIZED (
        SELECT id FROM apalis.jobs
        WHERE (job_type, idempotency_key) IN (
                SELECT asked ->> 0, asked ->> 1 FROM json_array_elements($1::json) AS asked
            )
            AND (status IN ('Done', 'Killed') OR (status = 'Failed' AND attempts >= max_attempts))
        ORDER BY job_type, idempotency_key
        FOR UPDATE
    )
    UPDATE apalis.jobs SET idempotency_key = NULL FROM ended WHERE jobs.id = ended.id";

/// Inserts the jobs through a connection of sqlx; the indices of the duplicates.
pub(super) async fn push(
    connection: &mut PgConnection,
    jobs: &[Job],
) -> Result<Vec<usize>, BoxError> {
    let statement = PUSH.replace("{given}", COLUMNS);
    let mut duplicates = Vec::new();
    let positioned = positioned(connection, jobs).await?;
    for rows in portions(&positioned) {
        let push = sqlx::query_as(AssertSqlSafe(&*statement))
            .bind(column(rows, |row| row.place))
            .bind(column(rows, |row| &*row.job.id))
            .bind(column(rows, |row| &*row.job.queue))
            .bind(column(rows, |row| &*row.job.body))
            .bind(column(rows, |row| row.job.max_attempts))
            .bind(column(rows, |row| row.at))
            .bind(column(rows, |row| row.job.priority))
            .bind(column(rows, |row| row.job.unique_key.as_deref()));
        duplicates.extend(positions(push.fetch_all(&mut *connection).await?, 0));
    }
    Ok(duplicates)
}

/// Inserts the jobs through the connection of any library; the indices of the duplicates.
pub(super) async fn push_through(
    connection: &mut impl Connection<dialect::Postgres>,
    jobs: &[Job],
) -> Result<Vec<usize>, BoxError> {
    let statement = PUSH.replace("{given}", JSON);
    let mut duplicates = Vec::new();
    let positioned = positioned(connection, jobs).await?;
    for rows in portions(&positioned) {
        let rows = serde_json::to_string(&rows.iter().map(row).collect::<Vec<_>>())?;
        duplicates.extend(positions(connection.query(&statement, &rows).await?, 0));
    }
    Ok(duplicates)
}

/// A job with its position in the batch, and when it is due where that is known, in microseconds since
/// the epoch.
struct Positioned<'a> {
    place: i64,
    job: &'a Job,
    at: Option<i64>,
}

/// The portions that one statement each inserts.
fn portions<'a, 'b>(
    positioned: &'b [Positioned<'a>],
) -> impl Iterator<Item = &'b [Positioned<'a>]> {
    chunks(positioned, |row| row.job.body.len())
}

/// Whether one statement inserts all of these.
pub(super) fn are_one_portion(jobs: &[Job]) -> bool {
    chunks(jobs, |job| job.body.len()).nth(1).is_none()
}

/// The jobs as they are inserted. Before that, the unique keys that they need are released, unless a job that
/// has not ended holds them.
async fn positioned<'a>(
    connection: &mut impl Connection<dialect::Postgres>,
    jobs: &'a [Job],
) -> Result<Vec<Positioned<'a>>, BoxError> {
    let keyed = keyed(jobs);
    if !keyed.is_empty() {
        release(connection, &keyed).await?;
    }
    // Each statement has a time of its own, and the jobs of all of them have one order.
    let from = if are_one_portion(jobs) { None } else { Some(now(connection).await?) };
    let mut positioned: Vec<_> = (0..)
        .zip(jobs)
        .map(|(place, job)| {
            let at = microseconds(job).or(from).map(|at| at.saturating_add(place));
            Positioned { place, job, at }
        })
        .collect();
    if !keyed.is_empty() {
        // Two flushes that share keys wait for one another, and don't deadlock.
        positioned.sort_by_key(|row| (&row.job.queue, &row.job.unique_key));
    }
    Ok(positioned)
}

/// Releases the unique keys of jobs that have ended, each with its queue.
pub(super) async fn release(
    connection: &mut impl Connection<dialect::Postgres>,
    asked: &[(&str, &str)],
) -> Result<(), BoxError> {
    connection.query(RELEASE, &serde_json::to_string(asked)?).await.map(drop)
}

/// A row of [`JSON`].
#[derive(Serialize)]
struct Row<'a> {
    place: i64,
    id: &'a str,
    queue: &'a str,
    job: &'a str,
    max_attempts: i32,
    at: Option<i64>,
    priority: i32,
    unique_key: Option<&'a str>,
}

fn row<'a>(Positioned { place, job, at }: &Positioned<'a>) -> Row<'a> {
    Row {
        place: *place,
        id: &job.id,
        queue: &job.queue,
        job: std::str::from_utf8(&job.body).unwrap_or_default(),
        max_attempts: job.max_attempts,
        at: *at,
        priority: job.priority,
        unique_key: job.unique_key.as_deref(),
    }
}

/// When a job is due, since the epoch; rounded up, so that nothing runs early.
fn microseconds(job: &Job) -> Option<i64> {
    let since = job.at?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(i64::try_from(since.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX))
}
