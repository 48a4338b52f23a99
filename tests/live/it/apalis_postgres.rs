//! apalis' tables in PostgreSQL.

use std::time::{Duration, Instant};

use airlock::apalis::Postgres;
use airlock::worker::Source;
use airlock::{Batch, DispatchError, Executor, Intent};
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use apalis_postgres::queries;
use sqlx::postgres::PgListener;
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use crate::apalis_sql::{self as both, counts, flush};
use crate::proxy::Proxy;
use crate::{servers, unique};

/// An engine with a queue of the test's own.
async fn set_up(queue: &str) -> Postgres {
    let engine = connect(&servers::postgres_url()).await.queue(queue);
    engine.setup().await.expect("set up");
    engine
}

async fn connect(url: &str) -> Postgres {
    Postgres::connect(url).await.expect("connected")
}

/// The tests that SQLite has as well.
macro_rules! both {
    ($($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "needs servers: run tests/live.sh"]
        async fn $name() {
            let queue = unique::name("postgres");
            both::$name(set_up(&queue).await, &queue).await;
        }
    )*};
}

both! {
    ten_thousand_leave_at_once_and_run_once_each_in_order
    flushes_keep_their_order_among_one_another
    a_unique_key_is_held_until_its_job_has_ended
    ten_thousand_duplicates_leave_one
    flushes_of_the_same_keys_do_not_dead_lock
    options_are_honoured
    a_delayed_job_starts_in_time
    a_failed_task_is_tried_again_and_then_given_up
    the_reason_of_a_failed_attempt_is_kept
    what_goes_back_counts_no_attempt
    a_worker_that_ends_leaves_nothing_behind
    an_endless_wait_is_a_long_one
    to_settle_twice_does_nothing_to_the_next_delivery
    what_a_lost_worker_held_is_taken_over
    what_cannot_be_read_is_kept
    dead_letters_are_listed_found_retried_and_removed
    queues_are_served_in_turn
    what_has_expired_runs_when_it_is_put_back
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_idle_worker_hears_of_a_flush() {
    let queue = unique::name("postgres");
    let (engine, other) = (set_up(&queue).await, set_up(&queue).await);
    // Looking for jobs by itself it would take 30 s.
    let engine = engine.poll(Duration::from_mins(1));
    both::an_idle_worker_starts_at_once(engine, other, &queue, Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn two_workers_run_nothing_twice() {
    let queue = unique::name("postgres");
    let (engine, other) = (set_up(&queue).await, set_up(&queue).await);
    both::two_workers_run_nothing_twice(engine, other, &queue).await;
}

/// A flush sets free the keys of jobs that have ended, in the order of the keys. Here it has come to the
/// first one when the jobs are removed, in the order in which they lie in the table.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn done_jobs_are_removed_while_their_keys_are_set_free() {
    const LOCK: &str = "
        SELECT id FROM apalis.jobs WHERE job_type = $1 AND idempotency_key = $2 FOR UPDATE";
    let queue = unique::name("postgres");
    let engine = set_up(&queue).await;
    for key in ["b", "a"] {
        let keyed = counts(0..1, &queue).into_iter().map(|intent| intent.unique_key(key));
        flush(&engine, keyed).await.expect("flushed");
    }
    let done = "UPDATE apalis.jobs SET status = 'Done', done_at = now() WHERE job_type = $1";
    sqlx::query(done).bind(&queue).execute(engine.pool()).await.expect("done");

    let mut freeing = engine.pool().begin().await.expect("begun");
    sqlx::query(LOCK).bind(&queue).bind("a").execute(&mut *freeing).await.expect("locked");
    let removing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.remove_done(Duration::ZERO).await }
    });
    let begun = Instant::now();
    while !removing.is_finished() && begun.elapsed() < Duration::from_millis(500) {
        sleep(Duration::from_millis(10)).await;
    }
    sqlx::query(LOCK).bind(&queue).bind("b").execute(&mut *freeing).await.expect("no dead-lock");
    freeing.commit().await.expect("committed");
    let removed = removing.await.expect("no panic").expect("no dead-lock");
    let left = engine.remove_done(Duration::ZERO).await.expect("removed");
    assert_eq!((removed, left), (1, 1), "what is being set free is removed the next time");
}

/// A database of the test's own, on the server that all share.
struct Database {
    url: String,
    name: String,
}

impl Database {
    async fn new() -> Self {
        let url = servers::postgres_url();
        let name = unique::name("apalis");
        let created = Self::execute(&url, &format!("CREATE DATABASE {name}")).await;
        created.expect("created");
        let (server, _) = url.rsplit_once('/').expect("a URL with a database");
        Self { url: format!("{server}/{name}"), name }
    }

    async fn drop(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        Self::execute(&servers::postgres_url(), &drop).await.expect("dropped");
    }

