//! What SQLite and PostgreSQL have in common: each of these is a test of either.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use airlock::apalis::{Postgres, SqlReceipt, Sqlite};
use airlock::worker::{DeadLetters, Message, Served, Settled, Settlement, Source, Worker};
use airlock::{Backoff, Executor, FlushError, Intent, Report, tasks};
use serde_json::Value;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

/// A handle of either engine.
pub(crate) trait Engine:
    Executor + Source<Receipt = SqlReceipt> + DeadLetters + Clone
{
    fn lost_after_3_s(self) -> Self;
    fn serving(self, queues: &[&str]) -> Self;

    /// Status, attempts and last result of a queue's jobs, in the order of the flush.
    async fn rows(&self, queue: &str) -> Vec<(String, i64, Option<String>)>;

    /// Writes a job into the table as another program may.
    async fn insert(&self, queue: &str, id: &str, body: &[u8]);

    /// How many workers of a queue there are.
    async fn workers(&self, queue: &str) -> i64;

    /// Removes what is done.
    async fn remove_all_done(&self) -> u64;
}

impl Engine for Sqlite {
    fn lost_after_3_s(self) -> Self {
        self.lost_after(Duration::from_secs(1))
    }

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    async fn rows(&self, queue: &str) -> Vec<(String, i64, Option<String>)> {
        const ROWS: &str =
            "SELECT status, attempts, last_result FROM Jobs WHERE job_type = ?1 ORDER BY id";
        sqlx::query_as(ROWS).bind(queue).fetch_all(self.pool()).await.expect("rows")
    }

    async fn insert(&self, queue: &str, id: &str, body: &[u8]) {
        const INSERT: &str = "INSERT INTO Jobs (job, id, job_type) VALUES (?1, ?2, ?3)";
        let inserted = sqlx::query(INSERT).bind(body).bind(id).bind(queue);
        inserted.execute(self.pool()).await.expect("inserted");
    }

    async fn workers(&self, queue: &str) -> i64 {
        const WORKERS: &str = "SELECT count(*) FROM Workers WHERE worker_type = ?1";
        sqlx::query_scalar(WORKERS).bind(queue).fetch_one(self.pool()).await.expect("a count")
    }

    async fn remove_all_done(&self) -> u64 {
        self.remove_done(Duration::ZERO).await.expect("removed")
    }
}

impl Engine for Postgres {
    fn lost_after_3_s(self) -> Self {
        self.lost_after(Duration::from_secs(1))
    }

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    async fn rows(&self, queue: &str) -> Vec<(String, i64, Option<String>)> {
        const ROWS: &str = "SELECT status, attempts::int8, last_result::text FROM apalis.jobs \
                            WHERE job_type = $1 ORDER BY id";
        sqlx::query_as(ROWS).bind(queue).fetch_all(self.pool()).await.expect("rows")
    }

    async fn insert(&self, queue: &str, id: &str, body: &[u8]) {
        const INSERT: &str = "INSERT INTO apalis.jobs (job, id, job_type) VALUES ($1, $2, $3)";
        let inserted = sqlx::query(INSERT).bind(body).bind(id).bind(queue);
        inserted.execute(self.pool()).await.expect("inserted");
    }

    async fn workers(&self, queue: &str) -> i64 {
        const WORKERS: &str = "SELECT count(*) FROM apalis.workers WHERE worker_type = $1";
        sqlx::query_scalar(WORKERS).bind(queue).fetch_one(self.pool()).await.expect("a count")
    }

    async fn remove_all_done(&self) -> u64 {
        self.remove_done(Duration::ZERO).await.expect("removed")
    }
}

/// What ran, with when.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<Vec<(u64, Instant)>>>);

impl Runs {
    fn note(&self, number: u64) -> u64 {
        let mut runs = self.0.lock().expect("nobody panics");
        runs.push((number, Instant::now()));
        runs.iter().filter(|(ran, _)| *ran == number).count() as u64
    }

