//! apalis' tables in PostgreSQL.

use std::time::{Duration, Instant};

use airlock::apalis::Postgres;
use airlock::envelope::Envelope;
use airlock::worker::Source;
use airlock_live::Sender;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use apalis_postgres::{Config, queries};
use sqlx::postgres::{PgListener, PgPool};
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use super::behaviours::locked_tables::PostgresTables;
use super::behaviours::rows::{NO_SIGNS, Row, Rows};
use super::behaviours::tables::InTransaction;
use super::conforms;
use super::fixture::{Fixture, flush, note, notes};
use crate::place::{Place, eventually};
use crate::{servers, unique};

conforms!(server airlock::apalis::Postgres: sends works tables postgres_tables rows);

impl PostgresTables for Postgres {
    const JOBS: &'static str = "apalis.jobs";
    const LAST_SIGN: &'static str =
        "SELECT extract(epoch FROM last_seen)::float8 FROM apalis.workers";

    fn postgres(&self) -> &PgPool {
        self.pool()
    }
}

impl Rows for Postgres {
    async fn rows(&self, queue: &str) -> Vec<Row> {
        const ROWS: &str = "SELECT status, attempts::int8, last_result::text FROM apalis.jobs \
                            WHERE job_type = $1 ORDER BY id";
        sqlx::query_as(ROWS).bind(queue).fetch_all(self.pool()).await.expect("rows")
    }

    async fn workers(&self, queue: &str) -> i64 {
        const WORKERS: &str = "SELECT count(*) FROM apalis.workers WHERE worker_type = $1";
        sqlx::query_scalar(WORKERS).bind(queue).fetch_one(self.pool()).await.expect("a count")
    }

    async fn remove_all_done(&self) -> u64 {
        self.remove_done(Duration::ZERO).await.expect("removed")
    }

    /// In rows that were read of the table of jobs, as long as nothing analyzes it: where that happens while
    /// most jobs wait, PostgreSQL reads the whole table to settle a few of them.
    async fn cost(place: &Place, of: impl AsyncFn(Self)) -> u64 {
        const READ: &str = "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) \
                            FROM pg_stat_user_tables WHERE relname = 'jobs'";
        let read = async || -> i64 {
            let mut connection = PgConnection::connect(&place.url).await.expect("connected");
            let read = sqlx::query_scalar(READ).fetch_optional(&mut connection).await;
            connection.close().await.expect("closed");
            read.expect("asked").unwrap_or_default()
        };
        let before = read().await;
        let engine = Self::on_queue(&place.url, &place.queue).await.expect("opened");
        let pool = engine.pool().clone();
        let unanalyzed = "ALTER TABLE apalis.jobs SET (autovacuum_enabled = false)";
        sqlx::query(unanalyzed).execute(&pool).await.expect("altered");
        of(engine.lost_after(NO_SIGNS)).await;
        // Connections that end report what they have read, a moment later.
        pool.close().await;
        eventually("it is reported", async || {
            let now = read().await;
            sleep(Duration::from_secs(1)).await;
            now > before && read().await == now
        })
        .await;
        (read().await - before).cast_unsigned()
    }
}

/// A flush sets free the keys of jobs that have ended, in the order of the keys. Here it has come to the
/// first one when the jobs are removed, in the order in which they lie in the table.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn done_jobs_are_removed_while_their_keys_are_set_free() {
    const LOCK: &str = "
        SELECT id FROM apalis.jobs WHERE job_type = $1 AND idempotency_key = $2 FOR UPDATE";
    let fixture = Fixture::<Postgres>::new().await;
    let (engine, queue) = (&fixture.engine, fixture.queue());
    for key in ["b", "a"] {
        fixture.send([note::intent(0).unique_key(key)]).await;
    }
    let done = "UPDATE apalis.jobs SET status = 'Done', done_at = now() WHERE job_type = $1";
    sqlx::query(done).bind(queue).execute(engine.pool()).await.expect("done");

    let mut freeing = engine.pool().begin().await.expect("begun");
    sqlx::query(LOCK).bind(queue).bind("a").execute(&mut *freeing).await.expect("locked");
    let removing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.remove_done(Duration::ZERO).await }
    });
    let begun = Instant::now();
    while !removing.is_finished() && begun.elapsed() < Duration::from_millis(500) {
        sleep(Duration::from_millis(10)).await;
    }
    sqlx::query(LOCK).bind(queue).bind("b").execute(&mut *freeing).await.expect("no dead-lock");
    freeing.commit().await.expect("committed");
    let removed = removing.await.expect("no panic").expect("no dead-lock");
    let left = engine.remove_done(Duration::ZERO).await.expect("removed");
    assert_eq!((removed, left), (1, 1), "what is being set free is removed the next time");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_notifies_each_queue_once() {
    let fixture = Fixture::<Postgres>::new().await;
    let (queue, other) = (fixture.queue().to_owned(), unique::name("engines"));
    let mut listener = PgListener::connect(&servers::postgres_url()).await.expect("connected");
    listener.listen("apalis::job::insert").await.expect("listening");
    fixture.send([note::intent(1).delay(Duration::from_mins(1))]).await;
    let others = notes(0..10).into_iter().map(|intent| intent.queue(other.clone()));
    fixture.send(notes(0..10_000).into_iter().chain(others)).await;
    let mut told = Vec::new();
    while let Ok(heard) = timeout(Duration::from_secs(1), listener.recv()).await {
        let payload = heard.expect("a notification").payload().to_owned();
        let of_it = [&queue, &other].into_iter().filter(|queue| payload.contains(&***queue));
        told.extend(of_it.cloned());
    }
    told.sort_unstable();
    let mut expected = [queue, other];
    expected.sort_unstable();
    assert_eq!(told, expected);
}

/// What PostgreSQL can't hold would abort the caller's transaction, and say nothing of which intent it was.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_table_could_not_hold_is_refused_by_name_and_the_transaction_lives() {
    let fixture = Fixture::<Postgres>::new().await;
    let refused = [
        (note::intent(2).queue("a\0b"), "its queue contains a NUL"),
        (note::intent(2).unique_key("a\0b"), "its unique key contains a NUL"),
    ];
    for (intent, why) in refused {
        let executor = InTransaction { engine: fixture.engine.clone(), commits: true };
        let error = flush(&executor, [note::intent(1), intent]).await.expect_err("refused");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!((error.report().failed(), error.report().not_attempted()), (1, 1));
    }
}

/// apalis' own workers see jobs as they see their own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn apalis_reads_the_jobs() {
    let fixture = Fixture::<Postgres>::new().await;
    let (engine, queue) = (&fixture.engine, fixture.queue());
    fixture.send([0, 1].map(|number| note::intent(number).max_attempts(4).priority(3))).await;
    engine.open().await.expect("opened");
    let worker: String = sqlx::query_scalar("SELECT id FROM apalis.workers WHERE worker_type = $1")
        .bind(queue)
        .fetch_one(engine.pool())
        .await
        .expect("a worker");
    let config = Config::default().queue(queue);
    let mut connection = engine.pool().acquire().await.expect("a connection");
    let worker = WorkerContext::new(&worker);
    let tasks = queries::fetch_next(&mut *connection, &config, &worker).await.expect("fetched");
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        let envelope = Envelope::from_json(&task.args).expect("an envelope");
        let id = task.task_id().and_then(TaskId::as_ulid).expect("a ULID");
        assert_eq!(u128::from(id), envelope.id().as_u128());
        assert_eq!((task.max_attempts(), task.priority()), (Some(4), Some(3)));
    }
}
