//! Graphile Worker's tables in PostgreSQL.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use airlock::graphile::{Graphile, GraphileReceipt};
use airlock::worker::{DeadLetters, Message, Served, Settled, Settlement, Source, Worker};
use airlock::{Backoff, DispatchError, Executor, FlushError, Intent, Report, scope, tasks, worker};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::time::{sleep, timeout};

use crate::proxy::Proxy;
use crate::{servers, unique};

/// What tasks have been run with, in order, and when.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(u64, Instant)>>>);

impl Seen {
    fn note(&self, number: u64) {
        self.0.lock().expect("nobody panics").push((number, Instant::now()));
    }

    fn numbers(&self) -> Vec<u64> {
        self.0.lock().expect("nobody panics").iter().map(|(number, _)| *number).collect()
    }

    fn count(&self) -> usize {
        self.0.lock().expect("nobody panics").len()
    }

    /// When the first one ran.
    fn first(&self) -> Instant {
        self.0.lock().expect("nobody panics")[0].1
    }

    /// Returns when so many have run.
    async fn until(&self, count: usize) {
        while self.count() < count {
            sleep(Duration::from_millis(2)).await;
        }
    }
}

#[airlock::task(name = "graphile.note")]
fn note(#[state] seen: &Seen, number: u64) {
    seen.note(number);
}

#[airlock::task(name = "graphile.large")]
fn large(#[state] seen: &Seen, number: u128, text: String) {
    assert_eq!(number, u128::MAX);
    assert_eq!(text, "a\0b");
    seen.note(1);
}

/// Fails until it is run for the `succeeds`th time.
#[airlock::task(name = "graphile.fail")]
fn fail(#[state] seen: &Seen, succeeds: usize) -> Result<(), String> {
    seen.note(0);
    if seen.count() < succeeds { Err(format!("attempt {} of\0it", seen.count())) } else { Ok(()) }
}

/// A schema of the test's own.
async fn jobs() -> Graphile {
    let pool = PgPoolOptions::new().max_connections(3).connect(&servers::postgres_url()).await;
    let jobs = Graphile::new(pool.expect("connected")).schema(&unique::name("graphile"));
    jobs.setup().await.expect("set up");
    jobs
}

/// The same queue through another pool of connections.
fn over(jobs: &Graphile, pool: PgPool) -> Graphile {
    Graphile::new(pool).schema(&schema(jobs))
}

fn schema(jobs: &Graphile) -> String {
    let shown = format!("{jobs:?}");
    let (_, after) = shown.split_once("schema: \"").expect("a schema");
    after.split('"').next().expect("a schema").to_owned()
}

fn sql(jobs: &Graphile, statement: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(statement.replace("{schema}", &schema(jobs)))
}

async fn execute(jobs: &Graphile, statement: &str) {
    sqlx::query(sql(jobs, statement)).execute(jobs.pool()).await.expect("executed");
}

async fn number(jobs: &Graphile, statement: &str) -> i64 {
    sqlx::query_scalar(sql(jobs, statement)).fetch_one(jobs.pool()).await.expect("a number")
}

async fn rows(jobs: &Graphile) -> i64 {
    number(jobs, "SELECT count(*) FROM {schema}._private_jobs").await
}

async fn flush(
    executor: impl Executor,
    intents: impl IntoIterator<Item = Intent>,
) -> Result<Report, FlushError> {
    let enqueue = || intents.into_iter().for_each(|intent| intent.enqueue().expect("enqueued"));
    let ((), sealed) = scope().executor(executor).seal(enqueue);
    sealed.flush_async().await
}

async fn sent(jobs: &Graphile, intents: impl IntoIterator<Item = Intent>) -> Report {
    flush(jobs.clone(), intents).await.expect("flushed")
}

fn serving(seen: &Seen) -> airlock::worker::WorkerBuilder {
    worker()
        .state(seen.clone())
        .serving(tasks![note, large, fail])
        .backoff(Backoff::new(Duration::from_millis(10)).exact())
}

/// Runs a worker until the future is ready, and for half a minute at most.
async fn run(worker: &Worker, jobs: &Graphile, until: impl Future<Output = ()>) -> Served {
    let until = async { timeout(Duration::from_secs(30), until).await.expect("in time") };
    worker.run(jobs.clone(), until).await.expect("ran")
}

/// Returns when no job is left.
async fn none_left(jobs: &Graphile) {
    while rows(jobs).await > 0 {
        sleep(Duration::from_millis(5)).await;
    }
}

