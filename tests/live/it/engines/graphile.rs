//! Graphile Worker's tables in PostgreSQL.

use std::time::Duration;

use airlock::graphile::Graphile;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgPool, PgPoolOptions};

use super::behaviours::locked_tables::PostgresTables;
use super::conforms;
use super::fixture::{Fixture, Runs, flush, note, notes};
use crate::place::Place;
use crate::{servers, unique};

mod workers;

conforms!(server airlock::graphile::Graphile: sends works tables postgres_tables);

impl PostgresTables for Graphile {
    const JOBS: &'static str = "graphile_worker._private_jobs";
    const LAST_SIGN: &'static str = "SELECT extract(epoch FROM last_heartbeat_at)::float8
        FROM graphile_worker._private_workers";

    fn postgres(&self) -> &PgPool {
        self.pool()
    }
}

/// A schema of the test's own, with the queue `default`.
struct Schema {
    fixture: Fixture<Graphile>,
    name: String,
}

impl Schema {
    async fn new() -> Self {
        let pool = PgPoolOptions::new().max_connections(3).connect(&servers::postgres_url()).await;
        let name = unique::name("graphile");
        let engine = Graphile::new(pool.expect("connected")).schema(&name);
        engine.setup().await.expect("set up");
        let place = Place::shared::<Graphile>();
        Self { fixture: Fixture { place, engine, runs: Runs::default() }, name }
    }

    fn sql(&self, statement: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(statement.replace("{schema}", &self.name))
    }

    async fn execute(&self, statement: &str) {
        let executed = sqlx::query(self.sql(statement)).execute(self.fixture.engine.pool()).await;
        executed.expect("executed");
    }

    async fn number(&self, statement: &str) -> i64 {
        let asked = sqlx::query_scalar(self.sql(statement));
        asked.fetch_one(self.fixture.engine.pool()).await.expect("a number")
    }

    async fn rows(&self) -> i64 {
        self.number("SELECT count(*) FROM {schema}._private_jobs").await
    }
}

/// Rows that are updated move to the table's end, where they would be found last.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn jobs_whose_rows_were_updated_keep_their_places() {
    let schema = Schema::new().await;
    let queue = |number: u64| if number.is_multiple_of(2) { "a" } else { "b" };
    for flush in 0..20 {
        let numbers = 100 * flush..100 * (flush + 1);
        schema.fixture.send(numbers.map(|number| note::intent(number).queue(queue(number)))).await;
    }
    schema.execute("UPDATE {schema}._private_jobs SET flags = '{}' WHERE id % 7 = 0").await;
    let source = schema.fixture.engine.clone().queues(["a", "b"]);
    let all_ran = async || schema.fixture.runs.count() >= 2_000;
    schema.fixture.serve_with(schema.fixture.worker(), &source, all_ran).await;
    assert!(schema.fixture.runs.numbers().into_iter().eq(0..2_000));
}