    fn numbers(&self) -> Vec<u64> {
        self.0.lock().expect("nobody panics").iter().map(|(number, _)| *number).collect()
    }

    fn times(&self) -> Vec<Instant> {
        self.0.lock().expect("nobody panics").iter().map(|(_, time)| *time).collect()
    }

    /// Returns when so many have run.
    async fn reach(&self, count: usize) {
        let reached = async {
            while self.numbers().len() < count {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let time = Duration::from_mins(2);
        let in_time = timeout(time, reached).await;
        in_time.unwrap_or_else(|_| panic!("{} of {count} ran in {time:?}", self.numbers().len()));
    }
}

#[airlock::task]
async fn count(#[state] runs: &Runs, number: u64) {
    yield_now().await;
    runs.note(number);
}

/// Fails until its attempt of this number.
#[airlock::task(name = "apalis_sql.struggle")]
async fn struggle(#[state] runs: &Runs, number: u64, attempts: u64) -> Result<(), String> {
    yield_now().await;
    let attempt = runs.note(number);
    if attempt < attempts { Err(format!("attempt {attempt}\0failed")) } else { Ok(()) }
}

fn worker(runs: &Runs, concurrency: usize) -> Worker {
    let worker = airlock::worker().state(runs.clone()).serving(tasks![count, struggle]);
    let worker = worker.concurrency(concurrency).prefetch(64).max_attempts(3);
    let backoff = Backoff::new(Duration::from_millis(500)).exact();
    worker.backoff(backoff).build().expect("a worker")
}

/// Flushes intents, all at once.
pub(crate) async fn flush(
    engine: &impl Engine,
    intents: impl IntoIterator<Item = Intent>,
) -> Result<Report, FlushError> {
    let enqueued = async { intents.into_iter().try_for_each(Intent::enqueue).expect("enqueued") };
    let ((), sealed) = airlock::scope().executor(engine.clone()).seal_async(enqueued).await;
    sealed.flush_async().await
}

pub(crate) fn counts(numbers: impl IntoIterator<Item = u64>, queue: &str) -> Vec<Intent> {
    let queue = |number| count::intent(number).queue(queue.to_owned());
    numbers.into_iter().map(queue).collect()
}

/// Runs a worker until so many tasks have run, and everything is settled.
async fn work(engine: &impl Engine, runs: &Runs, concurrency: usize, until: usize) -> Served {
    let stop = {
        let runs = runs.clone();
        async move { runs.reach(until).await }
    };
    worker(runs, concurrency).run(engine.clone(), stop).await.expect("a worker")
}

/// A message, read.
struct Received {
    receipt: SqlReceipt,
    number: u64,
    max_attempts: Option<u32>,
}

impl Received {
    fn new(message: Message<SqlReceipt>) -> Self {
        let (receipt, envelope, _) = message.into_parts();
        let envelope = envelope.expect("an envelope");
        let arguments: Value = serde_json::from_str(envelope.arguments()).expect("JSON");
        let number = arguments["number"].as_u64().expect("a number");
        Self { receipt, number, max_attempts: envelope.max_attempts() }
    }
}

async fn receive(engine: &impl Engine, room: usize) -> Vec<Received> {
    let messages = engine.receive(room).await.expect("received");
    messages.into_iter().map(Received::new).collect()
}

fn numbers(messages: &[Received]) -> Vec<u64> {
    messages.iter().map(|message| message.number).collect()
}

fn settled(messages: Vec<Received>, settlement: &Settlement) -> Vec<Settled<SqlReceipt>> {
    let settled =
        |message: Received| Settled { receipt: message.receipt, settlement: settlement.clone() };
    messages.into_iter().map(settled).collect()
}

pub(crate) async fn ten_thousand_leave_at_once_and_run_once_each_in_order(
    engine: impl Engine,
    queue: &str,
) {
    let begun = Instant::now();
    let report = flush(&engine, counts(0..10_000, queue)).await.expect("flushed");
    let flushed = begun.elapsed();
    assert_eq!(report.dispatched(), 10_000);

    let (runs, begun) = (Runs::default(), Instant::now());
    let served = work(&engine, &runs, 1, 10_000).await;
    println!(
        "{queue}: 10000 enqueued, flushed in {flushed:.0?}, {} done in order in {:.1?}",
        served.done,
        begun.elapsed()
    );
    assert_eq!(served.done, 10_000);
    assert!(runs.numbers().into_iter().eq(0..10_000));
    assert!(
        engine
            .rows(queue)
            .await
            .iter()
            .all(|(status, attempts, _)| status == "Done" && *attempts == 1)
    );
}

pub(crate) async fn flushes_keep_their_order_among_one_another(engine: impl Engine, queue: &str) {
    let mut next = 0;
    for size in [1, 3_000, 1, 1, 500, 1] {
        flush(&engine, counts(next..next + size, queue)).await.expect("flushed");
        next += size;
    }
    engine.open().await.expect("opened");
    let mut received = Vec::new();
    while received.len() < 3_504 {
        let messages = receive(&engine, 700).await;
        assert!(!messages.is_empty(), "all are due");
        received.extend(numbers(&messages));
    }
    assert!(received.into_iter().eq(0..3_504));
}

pub(crate) async fn a_unique_key_is_held_until_its_job_has_ended(engine: impl Engine, queue: &str) {
    let keyed = |number: u64| count::intent(number).queue(queue.to_owned()).unique_key("a key");
    let others = counts([8, 9], queue);

    // Two of one key in a batch: the first stays.
    let report = flush(&engine, [keyed(1), keyed(2)].into_iter().chain(others)).await;
    let report = report.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates()), (3, 1));
    let report = flush(&engine, [keyed(3)]).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates()), (0, 1), "against the queue");

    engine.open().await.expect("opened");
    let messages = receive(&engine, 10).await;
    assert_eq!(numbers(&messages), [1, 8, 9]);
    let report = flush(&engine, [keyed(4)]).await.expect("flushed");
    assert_eq!(report.duplicates(), 1, "against what a worker holds");

    engine.settle(&settled(messages, &Settlement::Done)).await.expect("settled");
    let report = flush(&engine, [keyed(5), keyed(6)]).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 1), "after it was done");

    let messages = receive(&engine, 10).await;
    assert_eq!(numbers(&messages), [5]);
    let dead = Settlement::Dead { reason: "given up".to_owned() };
    engine.settle(&settled(messages, &dead)).await.expect("settled");
    let report = flush(&engine, [keyed(7)]).await.expect("flushed");
    assert_eq!(report.dispatched(), 1, "after it was given up");

    // The letter can't come back while another one has its key.
    let letters = engine.list(10).await.expect("letters");
    let error = engine.retry(&letters[0].id).await.expect_err("the key is held").to_string();
    assert!(error.contains("holds another job of the unique key `a key`"), "{error}");
    let messages = receive(&engine, 10).await;
    engine.settle(&settled(messages, &Settlement::Done)).await.expect("settled");
    assert!(engine.retry(&letters[0].id).await.expect("retried"));
    assert_eq!(flush(&engine, [keyed(8)]).await.expect("flushed").duplicates(), 1);
}

