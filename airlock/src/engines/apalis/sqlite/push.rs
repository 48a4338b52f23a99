//! From a batch into the table of jobs.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::core::task::called::BoxError;
use crate::engines::apalis::sql::{Job, keyed, positions};
use crate::engines::shared::sql::chunks;
use crate::transactions::shared::{Connection, dialect};

/// One statement for many jobs. apalis' own `push_tasks` runs one for each, and doesn't return which were
/// duplicates. The parameter is the jobs as JSON, because SQLite has no other lists.
const PUSH: &str = "
    INSERT INTO Jobs
        (id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key)
    SELECT
        value ->> 0, value ->> 1, CAST(value ->> 2 AS BLOB), 'Pending', 0, value ->> 3,
        coalesce(value ->> 4, unixepoch()), value ->> 5, value ->> 6
    FROM json_each(?1)
    WHERE true
    ON CONFLICT (job_type, idempotency_key) DO NOTHING";

const DUPLICATES: &str = "
    SELECT CAST(key AS TEXT) AS held, NULL AS missing
    FROM json_each(?1)
    WHERE value ->> 0 NOT IN (SELECT id FROM Jobs)
    ORDER BY key";

/// apalis keeps the unique key of a job that has ended, so no other job could ever have it. The next flush
/// that needs the key releases it, which also works where apalis' own workers ran the job.
///
/// The pluses make SQLite find jobs by their keys, and not look through all that are done.
const RELEASE: &str = "
    UPDATE Jobs SET idempotency_key = NULL
    FROM (SELECT value ->> 0 AS queue, value ->> 1 AS key FROM json_each(?1)) AS asked
    WHERE job_type = asked.queue
        AND idempotency_key = asked.key
        AND (+status IN ('Done', 'Killed') OR (+status = 'Failed' AND attempts >= max_attempts))";

/// Inserts the jobs; the indices of the duplicates.
pub(super) async fn push(
    connection: &mut impl Connection<dialect::Sqlite>,
    jobs: &[Job],
) -> Result<Vec<usize>, BoxError> {
    let keyed = keyed(jobs);
    if !keyed.is_empty() {
        release(connection, &keyed).await?;
    }
    let mut duplicates = Vec::new();
    let mut before = 0;
    for chunk in chunks(jobs, |job| job.body.len()) {
        let rows = serde_json::to_string(&chunk.iter().map(row).collect::<Vec<_>>())?;
        connection.query(PUSH, &rows).await?;
        if !keyed.is_empty() {
            duplicates.extend(positions(connection.query(DUPLICATES, &rows).await?, before));
        }
        before += chunk.len();
    }
    Ok(duplicates)
}

/// Releases the unique keys of jobs that have ended, each with its queue.
pub(super) async fn release(
    connection: &mut impl Connection<dialect::Sqlite>,
    asked: &[(&str, &str)],
) -> Result<(), BoxError> {
    connection.query(RELEASE, &serde_json::to_string(asked)?).await.map(drop)
}

type Row<'a> = (&'a str, &'a str, &'a str, i32, Option<u64>, i32, Option<&'a str>);

fn row(job: &Job) -> Row<'_> {
    let body = std::str::from_utf8(&job.body).unwrap_or_default();
    let key = job.unique_key.as_deref();
    (&job.id, &job.queue, body, job.max_attempts, job.at.map(seconds), job.priority, key)
}

/// apalis counts in whole seconds; rounded up, so that nothing runs early.
pub(super) fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() + u64::from(since.subsec_nanos() > 0)
}
