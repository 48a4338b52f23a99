//! Redis in the layout of apalis: [`airlock::apalis::Redis`].

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use airlock::apalis::{Redis, RedisReceipt};
use airlock::envelope::Envelope;
use airlock::worker::{DeadLetters, Message, Served, Settled, Settlement, Source, Worker};
use airlock::{Backoff, FlushError, Intent, Report, tasks};
use apalis_core::backend::TaskSink;
use apalis_core::error::{AbortError, BoxDynError};
use apalis_core::task::attempt::Attempt;
use apalis_core::task::data::Data;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_redis::{Config, RedisStorage};
use redis::AsyncCommands;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::proxy::Proxy;
use crate::servers::{self, Own};
use crate::unique;

/// What ran, and when.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(u64, Instant)>>>);

impl Notes {
    fn take(&self, number: u64) -> usize {
        let mut notes = self.0.lock().expect("nobody panics");
        notes.push((number, Instant::now()));
        notes.len()
    }

    fn numbers(&self) -> Vec<u64> {
        self.0.lock().expect("nobody panics").iter().map(|(number, _)| *number).collect()
    }

    fn len(&self) -> usize {
        self.0.lock().expect("nobody panics").len()
    }

    fn last(&self) -> Instant {
        self.0.lock().expect("nobody panics").last().expect("a note").1
    }
}

#[airlock::task(name = "apalis_redis.note")]
async fn note(#[state] notes: &Notes, number: u64) {
    yield_now().await;
    notes.take(number);
}

#[airlock::task(name = "apalis_redis.stumble")]
async fn stumble(#[state] notes: &Notes, times: u64) -> Result<(), String> {
    yield_now().await;
    match notes.take(times) as u64 {
        run if run <= times => Err(format!("stumbled over stone {run}")),
        _ => Ok(()),
    }
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_in_one_flush_arrive_once_each_and_in_order() {
    let redis = redis("ten_thousand").await;
    let begun = Instant::now();
    let report = flush(&redis, (0..10_000).map(note::intent)).await.expect("flushed");
    println!("10,000 left in {:?}", begun.elapsed());
    assert_eq!(report.dispatched(), 10_000);

    let notes = Notes::default();
    let worker = worker(&notes).concurrency(1).build().expect("a worker");
    let begun = Instant::now();
    let served = serve(&worker, redis, || notes.len() >= 10_000).await;
    println!("{served} in {:?}", begun.elapsed());
    assert_eq!(served.done, 10_000);
    assert_eq!(notes.numbers(), (0..10_000).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_of_several_steps_and_queues_keeps_the_order_of_each() {
    let names = ["steps_a", "steps_b"].map(unique::name);
    let redis = connect().await;
    let queue_of = |number: u64| names[usize::from(number.is_multiple_of(3))].clone();
    let intents = (0..25_000).map(|number| note::intent(number).queue(queue_of(number)));
    assert_eq!(flush(&redis, intents).await.expect("flushed").dispatched(), 25_000);
    for name in &names {
        let numbers = drain(&redis.clone().queue(name.as_str())).await;
        let sent: Vec<_> = (0..25_000).filter(|number| queue_of(*number) == *name).collect();
        assert_eq!(numbers, sent);
    }
}

/// The trap: apalis-redis' worker dies of more than about 8,000 that are due at once, and its push
/// loses their order.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_backlog_that_becomes_due_at_once_arrives_in_order() {
    let redis = redis("backlog").await;
    let tomorrow = SystemTime::now() + Duration::from_hours(24);
    let intents = (0..20_000).map(|number| note::intent(number).at(tomorrow));
    assert_eq!(flush(&redis, intents).await.expect("flushed").dispatched(), 20_000);
    assert!(redis.receive(1_000).await.expect("received").is_empty(), "none is due yet");
    make_due(&queue_of(&redis)).await;
    assert_eq!(drain(&redis).await, (0..20_000).collect::<Vec<_>>());
}

/// The trap: apalis-redis lets a duplicate in.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_taken_until_its_task_is_done() {
    let redis = redis("unique").await;
    let keyed = |number| note::intent(number).unique_key("the same");
    let report = flush(&redis, [keyed(1), note::intent(2), keyed(3)]).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates()), (2, 1), "the third is left out");
    let report = flush(&redis, [keyed(4), note::intent(5)]).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 1), "the queue has one");

    let first = redis.receive(1).await.expect("received");
    let report = flush(&redis, [keyed(6)]).await.expect("flushed");
    assert_eq!(report.duplicates(), 1, "it is being done");
    settle(&redis, first, Settlement::Done).await;
    let report = flush(&redis, [keyed(7)]).await.expect("flushed");
    assert_eq!(report.dispatched(), 1, "it is done");

    assert_eq!(drain(&redis).await, [2, 5, 7]);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_free_once_its_task_is_dead_and_taken_while_it_waits() {
    let redis = redis("unique_dead").await;
    let keyed = |number| note::intent(number).unique_key("the same");
    flush(&redis, [keyed(1)]).await.expect("flushed");
    let again = Settlement::Retry { after: Duration::ZERO, reason: Some("not yet".into()) };
    settle(&redis, redis.receive(1).await.expect("received"), again).await;
    assert_eq!(flush(&redis, [keyed(2)]).await.expect("flushed").duplicates(), 1);

    let dead = Settlement::Dead { reason: "never".into() };
    settle(&redis, redis.receive(1).await.expect("received"), dead).await;
    assert_eq!(flush(&redis, [keyed(3)]).await.expect("flushed").dispatched(), 1);

    let letter = redis.list(1).await.expect("listed").pop().expect("a letter");
    assert!(redis.retry(&letter.id).await.expect("retried"));
    assert_eq!(drain(&redis).await, [3, 1]);
    assert_eq!(flush(&redis, [keyed(4)]).await.expect("flushed").dispatched(), 1);
}