pub(crate) async fn ten_thousand_duplicates_leave_one(engine: impl Engine, queue: &str) {
    let keyed = |number| count::intent(number).queue(queue.to_owned()).unique_key("one");
    let begun = Instant::now();
    let report = flush(&engine, (0..10_000).map(keyed)).await.expect("flushed");
    println!(
        "{queue}: 10000 of one key, {} left out in {:.0?}",
        report.duplicates(),
        begun.elapsed()
    );
    assert_eq!((report.dispatched(), report.duplicates()), (1, 9_999));
    assert_eq!(engine.rows(queue).await.len(), 1);
}

/// Two flushes of the same keys in opposite orders, many times at once.
pub(crate) async fn flushes_of_the_same_keys_do_not_dead_lock(engine: impl Engine, queue: &str) {
    let keyed = |number: u64| {
        count::intent(number).queue(queue.to_owned()).unique_key(format!("key {number}"))
    };
    let flushes: Vec<_> = (0..16)
        .map(|turn| {
            let engine = engine.clone();
            let mut intents: Vec<_> = (0..300).map(keyed).collect();
            if turn % 2 == 1 {
                intents.reverse();
            }
            tokio::spawn(async move { flush(&engine, intents).await.expect("flushed") })
        })
        .collect();
    let mut dispatched = 0;
    for flushed in flushes {
        dispatched += flushed.await.expect("no panic").dispatched();
    }
    assert_eq!(dispatched, 300);
    assert_eq!(engine.rows(queue).await.len(), 300);
}

