//! Celery over Redis.

use std::time::Duration;

use airlock::celery::Redis;
use airlock::worker::DeadLetters;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::celery::{self, Celery, shown};
use super::conforms;
use super::fixture::{Fixture, fail, flush, note, notes};
use crate::place::{PATIENCE, Place};
use crate::{servers, unique};

conforms!(server airlock::celery::Redis: sends works);

impl Celery for Redis {
    fn positional(self) -> Self {
        self.positional()
    }
}

async fn client() -> MultiplexedConnection {
    client_at(&servers::redis_url()).await
}

async fn client_at(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    client.get_multiplexed_async_connection_with_config(&patient).await.expect("connected")
}

/// The numbers in a list, in the order in which they are taken.
async fn numbers_in(list: &str) -> Vec<u64> {
    let messages: Vec<String> = client().await.lrange(list, 0, -1).await.expect("answered");
    let number = |message: &String| {
        let message: Value = serde_json::from_str(message).expect("JSON");
        shown(&message["headers"])["number"].as_u64().expect("a number")
    };
    messages.iter().rev().map(number).collect()
}

/// Where the unique key of a message in a queue is.
fn unique_key(queue: &str, key: &str) -> String {
    format!("airlock:unique:{}:{queue}:{key}", queue.len())
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    celery::python_runs_what_rust_enqueued::<Redis>().await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn rust_runs_what_python_sent() {
    celery::rust_runs_what_python_sent::<Redis>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn pythons_hard_time_limit_is_honoured() {
    celery::pythons_hard_time_limit_is_honoured::<Redis>().await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn priorities_are_celerys_lists() {
    let fixture = Fixture::<Redis>::new().await;
    let intents =
        [0, 64, 128, 192, 255].map(|priority| note::intent(u64::from(priority)).priority(priority));
    fixture.send(intents).await;
    let queue = fixture.queue();
    for (list, expected) in [
        (queue.to_owned(), vec![192, 255]),
        (format!("{queue}\x06\x163"), vec![128]),
        (format!("{queue}\x06\x166"), vec![64]),
        (format!("{queue}\x06\x169"), vec![0]),
    ] {
        assert_eq!(numbers_in(&list).await, expected, "{list:?}");
    }
}

/// Python's workers never set it free.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_held_for_a_time() {
    let fixture = Fixture::<Redis>::new().await;
    let one = || [note::intent(1).unique_key("key")];
    let key = unique_key(fixture.queue(), "key");
    fixture.send(one()).await;
    let left: i64 = client().await.pttl(&key).await.expect("answered");
    assert!(left > 3_300_000 && left <= 3_600_000, "an hour, and not {left} ms");
    assert_eq!(fixture.drain(1).await, [1]);

    let celery = fixture.engine.clone().unique_for(Duration::from_millis(300));
    assert_eq!(flush(&celery, one()).await.expect("flushed").dispatched(), 1);
    sleep(Duration::from_millis(400)).await;
    let held: bool = client().await.exists(&key).await.expect("answered");
    assert!(!held);
}

/// A script of Redis is not undone when it fails in the middle.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_does_not_fit_its_key_is_handed_back_alone() {
    let fixture = Fixture::<Redis>::new().await;
    let wrong = unique::name("wrong");
    let () = client().await.set(&wrong, "no list").await.expect("set");
    let mut intents = notes(0..100);
    intents[50] = note::intent(50).queue(wrong.clone()).unique_key(wrong.clone());
    let error = flush(&fixture.engine, intents).await.expect_err("one is wrong");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    assert_eq!((error.report().dispatched(), error.report().failed()), (99, 1));
    assert_eq!(fixture.held().await, 99);
    let held: bool = client().await.exists(unique_key(&wrong, &wrong)).await.expect("answered");
    assert!(!held, "what did not leave holds no key");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_message_that_failed_says_why() {
    let fixture = Fixture::<Redis>::new().await;
    fixture.send([fail::intent(1, 9)]).await;
    fixture.serve(async || !fixture.letters().await.is_empty()).await;
    let message: Value = serde_json::from_slice(&fixture.letter().await.body).expect("JSON");
    assert_eq!(message["headers"]["airlock-reason"], "failure\u{0}2");
}

fn message(task: &str, id: &str, body: &str, padding: usize) -> Value {
    json!({
        "body": body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"lang": "py", "task": task, "id": id},
        "properties": {"padding": "x".repeat(padding)},
    })
}

/// Celery lets the sender choose the id, and some send the same one again.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn dead_letters_of_one_id_are_two() {
    let fixture = Fixture::<Redis>::new().await;
    for number in [1, 2] {
        let message = message("nobody.knows", "the-same", &format!("[[{number}], {{}}, {{}}]"), 0);
        let () = client().await.lpush(fixture.queue(), message.to_string()).await.expect("pushed");
    }
    let served = fixture.serve(async || fixture.letters().await.len() == 2).await;
    assert_eq!(served.dead, 2);
    let letters = fixture.letters().await;
    assert_ne!(letters[0].id, letters[1].id);
    assert!(fixture.engine.remove(&letters[0].id).await.expect("removed"));
    assert_eq!(fixture.letters().await, letters[1..]);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_could_not_be_read_is_retried_byte_for_byte() {
    let fixture = Fixture::<Redis>::new().await;
    let bytes = [0xff, 0x00, b'{'];
    let () = client().await.lpush(fixture.queue(), &bytes).await.expect("pushed");
    fixture.serve(async || !fixture.letters().await.is_empty()).await;
    let letter = fixture.letter().await;
    assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    let back: Vec<Vec<u8>> = client().await.lrange(fixture.queue(), 0, -1).await.expect("answered");
    assert_eq!(back, [bytes]);
}

/// What is too long is not read at all: to do so would take its size in memory several times.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_message_that_is_too_long_is_a_dead_letter_as_it_came() {
    let mut fixture = Fixture::<Redis>::new().await;
    // It takes its time.
    fixture.engine = fixture.engine.lost_after(Duration::from_mins(1));
    let message = message("engines.note", "long", "[[1], {}, {}]", 33 << 20).to_string();
    let () = client().await.lpush(fixture.queue(), &message).await.expect("pushed");
    let served = fixture.serve(async || !fixture.letters().await.is_empty()).await;
    assert_eq!(served.dead, 1);
    let letter = fixture.letter().await;
    assert!(letter.reason.contains("bytes long with its headers, and at most"), "{letter:?}");
    assert_eq!((letter.task.as_deref(), letter.body.len()), (None, 0));
    assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    let back: Vec<Vec<u8>> = client().await.lrange(fixture.queue(), 0, -1).await.expect("answered");
    assert!(back == [message.as_bytes()], "it is put back as it came");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn when_all_is_done_nothing_is_held_any_more() {
    let fixture = Fixture::<Redis>::new().await;
    fixture.send(notes(0..100)).await;
    fixture.serve_until_ran(100).await;
    let keys = [format!("{}.held", fixture.queue()), format!("{}.leases", fixture.queue())];
    let left: usize = client().await.exists(&keys).await.expect("answered");
    assert_eq!(left, 0);
}

/// A server that has no memory left takes nothing of a batch.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_full_server_takes_nothing() {
    let fixture = Fixture::<Redis>::at(Place::own::<Redis>()).await;
    let mut client = client_at(&fixture.place.url).await;
    let limit = async |client: &mut MultiplexedConnection, bytes: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory").arg(bytes);
        let () = command.query_async(client).await.expect("set");
    };
    limit(&mut client, "1").await;
    let mut intents = notes(0..100);
    intents[7] = note::intent(7).unique_key("seven");
    let error = flush(&fixture.engine, intents).await.expect_err("it is full");
    println!("{error}");
    assert_eq!((error.report().dispatched(), error.report().failed()), (0, 100));
    limit(&mut client, "0").await;
    let keys: usize = redis::cmd("DBSIZE").query_async(&mut client).await.expect("answered");
    assert_eq!(keys, 0);
    fixture.send(error.into_intents()).await;
    assert_eq!(fixture.held().await, 100);
}