/// How many messages another worker takes that never says what became of them, as if it were killed.
async fn killed_worker_takes(jobs: &Graphile, room: usize) -> usize {
    let killed = jobs.clone();
    killed.open().await.expect("opened");
    killed.receive(room).await.expect("received").len()
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_of_one_flush_arrive_once_each_and_in_order() {
    let (jobs, seen) = (jobs().await, Seen::default());
    let begun = Instant::now();
    let report = sent(&jobs, (0..10_000).map(note::intent)).await;
    println!("graphile: 10,000 intents flushed in {:?}", begun.elapsed());
    assert_eq!(report.dispatched(), 10_000);

    let worker = serving(&seen).concurrency(1).prefetch(500).build().expect("built");
    let begun = Instant::now();
    let served = run(&worker, &jobs, seen.until(10_000)).await;
    println!("graphile: 10,000 tasks ran one after another in {:?}: {served}", begun.elapsed());
    assert_eq!(served, Served { done: 10_000, ..Served::default() });
    assert!(seen.numbers().into_iter().eq(0..10_000));
    assert_eq!(rows(&jobs).await, 0);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn flushes_that_follow_one_another_are_run_in_that_order() {
    let (jobs, seen) = (jobs().await, Seen::default());
    for flush in 0..20 {
        sent(
            &jobs,
            (0..100)
                .map(|n| note::intent(100 * flush + n).queue(if n % 2 == 0 { "a" } else { "b" })),
        )
        .await;
    }
    // Rows that are updated move to the table's end, where they would be found last.
    execute(&jobs, "UPDATE {schema}._private_jobs SET flags = '{}' WHERE id % 7 = 0").await;
    let worker = serving(&seen).concurrency(1).build().expect("built");
    run(&worker, &jobs.clone().queues(["a", "b"]), seen.until(2_000)).await;
    assert!(seen.numbers().into_iter().eq(0..2_000));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_taken_once_and_is_free_again_when_the_job_is_done() {
    let (jobs, seen) = (jobs().await, Seen::default());
    let keyed = |number| note::intent(number).unique_key("invoice");
    let report = sent(&jobs, [keyed(1), note::intent(2), keyed(3), note::intent(4)]).await;
    assert_eq!((report.dispatched(), report.duplicates()), (3, 1));
    let report = sent(&jobs, [keyed(5), note::intent(6), keyed(7)]).await;
    assert_eq!((report.dispatched(), report.duplicates()), (1, 2));

    let worker = serving(&seen).concurrency(1).build().expect("built");
    run(&worker, &jobs, none_left(&jobs)).await;
    assert_eq!(seen.numbers(), [1, 2, 4, 6], "the first of them is the one that ran");
    assert_eq!(sent(&jobs, [keyed(8)]).await.dispatched(), 1);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_held_while_the_job_runs_and_while_it_waits_to_be_tried_again() {
    let (jobs, seen) = (jobs().await, Seen::default());
    let keyed = || fail::intent(usize::MAX).unique_key("invoice").max_attempts(2);
    sent(&jobs, [keyed()]).await;
    assert_eq!(killed_worker_takes(&jobs.clone().lost_after(Duration::from_mins(1)), 1).await, 1);
    assert_eq!(sent(&jobs, [keyed()]).await.duplicates(), 1);
    let locked = "SELECT count(*) FROM {schema}._private_jobs WHERE locked_at IS NOT NULL";
    assert_eq!(number(&jobs, locked).await, 1, "the job that runs is left alone");

    execute(
        &jobs,
        "UPDATE {schema}._private_jobs SET locked_at = NULL, locked_by = NULL, attempts = 0",
    )
    .await;
    let slow = Backoff::new(Duration::from_millis(300)).exact();
    let worker = serving(&seen).backoff(slow).build().expect("built");
    let until = async {
        seen.until(1).await;
        sleep(Duration::from_millis(100)).await;
        assert_eq!(sent(&jobs, [keyed()]).await.duplicates(), 1, "it waits to be tried again");
        while jobs.list(1).await.expect("listed").is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    run(&worker, &jobs, until).await;
    assert_eq!(sent(&jobs, [keyed()]).await.dispatched(), 1, "a dead letter sets its key free");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn of_ten_thousand_duplicates_in_twenty_flushes_at_once_one_is_taken() {
    let jobs = jobs().await;
    let flushes = (0..20).map(|flush| {
        let jobs = jobs.clone();
        tokio::spawn(async move {
            // Two keys, in one order here and in the other one there.
            let keys = if flush % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
            let intents = (0..500)
                .map(|n| note::intent(n).unique_key(if n % 2 == 0 { keys[0] } else { keys[1] }));
            sent(&jobs, intents).await
        })
    });
    let (mut dispatched, mut duplicates) = (0, 0);
    for flush in flushes.collect::<Vec<_>>() {
        let report = flush.await.expect("flushed");
        dispatched += report.dispatched();
        duplicates += report.duplicates();
    }
    println!("graphile: of 10,000 duplicates {dispatched} dispatched, {duplicates} left out");
    assert_eq!((dispatched, duplicates, rows(&jobs).await), (2, 9_998, 2));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn every_option_is_honoured() {
    let (jobs, seen) = (jobs().await, Seen::default());
    let minute = Duration::from_mins(1);
    sent(
        &jobs,
        [
            note::intent(1),
            note::intent(2).priority(7).max_attempts(9).unique_key("k").queue("other"),
            note::intent(3).delay(minute).max_attempts(0),
            note::intent(4).at(SystemTime::now() + 2 * minute).max_attempts(1_000_000),
            note::intent(5).at(SystemTime::now() - minute),
        ],
    )
    .await;
    let found = "
        SELECT identifier, priority::int8, max_attempts::int8, key,
            round(extract(epoch FROM run_at - created_at))::int8 AS wait
        FROM {schema}._private_jobs AS jobs JOIN {schema}._private_tasks AS tasks ON tasks.id = task_id
        ORDER BY jobs.id";
    let found = sqlx::query_as(sql(&jobs, found)).fetch_all(jobs.pool()).await.expect("found");
    let expected: [(&str, i64, i64, Option<&str>, i64); 5] = [
        ("airlock:default", 0, 32_767, None, 0),
        ("airlock:default", 0, 1, None, 60),
        ("airlock:default", 0, 32_767, None, 120),
        ("airlock:default", 0, 32_767, None, 0),
        ("airlock:other", -7, 9, Some("airlock:k"), 0),
    ];
    let found: Vec<(String, i64, i64, Option<String>, i64)> = found;
    let mut found: Vec<_> = found
        .iter()
        .map(|(identifier, priority, attempts, key, wait)| {
            (identifier.as_str(), *priority, *attempts, key.as_deref(), *wait)
        })
        .collect();
    found.sort_unstable_by_key(|row| (row.0, row.4, row.2));
    let mut expected = expected.to_vec();
    expected.sort_unstable_by_key(|row| (row.0, row.4, row.2));
    assert_eq!(found, expected);

    execute(&jobs, "DELETE FROM {schema}._private_jobs").await;
    let prioritized = [(1, 0), (2, 255), (3, 7), (4, 255), (5, 8)];
    sent(&jobs, prioritized.map(|(number, priority)| note::intent(number).priority(priority)))
        .await;
    sent(&jobs, [note::intent(6).expires(Duration::ZERO)]).await;
    let worker = serving(&seen).concurrency(1).build().expect("built");
    let served = run(&worker, &jobs, async {
        while jobs.list(1).await.expect("listed").is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(seen.numbers(), [2, 4, 5, 3, 1]);
    assert_eq!((served.done, served.dead), (5, 1));
    let letters = jobs.list(1).await.expect("listed");
    assert!(letters[0].reason.starts_with("it expired at "), "{letters:?}");

    // Nobody puts one back for it to expire at once.
    assert!(jobs.retry(&letters[0].id).await.expect("retried"));
    assert_eq!(run(&worker, &jobs, seen.until(6)).await.done, 6);
    assert_eq!(seen.numbers().last(), Some(&6));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_tables_could_not_hold_is_refused_by_name_and_nothing_leaves() {
    let jobs = jobs().await;
    let refused = [
        (
            note::intent(2).queue("q".repeat(121)),
            "its queue has 121 characters, and Graphile Worker takes 120",
        ),
        (note::intent(2).unique_key("k".repeat(505)), "its unique key has 505 characters"),
        (note::intent(2).unique_key("a\0b"), "its unique key contains a NUL"),
    ];
    for (intent, why) in refused {
        let error = flush(jobs.clone(), [note::intent(1), intent, note::intent(3)]).await;
        let error = error.expect_err("refused");
        assert!(error.to_string().contains(why), "{error}");
        let report = error.report();
        assert_eq!((report.failed(), report.not_attempted(), rows(&jobs).await), (1, 2, 0));
    }
    let longest = note::intent(1).queue("é".repeat(120)).unique_key("é".repeat(504));
    assert_eq!(sent(&jobs, [longest, note::intent(2).unique_key("")]).await.dispatched(), 2);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_idle_worker_is_told_of_new_jobs_and_finds_delayed_ones_in_time() {
    let (jobs, seen) = (jobs().await.poll(Duration::from_secs(20)), Seen::default());
    let (worker, told) = (serving(&seen).build().expect("built"), Instant::now());
    let told = run(&worker, &jobs, async {
        sleep(Duration::from_millis(500)).await;
        let begun = Instant::now();
        sent(&jobs, [note::intent(1)]).await;
        seen.until(1).await;
        println!("graphile: an idle worker began {:?} after the flush began", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
    });
    assert_eq!(told.await.done, 1);

    let (jobs, seen) = (jobs.poll(Duration::from_millis(500)), Seen::default());
    let worker = serving(&seen).build().expect("built");
    let begun = Instant::now();
    sent(&jobs, [note::intent(1).delay(Duration::from_secs(2))]).await;
    run(&worker, &jobs, seen.until(1)).await;
    let waited = seen.first().duration_since(begun);
    println!("graphile: a job due after 2 s began after {waited:?}");
    assert!(
        waited >= Duration::from_secs(2) && waited < Duration::from_millis(3_200),
        "{waited:?}"
    );
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_over_a_cut_connection_is_handed_back_and_the_next_one_leaves() {
    let jobs = jobs().await;
    let proxy = Proxy::to(&servers::postgres_url());
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(2));
    let through = over(&jobs, options.connect(proxy.url()).await.expect("connected"));

    for bytes in [0, 5_000, 400_000] {
        assert_eq!(
            flush(through.clone(), [note::intent(0)]).await.expect("flushed").dispatched(),
            1
        );
        let before = rows(&jobs).await;
        proxy.cut_after_sent(bytes);
        let error = flush(through.clone(), (0..10_000).map(note::intent)).await;
        let error = error.expect_err("cut");
        let counts = (error.report().failed(), error.report().dispatched());
        let handed_back = error.into_intents().len();
        println!("graphile: cut after {bytes} bytes: {handed_back} of 10,000 handed back");
        assert_eq!((counts, handed_back), ((10_000, 0), 10_000));
        assert_eq!(rows(&jobs).await, before, "nothing arrived");
        proxy.restore();
    }
    let report = flush(through, (0..10).map(note::intent)).await.expect("flushed");
    assert_eq!(report.dispatched(), 10);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn where_nobody_can_tell_whether_a_flush_has_left_it_says_so() {
    let jobs = jobs().await;
    let proxy = Proxy::to(&servers::postgres_url());
    let pool = PgPoolOptions::new().max_connections(1).connect(proxy.url()).await;
    let through = over(&jobs, pool.expect("connected"));
    let mut lost = Vec::new();
    for answered in (0..).step_by(3) {
        execute(&jobs, "DELETE FROM {schema}._private_jobs").await;
        flush(through.clone(), [note::intent(0)]).await.expect("flushed");
        proxy.cut_after_answered(answered);
        let flushed = flush(through.clone(), [note::intent(1)]).await;
        proxy.restore();
        let Err(error) = flushed else { break };
        let text = error.to_string();
        let sure = text.contains("can't send 1 intent to postgres://");
        assert!(
            sure || text.contains("can't tell whether 1 intent arrived at postgres://"),
            "{text}"
        );
        assert_eq!(error.into_intents().len(), 1);
        lost.push((sure, rows(&jobs).await == 2));
    }
    let count = |what| lost.iter().filter(|lost| **lost == what).count();
    println!(
        "graphile: of {} flushes whose answers were lost, {} had not arrived; of {} nobody could tell, \
         and {} of these had",
        lost.len(),
        count((true, false)),
        count((false, false)) + count((false, true)),
        count((false, true)),
    );
    assert_eq!(count((true, true)), 0, "what is said not to have left has not");
    assert!(count((true, false)) > 0 && count((false, true)) > 0);
}

#[tokio::test]
async fn without_a_server_connecting_says_where_and_what_to_do() {
    let error = Graphile::connect("postgres://shop:secret@127.0.0.1:1/db").await;
    let error = error.expect_err("nobody listens").to_string();
    assert!(error.starts_with("can't connect to postgres://shop@127.0.0.1:1/db: "), "{error}");
    assert!(error.ends_with("check that the server runs and that the URL leads to it"), "{error}");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn without_its_tables_a_flush_and_a_worker_say_what_to_call() {
    let jobs = Graphile::connect(&servers::postgres_url()).await.expect("connected");
    let jobs = jobs.schema(&unique::name("Missing \"schema\""));
    let error = flush(jobs.clone(), [note::intent(1)]).await.expect_err("no tables").to_string();
    assert!(error.contains("call `setup()` before it is first used"), "{error}");
    let worker = serving(&Seen::default()).build().expect("built");
    let error = worker.run(jobs.clone(), pending()).await.expect_err("no tables").to_string();
    assert!(error.contains("setup()"), "{error}");

    // By several at once, in a schema whose name needs quotes.
    let setups: Vec<_> = (0..4)
        .map(|_| {
            let jobs = jobs.clone();
            tokio::spawn(async move { jobs.setup().await })
        })
        .collect();
    for setup in setups {
        setup.await.expect("ran").expect("set up");
    }
    jobs.setup().await.expect("set up once more");
    assert_eq!(flush(jobs, [note::intent(1)]).await.expect("flushed").dispatched(), 1);
}

/// Building an index locks a table like that, for as long as it takes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_gives_signs_of_life_while_the_table_of_jobs_is_locked() {
    let jobs = jobs().await.lost_after(Duration::from_secs(3));
    sent(&jobs, [note::intent(1)]).await;
    jobs.open().await.expect("opened");
    assert_eq!(jobs.receive(1).await.expect("received").len(), 1);

    let mut lock = jobs.pool().begin().await.expect("begun");
    let locks = sql(&jobs, "LOCK TABLE {schema}._private_jobs IN SHARE MODE");
    sqlx::query(locks).execute(&mut *lock).await.expect("locked");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        sleep(Source::heartbeat(&jobs).expect("it has one")).await;
        jobs.keep_alive().await.expect_err("what it holds can't be looked after");
    }
    let ago = "SELECT extract(epoch FROM now() - last_heartbeat_at)::float8
        FROM {schema}._private_workers";
    let ago: f64 =
        sqlx::query_scalar(sql(&jobs, ago)).fetch_one(jobs.pool()).await.expect("a worker");
    assert!(ago < 2.0, "{ago} s ago");
    lock.rollback().await.expect("unlocked");

    let other = jobs.clone();
    other.open().await.expect("opened");
    assert!(other.receive(1).await.expect("received").is_empty(), "it lives");
}

#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn a_flush_leaves_from_a_thread_that_is_in_no_runtime() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let jobs = runtime.block_on(jobs());
    let flushing = jobs.clone();
    let flushed = thread::spawn(move || scope().executor(flushing).run(|| note::enqueue(1)));
    flushed.join().expect("no panic").expect("flushed").expect("enqueued");
    assert_eq!(runtime.block_on(rows(&jobs)), 1);
}

/// Sends batches in a transaction that is rolled back or committed.
struct InTransaction {
    jobs: Graphile,
    commit: bool,
}

impl Executor for InTransaction {
    async fn dispatch(&self, batch: &mut airlock::Batch) -> Result<(), DispatchError> {
        let mut transaction = self.jobs.pool().begin().await.map_err(DispatchError::all)?;
        self.jobs.dispatch_in(&mut transaction, batch).await?;
        // A duplicate has not aborted it.
        let one: i32 = sqlx::query_scalar("SELECT 1")
            .fetch_one(&mut *transaction)
            .await
            .map_err(DispatchError::all)?;
        assert_eq!(one, 1);
        if self.commit {
            transaction.commit().await.map_err(DispatchError::all)
        } else {
            transaction.rollback().await.map_err(DispatchError::all)
        }
    }
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn jobs_belong_to_the_transaction_that_they_were_sent_in() {
    let jobs = jobs().await;
    let keyed = || [note::intent(1).unique_key("k"), note::intent(2).unique_key("k")];
    let in_transaction = |commit| InTransaction { jobs: jobs.clone(), commit };
    flush(in_transaction(false), keyed()).await.expect("flushed");
    assert_eq!(rows(&jobs).await, 0);
    let report = flush(in_transaction(true), keyed()).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 1));
    let report = flush(in_transaction(true), keyed()).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates(), rows(&jobs).await), (0, 2, 1));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn many_first_flushes_of_a_queue_at_once_all_leave() {
    let jobs = jobs().await;
    for round in 0..10 {
        let flushes: Vec<_> = (0..3)
            .map(|n| {
                let jobs = jobs.clone();
                tokio::spawn(async move {
                    let queue = |other| format!("{round}-{other}");
                    let intents = (0..4).map(|other| note::intent(n).queue(queue((other + n) % 4)));
                    sent(&jobs, intents).await
                })
            })
            .collect();
        for flush in flushes {
            assert_eq!(flush.await.expect("flushed").dispatched(), 4);
        }
    }
    assert_eq!(rows(&jobs).await, 120);
    let orphans = "
        SELECT count(*) FROM {schema}._private_jobs
        WHERE task_id NOT IN (SELECT id FROM {schema}._private_tasks)";
    assert_eq!(number(&jobs, orphans).await, 0);
}

/// Each takes more than one statement, the first of which makes one of the queues.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn first_flushes_of_the_same_queues_do_not_dead_lock() {
    const HALF: u64 = 10_000;
    let jobs = jobs().await;
    for round in 0..3 {
        let flush = |first: &str, second: &str| {
            let queues = [first, second].map(|queue| format!("{round}-{queue}"));
            let intents = queues.into_iter().flat_map(|queue| {
                (0..HALF).map(move |number| note::intent(number).queue(queue.clone()))
            });
            flush(jobs.clone(), intents)
        };
        let (forth, back) = tokio::join!(flush("a", "b"), flush("b", "a"));
        for flushed in [forth, back] {
            assert_eq!(flushed.err().map(|error| error.to_string()), None);
        }
    }
    assert_eq!(rows(&jobs).await.cast_unsigned(), 3 * 2 * 2 * HALF);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_queue_outlives_graphiles_clean_up_of_unused_tasks() {
    let (jobs, seen) = (jobs().await, Seen::default());
    let worker = serving(&seen).build().expect("built");
    let served = run(&worker, &jobs, async {
        for round in 1..=3 {
            sent(&jobs, [note::intent(1)]).await;
            seen.until(round).await;
            none_left(&jobs).await;
            execute(&jobs, "DELETE FROM {schema}._private_tasks").await;
        }
    });
    assert_eq!(served.await.done, 3);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_task_that_fails_is_tried_again_when_the_worker_says_so() {
    let (jobs, seen) = (jobs().await.poll(Duration::from_millis(10)), Seen::default());
    sent(&jobs, [fail::intent(3)]).await;
    let worker = serving(&seen).build().expect("built");
    let begun = Instant::now();
    let served = run(&worker, &jobs, none_left(&jobs));
    assert_eq!(served.await, Served { done: 1, retried: 2, ..Served::default() });
    // Graphile's own waits are e and e² seconds.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(seen.count(), 3);

    let (jobs, seen) = (self::jobs().await, Seen::default());
    sent(&jobs, [fail::intent(usize::MAX)]).await;
    let slow = Backoff::new(Duration::from_mins(10)).exact();
    let worker = serving(&seen).backoff(slow).build().expect("built");
    run(&worker, &jobs, seen.until(1)).await;
    let waits = "
        SELECT round(extract(epoch FROM run_at - now()))::int8 FROM {schema}._private_jobs
        WHERE attempts = 1 AND last_error LIKE 'attempt 1 of%it' AND locked_at IS NULL";
    let waits = number(&jobs, waits).await;
    assert!((590..=600).contains(&waits), "{waits}");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_is_given_up_is_kept_with_its_reason_listed_found_retried_and_removed() {
    let (jobs, seen) = (jobs().await.poll(Duration::from_millis(10)), Seen::default());
    sent(&jobs, [fail::intent(5).max_attempts(2).unique_key("k"), note::intent(1)]).await;
    let add = "SELECT {schema}.add_job('airlock:default', '{\"not\": \"ours\"}'::json)";
    execute(&jobs, add).await;
    let worker = serving(&seen).concurrency(1).build().expect("built");
    let served = run(&worker, &jobs, dead_letters(&jobs, 2)).await;
    assert_eq!(served, Served { done: 1, retried: 1, dead: 2, ..Served::default() });

    let letters = jobs.list(10).await.expect("listed");
    let [undecodable, failed] = &letters[..] else { panic!("two: {letters:?}") };
    assert_eq!(undecodable.task, None);
    assert_eq!(undecodable.body, br#"{"not": "ours"}"#);
    assert!(undecodable.reason.starts_with("the message is no envelope: "), "{undecodable:?}");
    assert_eq!(failed.task.as_deref(), Some("graphile.fail"));
    assert_eq!((failed.queue.as_str(), failed.attempts), ("default", 2));
    assert_eq!(failed.reason, "attempt 3 of\u{fffd}it (attempt 2 of 2)");
    assert!(failed.since.elapsed().expect("in the past") < Duration::from_mins(1));
    assert_eq!(jobs.list(1).await.expect("listed").len(), 1);
    assert_eq!(jobs.find(&failed.id).await.expect("found").as_ref(), Some(failed));
    assert_eq!(jobs.find("12345").await.expect("asked"), None);
    assert_eq!(jobs.find("no number").await.expect("asked"), None);
    let others = jobs.clone().queue("other");
    assert_eq!(others.list(10).await.expect("listed"), []);
    assert!(!others.remove(&failed.id).await.expect("asked"));
    assert!(!others.retry(&failed.id).await.expect("asked"));

    // While another job has its key it can't have it again.
    sent(&jobs, [note::intent(2).unique_key("k").delay(Duration::from_mins(10))]).await;
    let error = jobs.retry(&failed.id).await.expect_err("held").to_string();
    assert!(error.contains("another job has its unique key"), "{error}");
    assert_eq!(jobs.list(10).await.expect("listed").len(), 2);
    execute(&jobs, "DELETE FROM {schema}._private_jobs WHERE key IS NOT NULL").await;

    assert!(jobs.retry(&failed.id).await.expect("retried"));
    assert!(!jobs.retry(&failed.id).await.expect("asked"), "it is none any more");
    assert_eq!(sent(&jobs, [note::intent(3).unique_key("k")]).await.duplicates(), 1);
    let served = run(&serving(&seen).build().expect("built"), &jobs, async {
        while rows(&jobs).await > 1 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!((served.done, served.retried), (1, 1), "both attempts are there again");

    assert!(jobs.remove(&undecodable.id).await.expect("removed"));
    assert!(!jobs.remove(&undecodable.id).await.expect("asked"));
    assert_eq!(rows(&jobs).await, 0);
}

/// Returns when there are so many dead letters.
async fn dead_letters(jobs: &Graphile, count: usize) {
    while jobs.list(count).await.expect("listed").len() < count {
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn arguments_arrive_as_they_were() {
    let (jobs, seen) = (jobs().await, Seen::default());
    sent(&jobs, [large::intent(u128::MAX, "a\0b".to_owned())]).await;
    let served = run(&serving(&seen).build().expect("built"), &jobs, seen.until(1)).await;
    assert_eq!((served.done, served.dead), (1, 0));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_a_killed_worker_held_is_taken_over_and_that_counts_as_no_attempt() {
    let (jobs, seen) = (jobs().await.lost_after(Duration::from_secs(1)), Seen::default());
    sent(&jobs, (0..10).map(|n| note::intent(n).max_attempts(1))).await;
    let begun = Instant::now();
    assert_eq!(killed_worker_takes(&jobs, 6).await, 6);
    let worker = serving(&seen).concurrency(1).build().expect("built");
    let served = run(&worker, &jobs, seen.until(10)).await;
    println!("graphile: 6 of 10 were taken over {:?} after they were taken", begun.elapsed());
    assert_eq!(served, Served { done: 10, ..Served::default() });
    assert_eq!(seen.numbers(), [6, 7, 8, 9, 0, 1, 2, 3, 4, 5]);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let workers = "SELECT count(*) FROM {schema}._private_workers";
    assert_eq!(number(&jobs, workers).await, 0, "the worker has taken leave");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_lives_keeps_what_it_holds_and_so_do_those_of_other_programs() {
    let (jobs, seen) = (jobs().await.lost_after(Duration::from_secs(1)), Seen::default());
    sent(&jobs, (0..3).map(note::intent)).await;
    // Workers in Node register nowhere, and others say nothing of when they are lost.
    let others = "
        WITH lost AS (
            INSERT INTO {schema}._private_workers (id, last_heartbeat_at)
            VALUES ('rust', now() - interval '1 day')
        )
        UPDATE {schema}._private_jobs
        SET locked_at = now() - interval '1 day', locked_by = (ARRAY['node', 'rust'])[rank]
        FROM (SELECT id AS job, row_number() OVER (ORDER BY run_at) AS rank FROM {schema}._private_jobs) AS ranks
        WHERE id = job AND rank < 3";
    execute(&jobs, others).await;
    let slow = jobs.clone();
    assert_eq!(killed_worker_takes(&jobs.clone().lost_after(Duration::from_mins(10)), 1).await, 1);
    let worker = serving(&seen).build().expect("built");
    let served = run(&worker, &slow, sleep(Duration::from_millis(2_500))).await;
    assert_eq!(served, Served::default());
    let held = "SELECT count(*) FROM {schema}._private_jobs WHERE locked_at IS NOT NULL";
    assert_eq!(number(&jobs, held).await, 3);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_others_counted_as_lost_registers_again_before_it_takes_more() {
    let jobs = jobs().await;
    let lost = jobs.clone();
    lost.open().await.expect("opened");
    execute(&jobs, "DELETE FROM {schema}._private_workers").await;
    sent(&jobs, [note::intent(1)]).await;
    assert_eq!(lost.receive(5).await.expect("received").len(), 1);
    let registered = "
        SELECT count(*) FROM {schema}._private_workers AS workers
        JOIN {schema}._private_jobs ON locked_by = workers.id";
    assert_eq!(number(&jobs, registered).await, 1);
    lost.close().await.expect("closed");
    let free = "SELECT count(*) FROM {schema}._private_jobs WHERE is_available AND attempts = 0";
    assert_eq!(number(&jobs, free).await, 1, "what it could not settle is given back");
}

#[airlock::task(name = "graphile.slow")]
async fn slow(#[state] seen: &Seen, milliseconds: u64) {
    seen.note(milliseconds);
    sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_stops_gives_back_what_it_did_not_do_at_once() {
    let (jobs, seen) = (jobs().await, Seen::default());
    sent(&jobs, [600_000, 1, 2].map(|n| slow::intent(n).max_attempts(1))).await;
    let builder = || worker().state(seen.clone()).serving(tasks![slow]).concurrency(1);
    let stopping = builder().grace(Duration::from_millis(50)).build().expect("built");
    let served = run(&stopping, &jobs, seen.until(1)).await;
    // What is given back may be taken once more before the worker has stopped.
    assert!(served.returned >= 3, "{served}");
    assert_eq!(Served { returned: 0, ..served }, Served::default());
    let free = "SELECT count(*) FROM {schema}._private_jobs WHERE is_available AND attempts = 0";
    assert_eq!(number(&jobs, free).await, 3);
    // In their old places.
    let next = builder().grace(Duration::from_millis(50)).build().expect("built");
    run(&next, &jobs, seen.until(2)).await;
    assert_eq!(seen.numbers(), [600_000, 600_000]);
}

/// Says something else of the first message than the worker does, or says it once more.
struct Meddler {
    jobs: Graphile,
    first: Mutex<Option<Meddling>>,
    seen: Seen,
}

enum Meddling {
    /// As if it had come early.
    Early(Duration),
    /// When the next attempt is under way.
    Again,
}

impl Source for Meddler {
    type Receipt = GraphileReceipt;

    async fn wait(&self) {
        self.jobs.wait().await;
    }

    async fn receive(
        &self,
        room: usize,
    ) -> Result<Vec<Message<GraphileReceipt>>, airlock::BoxError> {
        self.jobs.receive(room).await
    }

    async fn settle(&self, settled: &[Settled<GraphileReceipt>]) -> Result<(), airlock::BoxError> {
        let first = self.first.lock().expect("nobody panics").take();
        match first {
            None => self.jobs.settle(settled).await,
            Some(Meddling::Early(after)) => {
                let receipt = settled[0].receipt.clone();
                let settlement = Settlement::Retry { after, reason: None };
                self.jobs.settle(&[Settled { receipt, settlement }]).await
            }
            Some(Meddling::Again) => {
                self.jobs.settle(settled).await?;
                self.seen.until(2).await;
                self.jobs.settle(settled).await?;
                let held = "
                    SELECT count(*) FROM {schema}._private_jobs
                    WHERE attempts = 2 AND locked_at IS NOT NULL AND max_attempts > 2";
                assert_eq!(number(&self.jobs, held).await, 1, "the next delivery is left alone");
                Ok(())
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn to_settle_twice_does_nothing_to_the_next_delivery() {
    let (jobs, seen) = (jobs().await.poll(Duration::from_millis(10)), Seen::default());
    sent(&jobs, [fail::intent(2)]).await;
    let first = Mutex::new(Some(Meddling::Again));
    let source = Meddler { jobs: jobs.clone(), first, seen: seen.clone() };
    let until = timeout(Duration::from_secs(30), none_left(&jobs));
    let worker = serving(&seen).build().expect("built");
    let served = worker.run(source, async { until.await.expect("in time") }).await.expect("ran");
    assert_eq!(served, Served { done: 1, retried: 1, ..Served::default() });
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_message_that_came_early_counts_as_no_attempt() {
    let (jobs, seen) = (jobs().await.poll(Duration::from_millis(10)), Seen::default());
    sent(&jobs, [note::intent(1).max_attempts(1)]).await;
    let early = Duration::from_millis(500);
    let first = Mutex::new(Some(Meddling::Early(early)));
    let source = Meddler { jobs: jobs.clone(), first, seen: seen.clone() };
    let (until, begun) = (timeout(Duration::from_secs(30), seen.until(2)), Instant::now());
    let worker = serving(&seen).build().expect("built");
    worker.run(source, async { until.await.expect("in time") }).await.expect("ran");
    assert!(begun.elapsed() >= early);
    assert_eq!(rows(&jobs).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn two_workers_share_a_queue_and_run_nothing_twice() {
    let (jobs, seen) = (jobs().await, Seen::default());
    sent(&jobs, (0..2_000).map(note::intent)).await;
    let [one, two] = [(); 2].map(|()| serving(&seen).build().expect("built"));
    let (one, two) =
        tokio::join!(run(&one, &jobs, none_left(&jobs)), run(&two, &jobs, none_left(&jobs)));
    println!("graphile: two workers, 2,000 tasks: {one}; {two}");
    assert_eq!(one.done + two.done, 2_000);
    let mut numbers = seen.numbers();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..2_000));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_takes_from_its_own_queues_only() {
    let (jobs, seen) = (jobs().await, Seen::default());
    sent(&jobs, [note::intent(1), note::intent(2).queue("emails"), note::intent(3).queue("bulk")])
        .await;
    execute(&jobs, "SELECT {schema}.add_job('emails', '{}'::json)").await;
    let worker = serving(&seen).concurrency(1).build().expect("built");
    run(&worker, &jobs.clone().queue("emails"), sleep(Duration::from_millis(300))).await;
    assert_eq!(seen.numbers(), [2]);
    run(&worker, &jobs.clone().queues(["default", "bulk"]), seen.until(3)).await;
    assert_eq!(seen.numbers(), [2, 1, 3]);
    assert_eq!(rows(&jobs).await, 1, "the job of another program is left alone");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_with_a_pool_of_one_connection_survives_a_cut_line() {
    let (jobs, seen) = (jobs().await, Seen::default());
    let proxy = Proxy::to(&servers::postgres_url());
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(2));
    let through = over(&jobs, options.connect(proxy.url()).await.expect("connected"));
    let worker = serving(&seen).build().expect("built");
    let served = run(&worker, &through, async {
        sent(&jobs, [note::intent(1)]).await;
        seen.until(1).await;
        proxy.cut();
        sleep(Duration::from_millis(500)).await;
        sent(&jobs, [note::intent(2)]).await;
        proxy.restore();
        seen.until(2).await;
        none_left(&jobs).await;
    });
    assert_eq!(served.await, Served { done: 2, ..Served::default() });
    assert_eq!(seen.numbers(), [1, 2]);
}
