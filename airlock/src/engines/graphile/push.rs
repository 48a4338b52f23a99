//! From a batch into the table of jobs.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;
use sqlx::postgres::PgConnection;

use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;
use crate::engines::graphile::{Graphile, NAME, PREFIX, identifier};
use crate::engines::shared::sql::{self, chunks, column};
use crate::envelope::{self, Envelope};
use crate::transactions::shared::{Connection, Row, dialect};

const HONOURED: &[&str] =
    &["queue", "delay", "at", "expires", "priority", "max_attempts", "unique_key"];

/// Graphile's `add_jobs` differs in five ways.
///
/// - A job whose key is taken replaces the one that has it, also while that is running.
/// - Jobs of one batch are due at the same moment and come in any order. Here each is due a microsecond
///   after the one before, which is sooner than PostgreSQL inserts them.
/// - It returns every row.
/// - The crate reads payloads into JSON values first, which rounds numbers of more than 64 bits, and
///   writes its own trace into them.
/// - It goes through keys one by one. Here they are inserted in order, so that two flushes that share
///   some wait for one another instead of being deadlocked. Where there are more than one statement
///   takes, they go in order through all of them, and the jobs are due by the time of the first. The same
///   holds of new tasks, which are [registered](REGISTER) before the first of several statements.
///
/// As there, the statement writes to the table of tasks also when it inserts nothing: that is what keeps
/// Graphile's clean-up from removing a task that a job is just being inserted for. A task that another
/// transaction is registering in the same moment is returned as missing.
const PUSH: &str = r#"
    WITH given AS MATERIALIZED (
        SELECT * FROM {given}
    ),
    known AS MATERIALIZED (
        SELECT id, identifier FROM {schema}._private_tasks
        WHERE identifier IN (SELECT identifier FROM given)
    ),
    made AS (
        INSERT INTO {schema}._private_tasks (identifier)
        SELECT identifier FROM given
        WHERE identifier NOT IN (SELECT identifier FROM known)
        GROUP BY identifier
        ORDER BY identifier
        ON CONFLICT DO NOTHING
        RETURNING id, identifier
    ),
    task AS MATERIALIZED (
        SELECT id, identifier FROM known UNION ALL SELECT id, identifier FROM made
    ),
    inserted AS (
        INSERT INTO {schema}._private_jobs (
            task_id, payload, run_at, priority, max_attempts, key
        )
        SELECT
            task.id,
            payload::json,
            {now} + (wait + place) * interval '1 microsecond',
            priority,
            max_attempts,
            key
        FROM given JOIN task USING (identifier)
        ORDER BY key COLLATE "C", place
        ON CONFLICT (key) DO NOTHING
        RETURNING key
    ),
    told AS MATERIALIZED (
        SELECT pg_notify(
            'jobs:insert',
            json_build_object('r', random(), 'count', count(*))::text
        )
        FROM inserted
        HAVING count(*) > 0
    )
    SELECT key AS held, NULL AS missing FROM inserted WHERE key IS NOT NULL
    UNION ALL
    SELECT DISTINCT NULL, identifier FROM given
        WHERE identifier NOT IN (SELECT identifier FROM task)
    UNION ALL
    SELECT NULL, NULL FROM told"#;

/// Registers tasks, given as JSON, in order.
const REGISTER: &str = "
    INSERT INTO {schema}._private_tasks (identifier)
    SELECT identifier FROM json_array_elements_text($1::json) AS given (identifier)
    WHERE identifier NOT IN (SELECT identifier FROM {schema}._private_tasks)
    ORDER BY identifier
    ON CONFLICT DO NOTHING
    RETURNING identifier AS held, NULL AS missing";

/// Jobs column by column, which is the fastest.
const COLUMNS: &str = "
    unnest(
        $1::text[], $2::text[], $3::int8[], $4::int2[], $5::int2[], $6::text[], $7::int8[]
    ) AS given (identifier, payload, wait, priority, max_attempts, key, place)";

/// Jobs in one text, which every library can send.
const JSON: &str = "
    json_to_recordset($1::json) AS given (
        identifier text, payload text, wait int8, priority int2, max_attempts int2, key text, place int8
    )";

/// What Graphile writes where nobody said how often a job may be tried is 25. A worker of ours may
/// have been told of more, and decides; so this is as often as the column can say.
pub(super) const MOST_ATTEMPTS: i16 = i16::MAX;

/// One row to insert.
pub(super) struct Job {
    index: usize,
    identifier: String,
    payload: String,
    /// In microseconds, from the flush on.
    wait: i64,
    priority: i16,
    max_attempts: i16,
    key: Option<String>,
}

