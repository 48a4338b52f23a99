//! Inserting jobs, through sqlx' own connection or that of any library.
//!
//! Longer than other files, because the statements stand beside the columns that they are bound to.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::postgres::PgConnection;

use crate::core::task::called::BoxError;
use crate::engines::graphile::Graphile;
use crate::engines::graphile::job::Job;
use crate::engines::shared::postgres::{self, column};
use crate::transactions::shared::{Connection, Row, dialect};

/// Graphile's `add_jobs` differs in five ways.
///
/// - A job whose key is held replaces the job that holds it, even a running one.
/// - Jobs of one batch are due at the same moment and come in any order. Here each is due a microsecond
///   after the one before, which is sooner than PostgreSQL inserts them.
/// - It returns every row.
/// - The crate reads payloads into JSON values first, which rounds numbers of more than 64 bits, and
///   writes its own trace into them.
/// - It goes through keys one by one. Here they are inserted in order, so that two flushes that share some
///   wait for one another, and don't deadlock. Jobs that take several statements are in order through all
///   of them, and due by the time of the first. New tasks are [registered](REGISTER) in order as well,
///   before the first of several statements.
///
/// As there, the statement writes to the table of tasks also when it inserts nothing: this keeps Graphile's
/// clean-up from removing a task for which a job is being inserted. A task that another transaction is
/// registering at the same moment is returned as missing.
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

/// A job with its position in the batch.
pub(super) type Positioned<'a> = (i64, &'a Job);

/// A connection through which jobs are inserted.
pub(super) trait Insert: Send {
    /// Inserts jobs with one statement; the keys that they take, and the identifiers that are missing. `now`
    /// is SQL for the time at which the first may run.
    fn insert(
        &mut self,
        engine: &Graphile,
        rows: &[Positioned<'_>],
        now: &str,
    ) -> impl Future<Output = Result<Vec<Row>, BoxError>> + Send;

    /// Registers the tasks of all jobs.
    fn register(
        &mut self,
        engine: &Graphile,
        rows: &[Positioned<'_>],
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// The time of the database, in microseconds since the epoch.
    fn now(&mut self) -> impl Future<Output = Result<i64, BoxError>> + Send;
}

async fn register(
    connection: &mut impl Connection<dialect::Postgres>,
    engine: &Graphile,
    rows: &[Positioned<'_>],
) -> Result<(), BoxError> {
    let identifiers: HashSet<_> = rows.iter().map(|(_, job)| &*job.identifier).collect();
    let statement = engine.statement(REGISTER);
    connection.query(&statement, &serde_json::to_string(&identifiers)?).await?;
    Ok(())
}

/// A connection of sqlx.
impl Insert for PgConnection {
    async fn insert(
        &mut self,
        engine: &Graphile,
        rows: &[Positioned<'_>],
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

    async fn register(
        &mut self,
        engine: &Graphile,
        rows: &[Positioned<'_>],
    ) -> Result<(), BoxError> {
        register(self, engine, rows).await
    }

    async fn now(&mut self) -> Result<i64, BoxError> {
        postgres::now(self).await
    }
}

/// The connection of any library.
pub(super) struct InsertThrough<'c, C>(pub(super) &'c mut C);

impl<C: Connection<dialect::Postgres>> Insert for InsertThrough<'_, C> {
    async fn insert(
        &mut self,
        engine: &Graphile,
        rows: &[Positioned<'_>],
        now: &str,
    ) -> Result<Vec<Row>, BoxError> {
        let rows: Vec<_> = rows.iter().map(|(place, job)| JsonRow::new(*place, job)).collect();
        let statement = engine.statement(&PUSH.replace("{given}", JSON).replace("{now}", now));
        self.0.query(&statement, &serde_json::to_string(&rows)?).await
    }

    async fn register(
        &mut self,
        engine: &Graphile,
        rows: &[Positioned<'_>],
    ) -> Result<(), BoxError> {
        register(self.0, engine, rows).await
    }

    async fn now(&mut self) -> Result<i64, BoxError> {
        postgres::now(self.0).await
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