    async fn execute(url: &str, statement: &str) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn many_may_set_up_at_once() {
    let database = Database::new().await;
    let set_up: Vec<_> = (0..6)
        .map(|_| {
            let url = database.url.clone();
            tokio::spawn(async move {
                let engine = Postgres::connect(&url).await?;
                engine.setup().await?;
                engine.setup().await
            })
        })
        .collect();
    for set_up in set_up {
        set_up.await.expect("no panic").expect("set up");
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_without_tables_or_without_a_server_is_handed_back() {
    let database = Database::new().await;
    let engine = connect(&database.url).await;
    let error = flush(&engine, counts(0..3, "jobs")).await.expect_err("no tables");
    let said = error.to_string();
    assert!(said.contains("call `setup()` before it is first used"), "{said}");
    assert_eq!(error.into_intents().len(), 3);
    database.drop().await;

    // Nobody listens on the port of a proxy that is gone.
    let url = Proxy::to(&servers::postgres_url()).url().replace("postgres@", "postgres:secret@");
    let error = Postgres::connect(&url).await.expect_err("nobody there").to_string();
    assert!(error.starts_with("can't connect to postgres://"), "{error}");
    assert!(error.contains("check that the server runs"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_connection_that_is_cut_hands_everything_back_and_the_next_flush_works() {
    let queue = unique::name("postgres");
    let stays = set_up(&queue).await;
    let proxy = Proxy::to(&servers::postgres_url());
    let engine = connect(proxy.url()).await.queue(&*queue);
    flush(&engine, counts([0], &queue)).await.expect("flushed");

    // In the middle of the statement: it never arrives whole.
    proxy.cut_after_sent(200_000);
    let error = flush(&engine, counts(1..10_001, &queue)).await.expect_err("cut");
    println!("{queue}: {error}");
    let back = error.into_intents();
    assert_eq!(back.len(), 10_000);
    proxy.restore();
    assert_eq!(flush(&engine, back).await.expect("flushed").dispatched(), 10_000);
    assert_eq!(both::Engine::rows(&stays, &queue).await.len(), 10_001);
}

/// Building an index locks a table like that, for as long as it takes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_gives_signs_of_life_while_the_table_of_jobs_is_locked() {
    let own = Database::new().await;
    let jobs = connect(&own.url).await.lost_after(Duration::from_secs(3));
    jobs.setup().await.expect("set up");
    flush(&jobs, counts(0..1, "default")).await.expect("flushed");
    jobs.open().await.expect("opened");
    assert_eq!(jobs.receive(1).await.expect("received").len(), 1);

    let mut lock = jobs.pool().begin().await.expect("begun");
    let locks = "LOCK TABLE apalis.jobs IN SHARE MODE";
    sqlx::query(locks).execute(&mut *lock).await.expect("locked");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        sleep(jobs.heartbeat().expect("it has one")).await;
        jobs.keep_alive().await.expect_err("what it holds can't be looked after");
    }
    let ago = "SELECT extract(epoch FROM now() - last_seen)::float8 FROM apalis.workers";
    let ago: f64 = sqlx::query_scalar(ago).fetch_one(jobs.pool()).await.expect("a worker");
    assert!(ago < 2.0, "{ago} s ago");
    lock.rollback().await.expect("unlocked");

    let other = jobs.clone();
    other.open().await.expect("opened");
    assert!(other.receive(1).await.expect("received").is_empty(), "it lives");
    jobs.pool().close().await;
    own.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_is_cut_off_goes_on_and_hears_again() {
    let queue = unique::name("postgres");
    let stays = set_up(&queue).await;
    let proxy = Proxy::to(&servers::postgres_url());
    let engine = connect(proxy.url()).await.queue(&*queue).poll(Duration::from_mins(1));
    let cut = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.restore();
        // It tries to listen again after a second.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    };
    both::a_worker_runs_what_is_flushed_after(engine, stays, &queue, cut).await;
}

/// The database has done what it was asked: the jobs are this worker's, which doesn't know.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_was_taken_in_a_lost_answer_comes_back() {
    let queue = unique::name("postgres");
    let stays = set_up(&queue).await;
    flush(&stays, counts(0..5, &queue)).await.expect("flushed");
    let proxy = Proxy::to(&servers::postgres_url());
    let engine = connect(proxy.url()).await.queue(&*queue);
    engine.open().await.expect("opened");
    let held = engine.receive(2).await.expect("received");
    let queued = || async {
        let rows = both::Engine::rows(&stays, &queue).await;
        rows.into_iter().filter(|(status, _, _)| status == "Queued").count()
    };
    proxy.cut_at_answer(r#""airlock":1"#);
    engine.receive(10).await.expect_err("cut");
    proxy.restore();
    assert_eq!(queued().await, 5, "the server has done what it was asked");
    engine.keep_alive().await.expect("kept alive");
    assert_eq!(queued().await, 2, "what it knows stays");
    assert_eq!(engine.receive(10).await.expect("received").len(), 3);
    assert_eq!(held.len(), 2);
    assert!(both::Engine::rows(&stays, &queue).await.iter().all(|row| row.1 == 0));
}

/// Flushes within a transaction, before and after which something else is written.
struct InTransaction {
    engine: Postgres,
    commits: bool,
}

impl Executor for InTransaction {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut transaction = self.engine.pool().begin().await.map_err(DispatchError::all)?;
        self.engine.dispatch_in(&mut transaction, batch).await?;
        // A transaction that was aborted would refuse this.
        let asked = sqlx::query("SELECT 1").execute(&mut *transaction).await;
        asked.map_err(DispatchError::all)?;
        let ended =
            if self.commits { transaction.commit().await } else { transaction.rollback().await };
        ended.map_err(DispatchError::all)
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn jobs_are_rows_of_the_callers_transaction_which_a_duplicate_leaves_alone() {
    let queue = unique::name("postgres");
    let engine = set_up(&queue).await;
    for (commits, expected) in [(false, 0), (true, 3)] {
        let executor = InTransaction { engine: engine.clone(), commits };
        let again = || counts([9], &queue).into_iter().map(|intent| intent.unique_key("key"));
        let enqueue = || {
            let intents = counts(0..2, &queue).into_iter().chain(again()).chain(again());
            intents.into_iter().try_for_each(Intent::enqueue)
        };
        let flushed = airlock::scope().executor(executor).run_async(async { enqueue() }).await;
        flushed.expect("flushed").expect("enqueued");
        let worker = engine.clone();
        worker.open().await.expect("opened");
        assert_eq!(worker.receive(10).await.expect("received").len(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_tells_of_each_queue_once() {
    let (queue, other) = (unique::name("postgres"), unique::name("postgres"));
    let engine = set_up(&queue).await;
    let mut listener = PgListener::connect(&servers::postgres_url()).await.expect("connected");
    listener.listen("apalis::job::insert").await.expect("listening");
    let late = counts([1], &queue).into_iter().map(|intent| intent.delay(Duration::from_mins(1)));
    flush(&engine, late).await.expect("flushed");
    let intents = counts(0..10_000, &queue).into_iter().chain(counts(0..10, &other));
    flush(&engine, intents).await.expect("flushed");
    let mut told = Vec::new();
    while let Ok(heard) = timeout(Duration::from_secs(1), listener.recv()).await {
        let payload = heard.expect("a notification").payload().to_owned();
        told.extend(
            [&queue, &other].into_iter().filter(|queue| payload.contains(&***queue)).cloned(),
        );
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
    let queue = unique::name("postgres");
    let engine = set_up(&queue).await;
    for (in_queue, why) in
        [(true, "its queue contains a NUL"), (false, "its unique key contains a NUL")]
    {
        let mut intents = counts(0..2, &queue);
        let last = intents
            .pop()
            .map(|intent| if in_queue { intent.queue("a\0b") } else { intent.unique_key("a\0b") });
        let enqueued = async { intents.into_iter().chain(last).try_for_each(Intent::enqueue) };
        let scope = airlock::scope().executor(GoingOn(engine.clone()));
        let error = scope.run_async(enqueued).await.expect_err("refused");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!((error.report().failed(), error.report().not_attempted()), (1, 1));
    }
}

/// Sends in a transaction that has more to do.
struct GoingOn(Postgres);

impl Executor for GoingOn {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut transaction = self.0.pool().begin().await.map_err(DispatchError::all)?;
        let sent = self.0.dispatch_in(&mut transaction, batch).await;
        sqlx::query("SELECT 1").execute(&mut *transaction).await.map_err(DispatchError::all)?;
        sent
    }
}

/// apalis' own workers see jobs as they see their own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn apalis_reads_the_jobs() {
    let queue = unique::name("postgres");
    let engine = set_up(&queue).await;
    let intents = counts(0..2, &queue).into_iter().map(|intent| intent.max_attempts(4).priority(3));
    flush(&engine, intents).await.expect("flushed");
    engine.open().await.expect("opened");
    let worker: String = sqlx::query_scalar("SELECT id FROM apalis.workers WHERE worker_type = $1")
        .bind(&queue)
        .fetch_one(engine.pool())
        .await
        .expect("a worker");
    let config = apalis_postgres::Config::default().queue(&queue);
    let mut connection = engine.pool().acquire().await.expect("a connection");
    let worker = WorkerContext::new(&worker);
    let tasks = queries::fetch_next(&mut *connection, &config, &worker).await.expect("fetched");
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        let envelope = airlock::envelope::Envelope::from_json(&task.args).expect("an envelope");
        let id = task.task_id().and_then(TaskId::as_ulid).expect("a ULID");
        assert_eq!(u128::from(id), envelope.id().as_u128());
        assert_eq!(task.max_attempts(), Some(4));
        assert_eq!(task.priority(), Some(3));
    }
}

/// A queue with a long past is as fast as a new one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_is_done_slows_nothing_down() {
    let queue = unique::name("postgres");
    let engine = set_up(&queue).await;
    let begun = Instant::now();
    both::work_through(&engine, &queue, 20_000).await;
    let first = begun.elapsed();
    let begun = Instant::now();
    both::work_through(&engine, &queue, 20_000).await;
    let second = begun.elapsed();
    println!("{queue}: 20000 done in {first:.1?}, 20000 more in {second:.1?}");
    assert!(second < first * 2, "{first:?}, then {second:?}");
}