pub(crate) async fn options_are_honoured(engine: impl Engine, queue: &str) {
    let elsewhere = format!("{queue}_elsewhere");
    let soon = SystemTime::now() + Duration::from_millis(1_500);
    let intent = |number| count::intent(number).queue(queue.to_owned());
    let intents = [
        intent(1),
        intent(2).priority(1),
        intent(3).priority(255),
        intent(4).delay(Duration::from_millis(1_500)),
        intent(5).at(soon),
        intent(6).queue(elsewhere.clone()),
        intent(7).expires(Duration::ZERO),
        intent(8).max_attempts(7).unique_key("8"),
        intent(9).at(SystemTime::UNIX_EPOCH).priority(2),
    ];
    let report = flush(&engine, intents).await.expect("flushed");
    assert_eq!(report.dispatched(), 9);

    engine.open().await.expect("opened");
    let messages = receive(&engine, 20).await;
    assert_eq!(numbers(&messages), [3, 9, 2, 1, 7, 8]);
    assert_eq!(messages[5].max_attempts, Some(7));
    engine.settle(&settled(messages, &Settlement::Return)).await.expect("settled");

    let runs = Runs::default();
    let served = work(&engine, &runs, 1, 7).await;
    assert_eq!((served.done, served.dead), (7, 1), "{served}");
    assert!(SystemTime::now() >= soon);
    let letters = engine.list(10).await.expect("letters");
    assert!(letters[0].reason.starts_with("it expired at "), "{letters:?}");
    let served = work(&engine.clone().serving(&[&elsewhere]), &runs, 1, 8).await;
    assert_eq!(served.done, 1);
}

pub(crate) async fn a_delayed_job_starts_in_time(engine: impl Engine, queue: &str) {
    let runs = Runs::default();
    let working = tokio::spawn({
        let (engine, runs) = (engine.clone(), runs.clone());
        async move { work(&engine, &runs, 4, 3).await }
    });
    sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    let late = |number: u64, delay| {
        count::intent(number).queue(queue.to_owned()).delay(Duration::from_millis(delay))
    };
    flush(&engine, [late(1, 2_000), late(2, 2_300), late(3, 300)]).await.expect("flushed");
    assert_eq!(working.await.expect("no panic").done, 3);
    let mut late: Vec<_> = runs.numbers().into_iter().zip(runs.times()).collect();
    late.sort_unstable();
    for ((number, time), delay) in late.into_iter().zip([2_000, 2_300, 300]) {
        let late = (time - begun).checked_sub(Duration::from_millis(delay));
        let late = late.unwrap_or_else(|| panic!("{number} ran early"));
        println!("{queue}: a delay of {delay} ms was exceeded by {late:.0?}");
        assert!(late < Duration::from_millis(1_700), "{number} ran {late:?} late");
    }
}

/// The worker has been idle, and other handles flush than the one it serves.
pub(crate) async fn an_idle_worker_starts_at_once(
    worked: impl Engine,
    flushed: impl Engine,
    queue: &str,
    within: Duration,
) {
    let runs = Runs::default();
    let working = tokio::spawn({
        let runs = runs.clone();
        async move { work(&worked, &runs, 4, 20).await }
    });
    sleep(Duration::from_secs(1)).await;
    let mut latencies = Vec::new();
    for number in 0..20_usize {
        let begun = Instant::now();
        flush(&flushed, counts([number as u64], queue)).await.expect("flushed");
        runs.reach(number + 1).await;
        latencies.push(begun.elapsed());
        sleep(Duration::from_millis(30)).await;
    }
    latencies.sort_unstable();
    println!(
        "{queue}: from flush to start, idle: {:.1?}, at most {:.1?}",
        latencies[10], latencies[19]
    );
    assert!(latencies[10] < within, "{latencies:?}");
    working.await.expect("no panic");
}

