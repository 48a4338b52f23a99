//! Redis in the layout of apalis.

use std::time::{Duration, SystemTime};

use airlock::apalis::Redis;
use airlock::envelope::Envelope;
use airlock::worker::DeadLetters;
use apalis_core::backend::TaskSink;
use apalis_core::backend::ext::BackendExt;
use apalis_redis::{Config, RedisStorage};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use super::apalis_worker::run_apalis;
use super::conforms;
use super::fixture::{Fixture, flush, note, notes};
use crate::place::PATIENCE;
use crate::proxy::Proxy;
use crate::servers;

conforms!(server airlock::apalis::Redis: sends works);

async fn server() -> MultiplexedConnection {
    let client = redis::Client::open(servers::redis_url()).expect("a URL");
    let patient = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    client.get_multiplexed_async_connection_with_config(&patient).await.expect("connected")
}

/// The keys of a queue that are still there.
async fn left_behind(queue: &str) -> Vec<String> {
    server().await.keys(format!("{queue}*")).await.expect("keys")
}

async fn storage(queue: &str) -> RedisStorage<Envelope> {
    let connection = apalis_redis::connect(servers::redis_url()).await.expect("connected");
    let config = Config::default().queue(queue).heartbeat_interval(Duration::from_secs(1));
    RedisStorage::new(connection).with_config(config)
}

/// Runs apalis' own worker until so many tasks have run.
async fn run_apalis_worker(fixture: &Fixture<Redis>, until: u64) {
    let backend = storage(fixture.queue()).await.poll_with_interval(Duration::from_millis(50));
    run_apalis!(backend, fixture.runs, until);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_apalis_worker_runs_what_a_flush_sends() {
    let fixture = Fixture::<Redis>::new().await;
    let later = note::intent(20).delay(Duration::from_secs(1));
    fixture.send(notes(0..20).into_iter().chain([later])).await;
    run_apalis_worker(&fixture, 21).await;
    assert!(fixture.runs.sorted().into_iter().eq(0..=20));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_runs_what_an_apalis_client_pushes() {
    let fixture = Fixture::<Redis>::new().await;
    let mut storage = storage(fixture.queue()).await;
    for intent in notes(0..20) {
        let envelope = Envelope::of(&intent, SystemTime::now()).expect("JSON");
        storage.push(envelope).await.expect("pushed");
    }
    assert_eq!(fixture.serve_until_ran(20).await.done, 20);
}

/// apalis' own workers leave the key behind, and so does its vacuum.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_free_after_an_apalis_worker_has_done_its_task() {
    let fixture = Fixture::<Redis>::new().await;
    fixture.send([note::intent(1).unique_key("the same")]).await;
    run_apalis_worker(&fixture, 1).await;
    assert_eq!(fixture.counts([note::intent(2).unique_key("the same")]).await, (1, 0));
    assert_eq!(fixture.drain(1).await, [2]);
}

/// The trap: apalis-redis' worker dies of more than about 8,000 that are due at once, and its push
/// loses their order.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_backlog_larger_than_apalis_can_take_arrives_in_order() {
    let fixture = Fixture::<Redis>::new().await;
    let tomorrow = SystemTime::now() + Duration::from_hours(24);
    fixture.send((0..20_000).map(|number| note::intent(number).at(tomorrow))).await;
    let consumer = fixture.open().await;
    consumer.nothing_comes().await;
    consumer.close().await;
    let scheduled = Config::default().queue(fixture.queue()).scheduled_jobs_set();
    let () = redis::cmd("ZUNIONSTORE")
        .arg((&scheduled, 1, &scheduled, "WEIGHTS", 0.5))
        .query_async(&mut server().await)
        .await
        .expect("made due");
    assert!(fixture.drain(20_000).await.into_iter().eq(0..20_000));
}

/// Also of a unique key, of a dead letter that was removed, and of workers.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_queue_whose_messages_are_done_leaves_nothing_behind() {
    let fixture = Fixture::<Redis>::new().await;
    fixture.send([note::intent(1), note::intent(2).unique_key("key")]).await;
    fixture.give_up("given up").await;
    assert!(fixture.engine.remove(&fixture.letter().await.id).await.expect("removed"));
    assert_eq!(fixture.drain(1).await, [2]);
    assert_eq!(left_behind(fixture.queue()).await, Vec::<String>::new());
}

/// A key that is none of apalis' fails the flush before anything of it has left.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_queue_whose_key_is_something_else_takes_nothing() {
    let fixture = Fixture::<Redis>::new().await;
    let active = format!("{}:active", fixture.queue());
    let () = server().await.set(&active, "mine").await.expect("set");
    let error = flush(&fixture.engine, [note::intent(1).unique_key("k")]).await;
    let error = error.expect_err("occupied");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    let () = server().await.del(&active).await.expect("deleted");
    assert_eq!(left_behind(fixture.queue()).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_failed_flush_names_its_queue() {
    let fixture = Fixture::<Redis>::new().await;
    let line = Proxy::to(&fixture.place.url);
    let sender = fixture.place.over(&line).open::<Redis>().await;
    line.cut();
    let error = flush(&sender, notes([1])).await.expect_err("nobody answers").to_string();
    assert!(error.contains(&format!("queue `{}`", fixture.queue())), "{error}");
}