impl Job {
    fn new(index: usize, envelope: &Envelope, queue: &str) -> Result<Self, String> {
        let identifier = identifier(envelope.queue().unwrap_or(queue));
        check("queue", &identifier, 128)?;
        let key = envelope.unique_key().map(key);
        key.as_deref().map_or(Ok(()), |key| check("unique key", key, 512))?;
        let wait = envelope.at().and_then(|at| at.duration_since(envelope.enqueued_at()).ok());
        Ok(Self {
            index,
            identifier,
            payload: String::from_utf8(envelope.to_json()).map_err(|error| error.to_string())?,
            wait: microseconds(wait.unwrap_or_default()),
            // Graphile runs lower ones first.
            priority: -i16::from(envelope.priority().unwrap_or(0)),
            max_attempts: max_attempts(envelope),
            key,
        })
    }
}

/// The key as Graphile knows it.
pub(super) fn key(unique_key: &str) -> String {
    format!("{PREFIX}{unique_key}")
}

pub(super) fn max_attempts(envelope: &Envelope) -> i16 {
    let asked = envelope.max_attempts().map(|attempts| attempts.max(1));
    asked.and_then(|attempts| i16::try_from(attempts).ok()).unwrap_or(MOST_ATTEMPTS)
}

/// Rounded up, so that nothing runs early.
pub(super) fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX)
}

/// Says which intent it is that the database would refuse a whole batch for.
fn check(what: &str, text: &str, longest: usize) -> Result<(), String> {
    let own = &text[PREFIX.len()..];
    let longest = longest - PREFIX.len();
    if own.chars().count() > longest {
        return Err(format!(
            "its {what} has {} characters, and Graphile Worker takes {longest}: shorten it",
            own.chars().count()
        ));
    }
    if own.contains('\0') {
        return Err(format!(
            "its {what} contains a NUL, which PostgreSQL can't hold: leave it out"
        ));
    }
    Ok(())
}

/// The jobs of a batch; `queue` is that of intents that name none.
pub(super) fn jobs(batch: &Batch, queue: &str) -> Result<Vec<Job>, DispatchError> {
    let envelopes = envelope::of_batch(batch, NAME, HONOURED)?;
    let job = |(index, envelope): (usize, &Envelope)| {
        Job::new(index, envelope, queue).map_err(|error| DispatchError::only(index, error))
    };
    envelopes.iter().enumerate().map(job).collect()
}

/// Notes which intents were left out: those whose key is held, and those whose key an earlier one of
/// the batch has.
pub(super) fn leave_out(batch: &mut Batch, jobs: &[Job], held: &[String]) {
    let mut taken: HashSet<&str> = held.iter().map(String::as_str).collect();
    for Job { index, key, .. } in jobs {
        if let Some(key) = key
            && !taken.insert(key)
        {
            batch.left_out(*index);
        }
    }
}

impl Graphile {
    /// Inserts the jobs; the unique keys that other jobs hold.
    pub(super) async fn push(
        &self,
        connection: &mut impl Insert,
        jobs: &[Job],
    ) -> Result<Vec<String>, BoxError> {
        let mut rows: Vec<Placed<'_>> = (1..).zip(first_of_each_key(jobs)).collect();
        rows.sort_by_key(|(_, job)| &job.key);
        let portions: Vec<_> = chunks(&rows, |(_, job)| job.payload.len()).collect();
        let now = match &portions[..] {
            [] | [_] => "statement_timestamp()".to_owned(),
            _ => {
                connection.register(self, &rows).await?;
                let since = connection.now().await?;
                format!("('epoch'::timestamptz + {since} * interval '1 microsecond')")
            }
        };
        let mut held = Vec::new();
        for rows in portions {
            let mut inserted = HashSet::new();
            let missing = self.insert(connection, rows, &now, &mut inserted).await?;
            if !missing.is_empty() {
                // Whoever registered them meanwhile has committed: now they are seen.
                let rest = rows.iter().filter(|(_, job)| missing.contains(&job.identifier));
                let rest: Vec<_> = rest.copied().collect();
                if !self.insert(connection, &rest, &now, &mut inserted).await?.is_empty() {
                    return Err(
                        "another transaction has just created the first job of a queue, which \
                                this one can't see: run it again"
                            .into(),
                    );
                }
            }
            let keys = rows.iter().filter_map(|(_, job)| job.key.as_ref());
            held.extend(keys.filter(|key| !inserted.contains(*key)).cloned());
        }
        Ok(held)
    }