pub(crate) async fn a_failed_task_is_tried_again_and_then_given_up(
    engine: impl Engine,
    queue: &str,
) {
    let intents = [struggle::intent(1, 3), struggle::intent(2, 100)];
    let intents = intents.map(|intent| intent.queue(queue.to_owned()));
    flush(&engine, intents).await.expect("flushed");

    let runs = Runs::default();
    let served = work(&engine, &runs, 2, 6).await;
    assert_eq!((served.done, served.retried, served.dead), (1, 4, 1), "{served}");
    let times: Vec<_> =
        runs.numbers().into_iter().zip(runs.times()).filter(|(number, _)| *number == 1).collect();
    assert!(times[1].1 - times[0].1 >= Duration::from_millis(500), "{times:?}");
    assert!(times[2].1 - times[1].1 >= Duration::from_secs(1), "{times:?}");

    let rows = engine.rows(queue).await;
    let status: Vec<_> = rows.iter().map(|(status, attempts, _)| (&**status, *attempts)).collect();
    assert_eq!(status, [("Done", 3), ("Killed", 3)]);
    let letters = engine.list(10).await.expect("letters");
    let [letter] = &letters[..] else { panic!("one letter: {letters:?}") };
    assert_eq!(letter.reason, "attempt 3\u{fffd}failed (attempt 3 of 3)");
    assert_eq!(letter.task.as_deref(), Some("apalis_sql.struggle"));
    assert_eq!((letter.attempts, &*letter.queue), (3, queue));
    let age = SystemTime::now().duration_since(letter.since).expect("in the past");
    assert!(age < Duration::from_mins(1), "{age:?}");
}

pub(crate) async fn the_reason_of_a_failed_attempt_is_kept(engine: impl Engine, queue: &str) {
    flush(&engine, counts([1], queue)).await.expect("flushed");
    engine.open().await.expect("opened");
    let again = Settlement::Retry { after: Duration::ZERO, reason: Some("no \0 luck".to_owned()) };
    let messages = receive(&engine, 10).await;
    engine.settle(&settled(messages, &again)).await.expect("settled");
    let rows = engine.rows(queue).await;
    assert_eq!((&*rows[0].0, rows[0].1), ("Pending", 1));
    assert!(
        rows[0].2.as_ref().is_some_and(|result| result.contains("no \u{fffd} luck")),
        "{rows:?}"
    );
}

pub(crate) async fn what_goes_back_counts_no_attempt(engine: impl Engine, queue: &str) {
    flush(&engine, counts(0..3, queue)).await.expect("flushed");
    engine.open().await.expect("opened");
    let mut messages = receive(&engine, 2).await;
    let early = settled(
        messages.split_off(1),
        &Settlement::Retry { after: Duration::from_secs(1), reason: None },
    );
    let returned = settled(messages, &Settlement::Return);
    let both: Vec<_> = returned.into_iter().chain(early).collect();
    engine.settle(&both).await.expect("settled");
    // Told once more, as a worker does that has not heard that it was told.
    engine.settle(&both).await.expect("settled");

    let other = engine.clone();
    other.open().await.expect("opened");
    let messages = receive(&other, 10).await;
    assert_eq!(numbers(&messages), [0, 2], "in its old place, at once");
    let none_counted = async || {
        let rows = engine.rows(queue).await;
        assert!(rows.iter().all(|(_, attempts, _)| *attempts == 0), "{rows:?}");
    };
    none_counted().await;
    let begun = Instant::now();
    let message = loop {
        other.wait().await;
        if let Some(message) = receive(&other, 10).await.pop() {
            break message;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "the early one never comes");
    };
    assert_eq!(message.number, 1);
    none_counted().await;
}