/// To apalis an empty key is none.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_empty_unique_key_is_one() {
    let redis = redis("unique_empty").await;
    let keyed = |number| note::intent(number).unique_key("");
    let report = flush(&redis, [keyed(1), note::intent(2), keyed(3)]).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates()), (2, 1), "the third is left out");
    let dead = Settlement::Dead { reason: "never".into() };
    settle(&redis, redis.receive(1).await.expect("received"), dead).await;
    let letter = redis.list(1).await.expect("listed").pop().expect("a letter");
    assert!(redis.retry(&letter.id).await.expect("retried"));
    assert_eq!(flush(&redis, [keyed(4)]).await.expect("flushed").duplicates(), 1, "it waits again");
    assert_eq!(drain(&redis).await, [2, 1]);
    assert_eq!(flush(&redis, [keyed(5)]).await.expect("flushed").dispatched(), 1, "it is done");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_has_expired_is_put_back_without_an_expiry() {
    let redis = redis("expired").await;
    flush(&redis, [note::intent(7).expires(Duration::ZERO).max_attempts(9)]).await.expect("left");
    let dead = Settlement::Dead { reason: "it expired".into() };
    settle(&redis, redis.receive(1).await.expect("received"), dead).await;
    let letter = redis.list(1).await.expect("listed").pop().expect("a letter");
    assert!(redis.retry(&letter.id).await.expect("retried"));
    let message = redis.receive(1).await.expect("received").pop().expect("it is back");
    let envelope = message.into_parts().1.expect("an envelope");
    assert_eq!((envelope.expires(), envelope.max_attempts()), (None, Some(9)));
    assert_eq!(envelope.arguments(), r#"{"number":7}"#);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn of_ten_thousand_duplicates_one_leaves() {
    let redis = redis("duplicates").await;
    let intents = (0..10_000).map(|number| note::intent(number).unique_key("the same"));
    let report = flush(&redis, intents).await.expect("flushed");
    assert_eq!((report.dispatched(), report.duplicates(), report.failed()), (1, 9_999, 0));
    assert_eq!(drain(&redis).await, [0]);
}

/// apalis' own workers leave the key behind, and so does its vacuum.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_free_after_an_apalis_worker_has_done_its_task() {
    let redis = redis("unique_apalis").await;
    let queue = queue_of(&redis);
    let keyed = |number| note::intent(number).unique_key("the same");
    flush(&redis, [keyed(1)]).await.expect("flushed");
    let notes = Notes::default();
    run_apalis_worker(&queue, &notes, 1).await;
    assert_eq!(flush(&redis, [keyed(2)]).await.expect("flushed").dispatched(), 1);
    assert_eq!(drain(&redis).await, [2]);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn every_option_is_honoured_or_refused() {
    let redis = redis("options").await;
    let error = flush(&redis, [note::intent(1), note::intent(2).priority(9)]).await;
    let error = error.expect_err("refused");
    assert!(error.to_string().contains("`priority`"), "{error}");
    assert_eq!((error.report().failed(), error.report().not_attempted()), (1, 1));

    let elsewhere = unique::name("elsewhere");
    let intents = [
        note::intent(3).queue(elsewhere.clone()).max_attempts(7),
        note::intent(4).expires(Duration::from_millis(1)),
        note::intent(5).delay(Duration::from_hours(1)),
        note::intent(6).at(SystemTime::now() - Duration::from_hours(1)),
    ];
    flush(&redis, intents).await.expect("flushed");
    assert_eq!(drain(&redis.clone().queue(&*elsewhere)).await, [3]);

    let notes = Notes::default();
    let worker = worker(&notes).build().expect("a worker");
    let served = serve(&worker, redis.clone(), || notes.len() == 1).await;
    assert_eq!((served.done, served.dead), (1, 1), "the one for now, and the expired one");
    assert_eq!(notes.numbers(), [6]);
    let letters = redis.list(10).await.expect("listed");
    assert!(letters[0].reason.starts_with("it expired at"), "{letters:?}");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_delayed_task_starts_in_time() {
    let redis = redis("delayed").await;
    let notes = Notes::default();
    let worker = worker(&notes).build().expect("a worker");
    let begun = Instant::now();
    flush(&redis, [note::intent(1).delay(Duration::from_secs(2))]).await.expect("flushed");
    serve(&worker, redis, || notes.len() == 1).await;
    let waited = notes.last() - begun;
    println!("due in 2 s, started after {waited:?}");
    assert!((Duration::from_secs(2)..Duration::from_secs(3)).contains(&waited), "{waited:?}");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_idle_worker_hears_of_a_flush_at_once() {
    // No look at the queue but those that a notification asks for.
    let redis = redis("idle").await.poll(Duration::from_mins(10));
    let notes = Notes::default();
    let worker = worker(&notes).build().expect("a worker");
    let source = redis.clone();
    let until = {
        let notes = notes.clone();
        move || notes.len() == 5
    };
    let running = tokio::spawn(async move { serve(&worker, source, until).await });
    let mut waits = Vec::new();
    for number in 0..5 {
        sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        flush(&redis, [note::intent(number)]).await.expect("flushed");
        wait_until(|| notes.len() as u64 > number).await;
        waits.push(notes.last() - begun);
    }
    running.await.expect("served");
    println!("from flush to start: {waits:?}");
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(5)), "{waits:?}");
}

#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn a_flush_from_sync_code_leaves_through_the_connections_runtime() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let redis = runtime.block_on(redis("sync"));
    let scope = airlock::scope().executor(redis.clone());
    scope.run(|| note::enqueue(1)).expect("flushed").expect("enqueued");
    assert_eq!(runtime.block_on(drain(&redis)), [1]);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_url_that_nobody_answers_is_said_without_its_password() {
    let error = Redis::connect("redis://user:s3cret@127.0.0.1:1").await.expect_err("nobody there");
    let said = error.to_string();
    assert!(said.contains("127.0.0.1:1") && !said.contains("s3cret"), "{said}");
    Redis::connect("no URL").await.expect_err("no URL");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_without_a_server_is_handed_back_and_the_next_one_works() {
    let server = Own::redis();
    let redis = Redis::connect(&server.url()).await.expect("connected").queue("gone");
    server.kill();
    let error = flush(&redis, (0..100).map(note::intent)).await.expect_err("nobody there");
    assert!(error.to_string().contains("queue `gone`"), "{error}");
    assert_eq!((error.report().failed(), error.report().dispatched()), (100, 0));

    server.start_again();
    let handed_back = error.into_intents();
    assert_eq!(flush(&redis, handed_back).await.expect("flushed").dispatched(), 100);
    assert_eq!(drain(&redis).await, (0..100).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_cut_half_way_is_handed_back_and_nothing_of_it_has_left() {
    let proxy = Proxy::to(&servers::redis_url());
    let queue = unique::name("cut");
    let redis = Redis::connect(proxy.url()).await.expect("connected").queue(&*queue);
    flush(&redis, [note::intent(1_000_000)]).await.expect("the script is known to the server");

    proxy.cut_after_sent(200_000);
    let error = flush(&redis, (0..10_000).map(note::intent)).await.expect_err("cut");
    assert_eq!((error.report().failed(), error.report().dispatched()), (10_000, 0));
    let direct = connect().await.queue(&*queue);
    assert_eq!(drain(&direct).await, [1_000_000]);

    proxy.restore();
    let sent = flush(&redis, error.into_intents()).await.expect("flushed");
    assert_eq!(sent.dispatched(), 10_000);
    assert_eq!(drain(&direct).await, (0..10_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_flush_whose_answer_is_lost_says_that_it_may_have_arrived() {
    let proxy = Proxy::to(&servers::redis_url());
    let queue = unique::name("unsure");
    let redis = Redis::connect(proxy.url()).await.expect("connected").queue(&*queue);
    flush(&redis, [note::intent(0)]).await.expect("the script is known to the server");
    proxy.cut_after_answered(0);
    let error = flush(&redis, [note::intent(1)]).await.expect_err("cut");
    assert!(error.to_string().contains("may have arrived"), "{error}");
    proxy.restore();
    flush(&redis, error.into_intents()).await.expect("flushed");
    let mut numbers = drain(&connect().await.queue(&*queue)).await;
    numbers.dedup();
    assert_eq!(numbers, [0, 1], "at least once");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_goes_on_after_its_connection_was_cut() {
    let proxy = Proxy::to(&servers::redis_url());
    let queue = unique::name("worker_cut");
    let source = Redis::connect(proxy.url()).await.expect("connected").queue(&*queue);
    let direct = connect().await.queue(&*queue);
    let notes = Notes::default();
    let worker = worker(&notes).build().expect("a worker");
    let until = {
        let notes = notes.clone();
        move || notes.len() == 2
    };
    let running = tokio::spawn(async move { serve(&worker, source, until).await });
    flush(&direct, [note::intent(1)]).await.expect("flushed");
    wait_until(|| notes.len() == 1).await;
    sleep(Duration::from_millis(100)).await;
    proxy.cut();
    flush(&direct, [note::intent(2)]).await.expect("flushed");
    sleep(Duration::from_millis(500)).await;
    assert_eq!(notes.len(), 1);
    proxy.restore();
    assert_eq!(running.await.expect("served").done, 2);
    assert_eq!(notes.numbers(), [1, 2]);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_fails_is_tried_again_and_what_fails_for_good_is_a_dead_letter() {
    let redis = redis("failing").await;
    let (patient, hopeless) = (Notes::default(), Notes::default());
    flush(&redis, [stumble::intent(2)]).await.expect("flushed");
    let served =
        serve(&worker(&patient).build().expect("a worker"), redis.clone(), || patient.len() == 3)
            .await;
    assert_eq!((served.retried, served.done, served.dead), (2, 1, 0));

    flush(&redis, [stumble::intent(9).max_attempts(3)]).await.expect("flushed");
    let served =
        serve(&worker(&hopeless).build().expect("a worker"), redis.clone(), || hopeless.len() == 3)
            .await;
    assert_eq!((served.retried, served.done, served.dead), (2, 0, 1));

    let letters = redis.list(10).await.expect("listed");
    let [letter] = &letters[..] else { panic!("one letter: {letters:?}") };
    assert_eq!(letter.reason, "stumbled over stone 3 (attempt 3 of 3)");
    assert_eq!(letter.task.as_deref(), Some("apalis_redis.stumble"));
    assert_eq!((letter.attempts, &letter.queue), (3, &queue_of(&redis)));
    assert!(letter.since.elapsed().expect("past") < Duration::from_mins(1));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_cannot_be_read_and_what_nobody_knows_is_kept() {
    let redis = redis("poison").await;
    let queue = queue_of(&redis);
    push_raw(&queue, "poison", b"\xff not an envelope").await;
    push_raw(&queue, "stranger", &stranger()).await;
    flush(&redis, [note::intent(1)]).await.expect("flushed");

    let notes = Notes::default();
    let worker = worker(&notes).concurrency(1).build().expect("a worker");
    let served = serve(&worker, redis.clone(), || notes.len() == 1).await;
    assert_eq!((served.done, served.dead), (1, 2), "the worker lives");

    let mut letters = redis.list(10).await.expect("listed");
    letters.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(letters[0].body, b"\xff not an envelope");
    assert_eq!(letters[0].task, None);
    assert!(letters[0].reason.contains("no envelope"), "{letters:?}");
    assert_eq!(letters[1].task.as_deref(), Some("apalis_redis.unheard_of"));
    assert!(letters[1].reason.contains("apalis_redis.unheard_of"), "{letters:?}");
}

/// A worker that was killed settles nothing and says nothing more.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_a_killed_worker_held_is_taken_over_in_order() {
    let redis = redis("killed").await.lost_after(Duration::from_secs(2));
    flush(&redis, (0..5_000).map(note::intent)).await.expect("flushed");
    let killed = redis.clone();
    killed.open().await.expect("open");
    for _ in 0..3 {
        assert_eq!(killed.receive(1_000).await.expect("received").len(), 1_000);
    }
    drop(killed);

    let other = redis.clone();
    other.open().await.expect("open");
    assert_eq!(other.receive(1).await.expect("received").len(), 1, "what it did not hold");
    other.close().await.expect("closed");

    let begun = Instant::now();
    let notes = Notes::default();
    let worker = worker(&notes).concurrency(1).build().expect("a worker");
    // It runs the last 2,000 first, and looks for the dead as it gives signs of life.
    let served = serve(&worker, redis, || notes.len() == 5_000).await;
    println!("taken over within {:?}", begun.elapsed());
    assert_eq!(served.done, 5_000);
    let numbers = notes.numbers();
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), 5_000);
    let taken_over: Vec<_> = numbers.into_iter().filter(|number| *number < 3_000).collect();
    assert!(taken_over.is_sorted());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_a_living_worker_holds_is_left_to_it() {
    let redis = redis("living").await.lost_after(Duration::from_secs(2));
    flush(&redis, [note::intent(1)]).await.expect("flushed");
    let (holder, other) = (redis.clone(), redis.clone());
    holder.open().await.expect("open");
    let held = holder.receive(1).await.expect("received");
    for _ in 0..8 {
        sleep(holder.heartbeat().expect("a heartbeat")).await;
        holder.keep_alive().await.expect("kept alive");
        other.keep_alive().await.expect("kept alive");
        assert!(other.receive(1).await.expect("received").is_empty());
    }
    settle(&holder, held, Settlement::Done).await;
    holder.close().await.expect("closed");
    other.close().await.expect("closed");
    assert_eq!(left_behind(&queue_of(&redis)).await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_is_settled_twice_or_too_late_changes_nothing() {
    let redis = redis("late").await.lost_after(Duration::from_secs(2));
    flush(&redis, [note::intent(1)]).await.expect("flushed");
    let (late, other) = (redis.clone(), redis.clone());
    late.open().await.expect("open");
    let held = late.receive(1).await.expect("received");
    sleep(Duration::from_millis(3_100)).await;
    other.open().await.expect("open");
    let taken_over = other.receive(1).await.expect("received");
    assert_eq!(taken_over.len(), 1);

    settle(&late, held, Settlement::Dead { reason: "too late".into() }).await;
    assert!(redis.list(1).await.expect("listed").is_empty());
    let (settled, _) = read(taken_over, &Settlement::Return);
    other.settle(&settled).await.expect("settled");
    other.settle(&settled).await.expect("settled, as after a lost answer");
    assert_eq!(drain(&redis).await, [1]);
}

/// As when the answer to the first time was lost, and the job was delivered again meanwhile.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn to_settle_twice_does_nothing_to_the_next_delivery() {
    let redis = redis("twice").await;
    flush(&redis, [note::intent(1)]).await.expect("flushed");
    redis.open().await.expect("open");
    let again = Settlement::Retry { after: Duration::ZERO, reason: Some("failed".into()) };
    let (first, _) = read(redis.receive(1).await.expect("received"), &again);
    redis.settle(&first).await.expect("settled");
    let second = redis.receive(1).await.expect("received");
    assert_eq!(second.len(), 1);
    redis.settle(&first).await.expect("settled once more");
    assert!(redis.receive(1).await.expect("received").is_empty(), "it is under way");
    settle(&redis, second, Settlement::Done).await;
    redis.close().await.expect("closed");
    assert!(left_behind(&queue_of(&redis)).await.is_empty());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_is_given_back_or_early_is_there_again_as_if_never_taken() {
    let redis = redis("returned").await;
    flush(&redis, (0..5).map(note::intent)).await.expect("flushed");
    settle(&redis, redis.receive(3).await.expect("received"), Settlement::Return).await;
    let again = redis.receive(5).await.expect("received");
    let early = Settlement::Retry { after: Duration::from_millis(300), reason: None };
    let (settled, taken) = read(again, &early);
    assert_eq!(taken, [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)], "in order, and no attempt");

    redis.settle(&settled).await.expect("settled");
    assert!(redis.receive(5).await.expect("received").is_empty());
    sleep(Duration::from_millis(400)).await;
    let (_, mut taken) = read(redis.receive(5).await.expect("received"), &early);
    taken.sort_unstable();
    assert_eq!(taken, [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn two_workers_share_a_queue_and_run_nothing_twice() {
    let redis = redis("shared").await;
    flush(&redis, (0..2_000).map(note::intent)).await.expect("flushed");
    let notes = Notes::default();
    let worker = || worker(&notes).concurrency(4).prefetch(4).build().expect("a worker");
    let (one, other) = (worker(), worker());
    let done = || notes.len() >= 2_000;
    let (one, other) = tokio::join!(serve(&one, redis.clone(), done), serve(&other, redis, done));
    println!("one: {one}; the other: {other}");
    assert_eq!(one.done + other.done, 2_000);
    assert!(one.done > 0 && other.done > 0);
    assert_eq!(notes.numbers().iter().collect::<HashSet<_>>().len(), 2_000);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_earlier_queue_goes_first() {
    let [urgent, usual] = ["urgent", "usual"].map(unique::name);
    let redis = connect().await.queue(&*usual).queues([urgent.as_str(), usual.as_str()]);
    let urgent = (10..15).map(|number| note::intent(number).queue(urgent.clone()));
    flush(&redis, (0..5).map(note::intent).chain(urgent)).await.expect("flushed");
    assert_eq!(drain(&redis).await, [10, 11, 12, 13, 14, 0, 1, 2, 3, 4]);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn dead_letters_are_listed_found_retried_and_removed() {
    let redis = redis("letters").await;
    flush(&redis, (0..3).map(note::intent)).await.expect("flushed");
    for message in redis.receive(3).await.expect("received") {
        settle(&redis, vec![message], Settlement::Dead { reason: "over".into() }).await;
    }
    let letters = redis.list(10).await.expect("listed");
    let bodies =
        letters.iter().map(|letter| Envelope::from_json(&letter.body).expect("as it came"));
    let arguments: Vec<_> = bodies.map(|envelope| envelope.arguments().to_owned()).collect();
    assert_eq!(arguments, [r#"{"number":0}"#, r#"{"number":1}"#, r#"{"number":2}"#]);
    assert!(letters.is_sorted_by_key(|letter| letter.since));
    assert_eq!(redis.list(2).await.expect("listed"), letters[..2]);
    let found = redis.find(&letters[1].id).await.expect("asked");
    assert_eq!(found.as_ref(), Some(&letters[1]));
    assert_eq!(redis.find("").await.expect("asked"), None);

    assert!(redis.retry(&letters[0].id).await.expect("retried"));
    assert!(!redis.retry(&letters[0].id).await.expect("asked"), "it is there no more");
    assert!(redis.remove(&letters[1].id).await.expect("removed"));
    assert!(!redis.remove(&letters[1].id).await.expect("asked"));
    assert_eq!(redis.list(10).await.expect("listed"), letters[2..]);
    let (settled, taken) = read(redis.receive(10).await.expect("received"), &Settlement::Done);
    assert_eq!(taken, [(0, 1)], "as new");
    redis.settle(&settled).await.expect("settled");
    assert!(redis.remove(&letters[2].id).await.expect("removed"));
    redis.close().await.expect("closed");
    assert_eq!(left_behind(&queue_of(&redis)).await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_apalis_worker_runs_what_a_flush_sends() {
    let redis = redis("to_apalis").await;
    let queue = queue_of(&redis);
    let later = note::intent(20).delay(Duration::from_secs(1));
    flush(&redis, (0..20).map(note::intent).chain([later])).await.expect("flushed");
    let notes = Notes::default();
    run_apalis_worker(&queue, &notes, 21).await;
    let mut numbers = notes.numbers();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..=20).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_runs_what_an_apalis_client_pushes() {
    let redis = redis("from_apalis").await;
    let mut storage = storage(&queue_of(&redis)).await;
    for number in 0..20 {
        let envelope = Envelope::of(&note::intent(number), SystemTime::now()).expect("JSON");
        storage.push(envelope).await.expect("pushed");
    }
    let notes = Notes::default();
    let worker = worker(&notes).build().expect("a worker");
    assert_eq!(serve(&worker, redis, || notes.len() == 20).await.done, 20);
}

/// A key that is none of apalis' fails the flush before anything of it has left.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_queue_whose_key_is_something_else_takes_nothing() {
    let redis = redis("occupied").await;
    let active = format!("{}:active", queue_of(&redis));
    let _: () = server().await.set(&active, "mine").await.expect("set");
    let error = flush(&redis, [note::intent(1).unique_key("k")]).await.expect_err("occupied");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    let _: () = server().await.del(&active).await.expect("deleted");
    assert_eq!(left_behind(&queue_of(&redis)).await, Vec::<String>::new());
}

async fn connect() -> Redis {
    Redis::connect(&servers::redis_url()).await.expect("connected")
}

/// A queue of the test's own.
async fn redis(test: &str) -> Redis {
    connect().await.queue(unique::name(test))
}

fn queue_of(redis: &Redis) -> String {
    let shown = format!("{redis:?}");
    let (_, queue) = shown.split_once("queue: \"").expect("its queue");
    queue.split('"').next().expect("its name").to_owned()
}

async fn flush(
    redis: &Redis,
    intents: impl IntoIterator<Item = Intent>,
) -> Result<Report, FlushError> {
    let enqueue = async {
        for intent in intents {
            intent.enqueue().expect("in a scope");
        }
    };
    let ((), sealed) = airlock::scope().executor(redis.clone()).seal_async(enqueue).await;
    sealed.flush_async().await
}

fn worker(notes: &Notes) -> airlock::worker::WorkerBuilder {
    let backoff = Backoff::new(Duration::from_millis(50)).exact();
    airlock::worker().state(notes.clone()).serving(tasks![note, stumble]).backoff(backoff)
}

async fn serve(worker: &Worker, source: Redis, until: impl Fn() -> bool) -> Served {
    worker.run(source, wait_until(until)).await.expect("the worker begins")
}

async fn wait_until(reached: impl Fn() -> bool) {
    let waiting = async {
        while !reached() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_mins(1), waiting).await.expect("it takes less than a minute");
}

/// Everything that can be taken now, settled as done.
async fn drain(redis: &Redis) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let messages = redis.receive(1_000).await.expect("received");
        if messages.is_empty() {
            return all;
        }
        let (settled, taken) = read(messages, &Settlement::Done);
        all.extend(taken.iter().map(|(number, _)| *number));
        redis.settle(&settled).await.expect("settled");
    }
}

/// Messages to be settled, with the argument and the attempt of each.
fn read(
    messages: Vec<Message<RedisReceipt>>,
    settlement: &Settlement,
) -> (Vec<Settled<RedisReceipt>>, Vec<(u64, u32)>) {
    #[derive(serde::Deserialize)]
    struct Arguments {
        #[serde(alias = "times")]
        number: u64,
    }
    let read = |message: Message<RedisReceipt>| {
        let (receipt, envelope, attempt) = message.into_parts();
        let envelope = envelope.expect("an envelope");
        let Arguments { number } = serde_json::from_str(envelope.arguments()).expect("arguments");
        (Settled { receipt, settlement: settlement.clone() }, (number, attempt))
    };
    messages.into_iter().map(read).unzip()
}

async fn settle(redis: &Redis, messages: Vec<Message<RedisReceipt>>, settlement: Settlement) {
    redis.settle(&read(messages, &settlement).0).await.expect("settled");
}

async fn server() -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(servers::redis_url()).expect("a URL");
    let patient = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(30)))
        .set_response_timeout(Some(Duration::from_secs(30)));
    client.get_multiplexed_async_connection_with_config(&patient).await.expect("connected")
}

/// The keys of a queue that are still there.
async fn left_behind(queue: &str) -> Vec<String> {
    server().await.keys(format!("{queue}*")).await.expect("keys")
}

/// Makes all that waits for its time due.
async fn make_due(queue: &str) {
    let scheduled = Config::default().queue(queue).scheduled_jobs_set();
    let _: () = redis::cmd("ZUNIONSTORE")
        .arg((&scheduled, 1, &scheduled, "WEIGHTS", 0.5))
        .query_async(&mut server().await)
        .await
        .expect("made due");
}

/// A job as a client of apalis-redis in another language might write it.
async fn push_raw(queue: &str, id: &str, body: &[u8]) {
    let config = Config::default().queue(queue);
    let _: () = redis::pipe()
        .atomic()
        .hset(config.job_data_hash(), id, body)
        .rpush(config.active_jobs_list(), id)
        .query_async(&mut server().await)
        .await
        .expect("pushed");
}

fn stranger() -> Vec<u8> {
    let known = Envelope::of(&note::intent(1), SystemTime::now()).expect("JSON").to_json();
    let known = String::from_utf8(known).expect("UTF-8");
    known.replace("apalis_redis.note", "apalis_redis.unheard_of").into_bytes()
}

async fn storage(queue: &str) -> RedisStorage<Envelope> {
    let connection = apalis_redis::connect(servers::redis_url()).await.expect("connected");
    let config = Config::default().queue(queue).heartbeat_interval(Duration::from_secs(1));
    RedisStorage::new(connection).with_config(config)
}

/// Runs apalis' own worker until so many tasks have run.
async fn run_apalis_worker(queue: &str, notes: &Notes, until: usize) {
    async fn run(
        envelope: Envelope,
        attempt: Attempt,
        worker: Data<Worker>,
        notes: Data<Notes>,
        until: Data<usize>,
        context: WorkerContext,
    ) -> Result<(), BoxDynError> {
        let attempt = attempt.current().try_into()?;
        let settlement = worker.perform(&envelope, attempt).await;
        if notes.len() >= *until {
            context.stop()?;
        }
        match settlement {
            Settlement::Done => Ok(()),
            Settlement::Dead { reason } => Err(AbortError::new(reason).into()),
            again => Err(again.to_string().into()),
        }
    }
    use apalis_core::backend::ext::BackendExt;
    let backend = storage(queue).await.poll_with_interval(Duration::from_millis(50));
    let running = WorkerBuilder::new(unique::name("apalis"))
        .backend(backend)
        .data(worker(notes).build().expect("a worker"))
        .data(notes.clone())
        .data(until)
        .build(run)
        .run();
    timeout(Duration::from_secs(30), running).await.expect("in time").expect("it ran");
}