    /// Inserts some jobs and notes the keys that they took; the identifiers that are missing.
    async fn insert(
        &self,
        connection: &mut impl Insert,
        rows: &[Placed<'_>],
        now: &str,
        inserted: &mut HashSet<String>,
    ) -> Result<HashSet<String>, BoxError> {
        let mut missing = HashSet::new();
        for (key, identifier) in connection.insert(self, rows, now).await? {
            inserted.extend(key);
            missing.extend(identifier);
        }
        Ok(missing)
    }
}

/// A job with its place in the batch.
type Placed<'a> = (i64, &'a Job);

/// What jobs are inserted through.
pub(super) trait Insert: Send {
    /// The keys that were taken, and the identifiers that are missing. `now` is SQL for the time at which
    /// the first may run.
    fn insert(
        &mut self,
        engine: &Graphile,
        rows: &[Placed<'_>],
        now: &str,
    ) -> impl Future<Output = Result<Vec<Row>, BoxError>> + Send;

    /// Registers the tasks of all jobs.
    fn register(
        &mut self,
        engine: &Graphile,
        rows: &[Placed<'_>],
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// The time of the database, in microseconds since the epoch.
    fn now(&mut self) -> impl Future<Output = Result<i64, BoxError>> + Send;
}

async fn register(
    connection: &mut impl Connection<dialect::Postgres>,
    engine: &Graphile,
    rows: &[Placed<'_>],
) -> Result<(), BoxError> {
    let identifiers: HashSet<_> = rows.iter().map(|(_, job)| &*job.identifier).collect();
    let statement = engine.statement(REGISTER);
    connection.query(&statement, &serde_json::to_string(&identifiers)?).await?;
    Ok(())
}

/// A connection of ours.
impl Insert for PgConnection {
    async fn insert(
        &mut self,
        engine: &Graphile,
        rows: &[Placed<'_>],
        now: &str,
    ) -> Result<Vec<Row>, BoxError> {
        let statement = engine.sql(&PUSH.replace("{given}", COLUMNS).replace("{now}", now));
        let inserted = sqlx::query_as(statement)
            .bind(column(rows, |(_, job)| &*job.identifier))
            .bind(column(rows, |(_, job)| &*job.payload))
            .bind(column(rows, |(_, job)| job.wait))
            .bind(column(rows, |(_, job)| job.priority))
            .bind(column(rows, |(_, job)| job.max_attempts))
            .bind(column(rows, |(_, job)| job.key.as_deref()))
            .bind(column(rows, |(place, _)| *place));
        Ok(inserted.fetch_all(self).await?)
    }

    async fn register(&mut self, engine: &Graphile, rows: &[Placed<'_>]) -> Result<(), BoxError> {
        register(self, engine, rows).await
    }

    async fn now(&mut self) -> Result<i64, BoxError> {
        sql::now(self).await
    }
}

/// The connection of any library.
pub(super) struct Through<'c, C>(pub(super) &'c mut C);

impl<C: Connection<dialect::Postgres>> Insert for Through<'_, C> {
    async fn insert(
        &mut self,
        engine: &Graphile,
        rows: &[Placed<'_>],
        now: &str,
    ) -> Result<Vec<Row>, BoxError> {
        let rows: Vec<_> = rows.iter().map(|(place, job)| JsonRow::new(*place, job)).collect();
        let statement = engine.statement(&PUSH.replace("{given}", JSON).replace("{now}", now));
        self.0.query(&statement, &serde_json::to_string(&rows)?).await
    }

    async fn register(&mut self, engine: &Graphile, rows: &[Placed<'_>]) -> Result<(), BoxError> {
        register(self.0, engine, rows).await
    }

    async fn now(&mut self) -> Result<i64, BoxError> {
        sql::now(self.0).await
    }
}

/// A row of [`JSON`].
#[derive(Serialize)]
struct JsonRow<'a> {
    identifier: &'a str,
    payload: &'a str,
    wait: i64,
    priority: i16,
    max_attempts: i16,
    key: Option<&'a str>,
    place: i64,
}

impl<'a> JsonRow<'a> {
    fn new(place: i64, job: &'a Job) -> Self {
        Self {
            identifier: &job.identifier,
            payload: &job.payload,
            wait: job.wait,
            priority: job.priority,
            max_attempts: job.max_attempts,
            key: job.key.as_deref(),
            place,
        }
    }
}

fn first_of_each_key(jobs: &[Job]) -> Vec<&Job> {
    let mut seen = HashSet::new();
    let mut first = Vec::with_capacity(jobs.len());
    for job in jobs {
        if job.key.as_deref().is_none_or(|key| seen.insert(key)) {
            first.push(job);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_rounded_down() {
        assert_eq!(microseconds(Duration::from_nanos(1)), 1);
        assert_eq!(microseconds(Duration::from_secs(2)), 2_000_000);
        assert_eq!(microseconds(Duration::MAX), i64::MAX);
    }
}