pub(crate) async fn a_worker_that_ends_leaves_nothing_behind(engine: impl Engine, queue: &str) {
    flush(&engine, counts(0..2, queue)).await.expect("flushed");
    engine.open().await.expect("opened");
    let messages = engine.receive(1).await.expect("received");
    assert_eq!((messages.len(), engine.workers(queue).await), (1, 1));
    engine.close().await.expect("closed");
    assert_eq!(engine.workers(queue).await, 0);
    // What it could not settle is there at once, and was no attempt.
    let runs = Runs::default();
    assert_eq!(work(&engine, &runs, 1, 2).await.done, 2);
    assert_eq!((runs.numbers(), engine.workers(queue).await), (vec![0, 1], 0));
    assert!(engine.rows(queue).await.iter().all(|(_, attempts, _)| *attempts == 1));
}

/// Longer than any database could write.
pub(crate) async fn an_endless_wait_is_a_long_one(engine: impl Engine, queue: &str) {
    flush(&engine, counts(0..1, queue)).await.expect("flushed");
    engine.open().await.expect("opened");
    let again = Settlement::Retry { after: Duration::MAX, reason: Some("failed".into()) };
    let messages = receive(&engine, 1).await;
    engine.settle(&settled(messages, &again)).await.expect("settled");
    assert_eq!((&*engine.rows(queue).await[0].0, receive(&engine, 1).await.len()), ("Pending", 0));
}

/// As when the answer to the first time was lost, and the job was delivered again meanwhile.
pub(crate) async fn to_settle_twice_does_nothing_to_the_next_delivery(
    engine: impl Engine,
    queue: &str,
) {
    let attempt = async || {
        let begun = Instant::now();
        loop {
            if let Some(message) = receive(&engine, 10).await.pop() {
                return message.receipt;
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "it never comes again");
            sleep(Duration::from_millis(20)).await;
        }
    };
    flush(&engine, counts(0..1, queue)).await.expect("flushed");
    engine.open().await.expect("opened");
    let again = Settlement::Retry { after: Duration::ZERO, reason: Some("failed".into()) };
    let first = [Settled { receipt: attempt().await, settlement: again }];
    engine.settle(&first).await.expect("settled");
    let second = attempt().await;
    engine.settle(&first).await.expect("settled once more");
    assert!(receive(&engine, 10).await.is_empty(), "the second attempt is under way");
    let second = [Settled { receipt: second, settlement: Settlement::Done }];
    engine.settle(&second).await.expect("settled");
    let rows = engine.rows(queue).await;
    assert_eq!((&*rows[0].0, rows[0].1), ("Done", 2));
}

pub(crate) async fn what_a_lost_worker_held_is_taken_over(engine: impl Engine, queue: &str) {
    let engine = engine.lost_after_3_s();
    flush(&engine, counts(0..5, queue)).await.expect("flushed");
    let lost = engine.clone();
    lost.open().await.expect("opened");
    assert_eq!(receive(&lost, 3).await.len(), 3);
    drop(lost);
    let begun = Instant::now();

    // This one lives, longer than a lost one is waited for: nobody takes what it holds.
    let alive = engine.clone();
    alive.open().await.expect("opened");
    let held = receive(&alive, 1).await;
    let runs = Runs::default();
    let working = tokio::spawn({
        let (engine, runs) = (engine.clone(), runs.clone());
        async move { work(&engine, &runs, 1, 4).await }
    });
    while !working.is_finished() {
        alive.keep_alive().await.expect("alive");
        sleep(Duration::from_millis(300)).await;
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "never taken over: {:?}",
            runs.numbers()
        );
    }
    println!("{queue}: a lost worker's messages were taken over after {:.1?}", begun.elapsed());
    assert!(begun.elapsed() > Duration::from_secs(2), "not before the worker is lost");
    assert_eq!(working.await.expect("no panic").done, 4);
    assert_eq!(runs.numbers(), [4, 0, 1, 2]);
    alive.settle(&settled(held, &Settlement::Done)).await.expect("settled");
    let attempts: Vec<_> = engine.rows(queue).await.iter().map(|row| row.1).collect();
    assert_eq!(attempts, [1; 5], "what only waited in the lost worker was no attempt");
}

