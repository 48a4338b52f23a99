//! From a batch into the table of jobs.

use std::time::UNIX_EPOCH;

use sqlx::postgres::PgConnection;

use crate::apalis::sql::{Job, chunks, column, keyed};

/// apalis' own `push_tasks` differs in four ways.
///
/// - A duplicate key is an error there, which aborts the transaction.
/// - Its jobs are due at whole seconds, and jobs of one second come in any order. Here each is due a
///   microsecond after the one before, which is sooner than PostgreSQL inserts them.
/// - It notifies once for each job; here a queue's workers are told once.
/// - One statement takes the jobs of all queues.
///
/// The result is the places of the jobs that were left out.
const PUSH: &str = "
    WITH rows AS MATERIALIZED (
        SELECT *, coalesce(
            'epoch'::timestamptz + at * interval '1 microsecond',
            statement_timestamp() + place * interval '1 microsecond'
        ) AS run_at
        FROM unnest(
            $1::int8[],
            $2::text[], $3::text[], $4::bytea[], $5::int4[], $6::int8[], $7::int4[], $8::text[]
        ) AS given (place, id, queue, job, max_attempts, at, priority, unique_key)
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
    SELECT place FROM rows WHERE NOT EXISTS (SELECT FROM inserted WHERE inserted.id = rows.id)
    UNION ALL
    SELECT NULL FROM told";

/// apalis keeps the key of a job that has ended, so that nobody could ever take it again. It is set
/// free by whoever asks for it next, which also works where apalis' own workers ran the job.
const RELEASE: &str = "
    UPDATE apalis.jobs SET idempotency_key = NULL
    WHERE (job_type, idempotency_key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        AND (status IN ('Done', 'Killed') OR (status = 'Failed' AND attempts >= max_attempts))";

/// Inserts the jobs; the indices of those that were left out because of their unique key.
pub(super) async fn push(
    connection: &mut PgConnection,
    jobs: &[Job],
) -> Result<Vec<usize>, sqlx::Error> {
    let keyed = keyed(jobs);
    if !keyed.is_empty() {
        release(connection, &keyed).await?;
    }
    let mut left_out = Vec::new();
    let mut before = 0;
    for chunk in chunks(jobs) {
        let mut rows: Vec<_> = (0_i64..).zip(chunk).collect();
        if !keyed.is_empty() {
            // Two flushes that share keys wait for one another, instead of being deadlocked.
            rows.sort_by_key(|(_, job)| (&job.queue, &job.unique_key));
        }
        let places: Vec<Option<i64>> = sqlx::query_scalar(PUSH)
            .bind(column(&rows, |(place, _)| *place))
            .bind(column(&rows, |(_, job)| &*job.id))
            .bind(column(&rows, |(_, job)| &*job.queue))
            .bind(column(&rows, |(_, job)| &*job.body))
            .bind(column(&rows, |(_, job)| job.max_attempts))
            .bind(column(&rows, |(_, job)| microseconds(job)))
            .bind(column(&rows, |(_, job)| job.priority))
            .bind(column(&rows, |(_, job)| job.unique_key.as_deref()))
            .fetch_all(&mut *connection)
            .await?;
        let places = places.into_iter().flatten().filter_map(|place| usize::try_from(place).ok());
        left_out.extend(places.map(|place| before + place));
        before += chunk.len();
    }
    Ok(left_out)
}

/// Sets the keys of ended jobs free, each with its queue.
pub(super) async fn release(
    connection: &mut PgConnection,
    asked: &[(&str, &str)],
) -> Result<(), sqlx::Error> {
    let (queues, keys): (Vec<_>, Vec<_>) = asked.iter().copied().unzip();
    sqlx::query(RELEASE).bind(queues).bind(keys).execute(connection).await?;
    Ok(())
}

/// When a job is due, since the epoch; rounded up, so that nothing runs early.
fn microseconds(job: &Job) -> Option<i64> {
    let since = job.at?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(i64::try_from(since.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX))
}