/// As Graphile's own workers and clients read them.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn options_are_graphiles_columns() {
    type Row = (String, i64, i64, Option<String>, i64);
    let schema = Schema::new().await;
    let intent = |minutes: u64| note::intent(1).delay(Duration::from_secs(60 * minutes));
    let intents = [
        note::intent(1),
        note::intent(2).priority(7).max_attempts(9).unique_key("k").queue("other"),
        intent(1).max_attempts(0),
        intent(2).max_attempts(1_000_000),
    ];
    schema.fixture.send(intents).await;
    let found = "
        SELECT identifier, priority::int8, max_attempts::int8, key,
            round(extract(epoch FROM run_at - created_at))::int8 AS wait
        FROM {schema}._private_jobs AS jobs JOIN {schema}._private_tasks AS tasks ON tasks.id = task_id
        ORDER BY identifier, wait";
    let found = sqlx::query_as(schema.sql(found)).fetch_all(schema.fixture.engine.pool()).await;
    let found: Vec<Row> = found.expect("found");
    let row = |queue: &str, priority, attempts, key: Option<&str>, wait| {
        (format!("airlock:{queue}"), priority, attempts, key.map(str::to_owned), wait)
    };
    let expected = [
        row("default", 0, 32_767, None, 0),
        row("default", 0, 1, None, 60),
        row("default", 0, 32_767, None, 120),
        row("other", -7, 9, Some("airlock:k"), 0),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_tables_could_not_hold_is_refused_by_name_and_nothing_leaves() {
    let schema = Schema::new().await;
    let refused = [
        (
            note::intent(2).queue("q".repeat(121)),
            "its queue has 121 characters, and Graphile Worker takes 120",
        ),
        (note::intent(2).unique_key("k".repeat(505)), "its unique key has 505 characters"),
        (note::intent(2).unique_key("a\0b"), "its unique key contains a NUL"),
    ];
    for (intent, why) in refused {
        let intents = [note::intent(1), intent, note::intent(3)];
        let error = flush(&schema.fixture.engine, intents).await.expect_err("refused");
        assert!(error.to_string().contains(why), "{error}");
        let report = error.report();
        assert_eq!((report.failed(), report.not_attempted(), schema.rows().await), (1, 2, 0));
    }
    let longest = note::intent(1).queue("é".repeat(120)).unique_key("é".repeat(504));
    assert_eq!(schema.fixture.counts([longest]).await, (1, 0));
}

/// By several at once, in a schema whose name needs quotes.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn many_may_set_up_a_schema_of_any_name_at_once() {
    let jobs = Graphile::connect(&servers::postgres_url()).await.expect("connected");
    let jobs = jobs.schema(&unique::name("Missing \"schema\""));
    let set_up = (0..4).map(|_| {
        let jobs = jobs.clone();
        tokio::spawn(async move { jobs.setup().await })
    });
    for set_up in set_up.collect::<Vec<_>>() {
        set_up.await.expect("ran").expect("set up");
    }
    assert_eq!(flush(&jobs, notes([1])).await.expect("flushed").dispatched(), 1);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn many_first_flushes_of_a_queue_at_once_all_leave() {
    let schema = Schema::new().await;
    for round in 0..10 {
        let flushes: Vec<_> = (0..3)
            .map(|n| {
                let jobs = schema.fixture.engine.clone();
                tokio::spawn(async move {
                    let queue = |other| format!("{round}-{other}");
                    let intents = (0..4).map(|other| note::intent(n).queue(queue((other + n) % 4)));
                    flush(&jobs, intents).await.expect("flushed")
                })
            })
            .collect();
        for flush in flushes {
            assert_eq!(flush.await.expect("flushed").dispatched(), 4);
        }
    }
    assert_eq!(schema.rows().await, 120);
    let orphans = "
        SELECT count(*) FROM {schema}._private_jobs
        WHERE task_id NOT IN (SELECT id FROM {schema}._private_tasks)";
    assert_eq!(schema.number(orphans).await, 0);
}

/// Each takes more than one statement, the first of which makes one of the queues.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn first_flushes_of_the_same_queues_do_not_dead_lock() {
    const HALF: u64 = 10_000;
    let schema = Schema::new().await;
    for round in 0..3 {
        let flush = |first: &str, second: &str| {
            let queues = [first, second].map(|queue| format!("{round}-{queue}"));
            let intents = queues.into_iter().flat_map(|queue| {
                (0..HALF).map(move |number| note::intent(number).queue(queue.clone()))
            });
            flush(&schema.fixture.engine, intents)
        };
        let (forth, back) = tokio::join!(flush("a", "b"), flush("b", "a"));
        for flushed in [forth, back] {
            assert_eq!(flushed.err().map(|error| error.to_string()), None);
        }
    }
    assert_eq!(schema.rows().await.cast_unsigned(), 3 * 2 * 2 * HALF);
}