pub(crate) async fn two_workers_run_nothing_twice(
    engine: impl Engine,
    other: impl Engine,
    queue: &str,
) {
    flush(&engine, counts(0..3_000, queue)).await.expect("flushed");
    let runs = Runs::default();
    let (one, two) = tokio::join!(work(&engine, &runs, 8, 3_000), work(&other, &runs, 8, 3_000));
    println!("{queue}: two workers ran {} and {}", one.done, two.done);
    assert_eq!(one.done + two.done, 3_000);
    assert!(one.done > 0 && two.done > 0, "{one}; {two}");
    let mut numbers = runs.numbers();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..3_000));
}

/// Rows that nobody but another program can have written.
pub(crate) async fn what_cannot_be_read_is_kept(engine: impl Engine, queue: &str) {
    let bodies: [(&str, &[u8]); 4] = [
        ("no-ulid", b"\xff\xfe\x00"),
        ("empty", b""),
        ("later", br#"{"airlock": 99}"#),
        ("unknown", br#"{"airlock": 1, "id": "0190163d-8694-739b-aea5-966c26f8ad91", "task": "nobody.knows", "arguments": {}, "enqueued_at": "2026-01-01T00:00:00Z"}"#),
    ];
    for (id, body) in bodies {
        engine.insert(queue, &format!("{queue}-{id}"), body).await;
    }
    flush(&engine, counts([7], queue)).await.expect("flushed");
    let runs = Runs::default();
    let stop = async {
        runs.reach(1).await;
        while engine.list(10).await.expect("letters").len() < 4 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let served = worker(&runs, 1).run(engine.clone(), stop).await.expect("a worker");
    assert_eq!((served.done, served.dead), (1, 4), "{served}");
    let letters = engine.list(10).await.expect("letters");
    assert_eq!(letters.len(), 4);
    for (id, body) in bodies {
        let letter = engine.find(&format!("{queue}-{id}")).await.expect("found").expect("a letter");
        assert_eq!(letter.body, body);
        println!("{queue}: {id}: {}", letter.reason);
    }
    let unknown = engine.find(&format!("{queue}-unknown")).await.expect("found").expect("a letter");
    assert_eq!(unknown.task.as_deref(), Some("nobody.knows"));
}

pub(crate) async fn dead_letters_are_listed_found_retried_and_removed(
    engine: impl Engine,
    queue: &str,
) {
    flush(&engine, counts(0..5, queue)).await.expect("flushed");
    engine.open().await.expect("opened");
    let messages = receive(&engine, 4).await;
    for (index, message) in messages.into_iter().enumerate() {
        let reason = format!("reason {index}");
        let dead = settled(vec![message], &Settlement::Dead { reason });
        engine.settle(&dead).await.expect("settled");
    }
    let letters = engine.list(10).await.expect("letters");
    let reasons: Vec<_> = letters.iter().map(|letter| &*letter.reason).collect();
    assert_eq!(reasons, ["reason 0", "reason 1", "reason 2", "reason 3"], "the oldest first");
    assert_eq!(engine.list(2).await.expect("letters").len(), 2);
    let ids: Vec<_> = letters.iter().map(|letter| &*letter.id).collect();
    assert_eq!(engine.find(ids[1]).await.expect("found").as_ref(), Some(&letters[1]));
    assert_eq!(engine.find("nobody").await.expect("asked"), None);
    let elsewhere = engine.clone().serving(&["another"]);
    assert_eq!(elsewhere.find(ids[1]).await.expect("asked"), None, "another queue's");

    assert!(engine.retry(ids[1]).await.expect("retried"));
    assert!(!engine.retry(ids[1]).await.expect("asked"), "it is none any more");
    assert!(engine.remove(ids[2]).await.expect("removed"));
    assert!(!engine.remove(ids[2]).await.expect("asked"));
    assert_eq!(engine.list(10).await.expect("letters").len(), 2);

    let runs = Runs::default();
    assert_eq!(work(&engine, &runs, 1, 2).await.done, 2);
    let mut ran = runs.numbers();
    ran.sort_unstable();
    assert_eq!(ran, [1, 4]);
    assert_eq!(engine.rows(queue).await[1].1, 1, "as new");
    assert_eq!(engine.remove_all_done().await, 2);
    assert_eq!(engine.list(10).await.expect("letters").len(), 2, "these stay");
}

pub(crate) async fn what_has_expired_runs_when_it_is_put_back(engine: impl Engine, queue: &str) {
    let intent = count::intent(7).queue(queue.to_owned()).expires(Duration::ZERO);
    flush(&engine, [intent]).await.expect("flushed");
    let runs = Runs::default();
    engine.open().await.expect("opened");
    let messages = receive(&engine, 1).await;
    let dead = Settlement::Dead { reason: "it expired".to_owned() };
    let settled: Vec<_> = messages
        .into_iter()
        .map(|message| Settled { receipt: message.receipt, settlement: dead.clone() })
        .collect();
    engine.settle(&settled).await.expect("settled");
    let letter = engine.list(1).await.expect("listed").pop().expect("a letter");
    assert!(engine.retry(&letter.id).await.expect("retried"));
    assert_eq!(work(&engine, &runs, 1, 1).await.done, 1);
    assert_eq!(runs.numbers(), [7]);
}

pub(crate) async fn queues_are_served_in_turn(engine: impl Engine, queue: &str) {
    let queues = [format!("{queue}_a"), format!("{queue}_b"), format!("{queue}_c")];
    for (queue, number) in queues.iter().zip([0, 100, 200]) {
        flush(&engine, counts(number..number + 20, queue)).await.expect("flushed");
    }
    let queues: Vec<_> = queues.iter().map(|queue| &**queue).collect();
    let engine = engine.serving(&queues);
    engine.open().await.expect("opened");
    let mut firsts = Vec::new();
    for _ in 0..3 {
        let messages = receive(&engine, 10).await;
        firsts.push(messages[0].number);
        engine.settle(&settled(messages, &Settlement::Done)).await.expect("settled");
    }
    firsts.sort_unstable();
    assert_eq!(firsts, [0, 100, 200], "none waits for the others");
    let rest = receive(&engine, 100).await;
    assert_eq!(rest.len(), 30, "of all queues at once");
    engine.settle(&settled(rest, &Settlement::Done)).await.expect("settled");
    for queue in queues {
        assert!(engine.rows(queue).await.iter().all(|(status, _, _)| status == "Done"));
    }
}

/// The worker is not told by its own looking, which it does too seldom.
pub(crate) async fn a_worker_runs_what_is_flushed_after(
    worked: impl Engine,
    flushed: impl Engine,
    queue: &str,
    event: impl Future<Output = ()>,
) {
    let runs = Runs::default();
    let working = tokio::spawn({
        let runs = runs.clone();
        async move { work(&worked, &runs, 4, 2).await }
    });
    flush(&flushed, counts([1], queue)).await.expect("flushed");
    runs.reach(1).await;
    event.await;
    let begun = Instant::now();
    flush(&flushed, counts([2], queue)).await.expect("flushed");
    runs.reach(2).await;
    println!("{queue}: after the event a flush was heard of after {:.0?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(5));
    working.await.expect("no panic");
}

/// Flushes so many intents and runs a worker until they are done.
pub(crate) async fn work_through(engine: &impl Engine, queue: &str, intents: usize) {
    flush(engine, counts(0..intents as u64, queue)).await.expect("flushed");
    let served = work(engine, &Runs::default(), 16, intents).await;
    assert_eq!(served.done, intents as u64);
}
