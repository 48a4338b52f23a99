//! Workers on Graphile Worker's tables, beside those of other programs.

use std::time::{Duration, Instant};

use airlock::Backoff;
use airlock::graphile::Graphile;
use airlock::worker::{Served, Source};
use sqlx::postgres::PgPoolOptions;
use tokio::time::sleep;

use super::Schema;
use crate::engines::fixture::{fail, note, notes};
use crate::place::eventually;
use crate::proxy::Proxy;
use crate::servers;

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_queue_outlives_graphiles_clean_up_of_unused_tasks() {
    let schema = Schema::new().await;
    let serving = schema.fixture.start(schema.fixture.engine.clone(), 3);
    for round in 1..=3 {
        schema.fixture.send(notes([1])).await;
        schema.fixture.runs.reach(round).await;
        eventually("no job is left", async || schema.rows().await == 0).await;
        schema.execute("DELETE FROM {schema}._private_tasks").await;
    }
    assert_eq!(serving.await.expect("no panic").done, 3);
}

/// Graphile's own waits are e and e² seconds.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_job_that_failed_says_why_and_waits_as_long_as_the_worker_says() {
    let schema = Schema::new().await;
    schema.fixture.send([fail::intent(1, 9)]).await;
    let slow = schema.fixture.worker().backoff(Backoff::new(Duration::from_mins(10)).exact());
    let has_run = async || schema.fixture.runs.count() == 1;
    schema.fixture.serve_with(slow, &schema.fixture.engine, has_run).await;
    let waits = "
        SELECT round(extract(epoch FROM run_at - now()))::int8 FROM {schema}._private_jobs
        WHERE attempts = 1 AND last_error = 'failure\u{fffd}1' AND locked_at IS NULL";
    let waits = schema.number(waits).await;
    assert!((300..=600).contains(&waits), "{waits}");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn jobs_of_other_programs_are_left_alone() {
    let schema = Schema::new().await;
    schema.execute("SELECT {schema}.add_job('emails', '{}'::json)").await;
    schema.fixture.send([note::intent(1).queue("emails")]).await;
    let source = schema.fixture.engine.clone().queue("emails");
    let has_run = async || schema.fixture.runs.count() == 1;
    let served = schema.fixture.serve_with(schema.fixture.worker(), &source, has_run).await;
    assert_eq!((served, schema.rows().await), (Served { done: 1, ..Served::default() }, 1));
}

/// Workers in Node register nowhere, and others say nothing of when they are lost.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_workers_of_other_programs_hold_is_left_to_them() {
    let schema = Schema::new().await;
    let engine = schema.fixture.engine.clone().lost_after(Duration::from_secs(1));
    schema.fixture.send(notes(0..3)).await;
    let others = "
        WITH lost AS (
            INSERT INTO {schema}._private_workers (id, last_heartbeat_at)
            VALUES ('rust', now() - interval '1 day')
        )
        UPDATE {schema}._private_jobs
        SET locked_at = now() - interval '1 day', locked_by = (ARRAY['node', 'rust'])[rank]
        FROM (SELECT id AS job, row_number() OVER (ORDER BY run_at) AS rank FROM {schema}._private_jobs) AS ranks
        WHERE id = job AND rank < 3";
    schema.execute(others).await;
    // One of ours that has more time left.
    let slow = engine.clone().lost_after(Duration::from_mins(10));
    slow.open().await.expect("opened");
    assert_eq!(slow.receive(1).await.expect("received").len(), 1);

    let begun = Instant::now();
    let enough = async || begun.elapsed() > Duration::from_millis(2_500);
    let worker = schema.fixture.worker();
    assert_eq!(schema.fixture.serve_with(worker, &engine, enough).await, Served::default());
    let held = "SELECT count(*) FROM {schema}._private_jobs WHERE locked_at IS NOT NULL";
    assert_eq!(schema.number(held).await, 3);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_others_counted_as_lost_registers_again_before_it_takes_more() {
    let schema = Schema::new().await;
    let lost = schema.fixture.open().await;
    schema.execute("DELETE FROM {schema}._private_workers").await;
    schema.fixture.send(notes([1])).await;
    assert_eq!(lost.take(1).await.len(), 1);
    let registered = "
        SELECT count(*) FROM {schema}._private_workers AS workers
        JOIN {schema}._private_jobs ON locked_by = workers.id";
    assert_eq!(schema.number(registered).await, 1);
    lost.close().await;
    let free = "SELECT count(*) FROM {schema}._private_jobs WHERE is_available AND attempts = 0";
    assert_eq!(schema.number(free).await, 1, "what it could not settle is given back");
    let workers = "SELECT count(*) FROM {schema}._private_workers";
    assert_eq!(schema.number(workers).await, 0, "it has taken leave");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_with_a_pool_of_one_connection_survives_a_cut_line() {
    let schema = Schema::new().await;
    let line = Proxy::to(&servers::postgres_url());
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(2));
    let pool = options.connect(line.url()).await.expect("connected");
    let serving = schema.fixture.start(Graphile::new(pool).schema(&schema.name), 2);
    schema.fixture.send(notes([1])).await;
    schema.fixture.runs.reach(1).await;
    line.cut();
    sleep(Duration::from_millis(500)).await;
    schema.fixture.send(notes([2])).await;
    line.restore();
    // Where the answer is lost of the call that settles the first, it is settled twice, the second time too late.
    assert_eq!(serving.await.expect("no panic").done, 2);
    assert_eq!((schema.fixture.runs.numbers(), schema.rows().await), (vec![1, 2], 0));
}
