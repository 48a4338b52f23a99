//! What the other tests rest on does what it says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection as Amqp, ConnectionProperties};
use redis::AsyncCommands;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::proxy::Proxy;
use crate::python::Worker;
use crate::servers::{self, Own};
use crate::unique;

#[test]
#[should_panic(expected = "AIRLOCK_NO_SUCH_URL is not set: run tests/live.sh")]
fn without_servers_a_test_says_what_to_run() {
    servers::given("AIRLOCK_NO_SUCH_URL");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn postgres_keeps_what_was_committed_when_it_is_killed() {
    let server = Own::postgres();
    let mut before = PgConnection::connect(&server.url()).await.expect("connected");
    let create = "create table kept as select 42 as n";
    sqlx::query(create).execute(&mut before).await.expect("created");

    server.kill();
    sqlx::query("select 1").execute(&mut before).await.expect_err("its connections are gone");
    PgConnection::connect(&server.url()).await.expect_err("nobody answers");

    server.start_again();
    let mut after = PgConnection::connect(&server.url()).await.expect("connected");
    let (n,): (i32,) = sqlx::query_as("select n from kept").fetch_one(&mut after).await.expect("n");
    assert_eq!(n, 42);
    leaves_nothing(server);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn redis_keeps_what_it_has_confirmed_when_it_is_killed() {
    let server = Own::redis();
    let mut before = redis_at(&server.url()).await;
    let _: () = before.rpush("kept", &["a", "b"]).await.expect("pushed");

    server.kill();
    before.llen::<_, usize>("kept").await.expect_err("its connections are gone");

    server.start_again();
    let kept: Vec<String> =
        redis_at(&server.url()).await.lrange("kept", 0, -1).await.expect("kept");
    assert_eq!(kept, ["a", "b"]);

    server.stop();
    server.start_again();
    let kept: usize = redis_at(&server.url()).await.llen("kept").await.expect("kept");
    assert_eq!(kept, 2);
    leaves_nothing(server);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn rabbitmq_keeps_what_it_has_confirmed_when_it_is_killed() {
    let server = Own::rabbitmq();
    let channel = channel_at(&server.url()).await;
    let queue = QueueDeclareOptions::durable();
    channel.queue_declare("kept".into(), queue, FieldTable::default()).await.expect("declared");
    server.stop();
    server.start_again();
    let before = channel_at(&server.url()).await;
    publish(&before, "kept", b"a", BasicProperties::default()).await;

    server.kill();
    before
        .basic_get("kept".into(), BasicGetOptions::default())
        .await
        .expect_err("its connections are gone");

    server.start_again();
    let after = channel_at(&server.url()).await;
    let kept = after.basic_get("kept".into(), BasicGetOptions::default()).await.expect("answered");
    assert_eq!(kept.expect("kept").data, b"a");
    leaves_nothing(server);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn the_shared_servers_answer() {
    let mut postgres = PgConnection::connect(&servers::postgres_url()).await.expect("connected");
    postgres.ping().await.expect("answered");
    let name = unique::name("answers");
    let absent: bool = redis_at(&servers::redis_url()).await.exists(name).await.expect("answered");
    assert!(!absent, "no other test has that name");
    channel_at(&servers::amqp_url()).await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_notes_what_came_through_redis() {
    let worker = Worker::celery(&servers::redis_url()).await;
    let message = json!({
        "body": "W1s0Ml0sIHsibm90ZSI6ICJoaSJ9LCB7fV0=",
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"lang": "py", "task": "mail.confirmation", "id": "one"},
        "properties": {
            "correlation_id": "one",
            "delivery_tag": "one",
            "body_encoding": "base64",
            "delivery_info": {"exchange": "", "routing_key": worker.queue()},
        },
    });
    let mut redis = redis_at(&servers::redis_url()).await;
    let _: () = redis.lpush(worker.queue(), message.to_string()).await.expect("pushed");
    assert_confirmation(&worker).await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_notes_what_came_through_rabbitmq() {
    let worker = Worker::celery(&servers::amqp_url()).await;
    let mut headers = FieldTable::default();
    for (key, value) in [("lang", "py"), ("task", "mail.confirmation"), ("id", "one")] {
        headers.insert(key.into(), AMQPValue::LongString(value.into()));
    }
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_correlation_id("one".into())
        .with_headers(headers);
    let channel = channel_at(&servers::amqp_url()).await;
    publish(&channel, worker.queue(), br#"[[42], {"note": "hi"}, {}]"#, properties).await;
    assert_confirmation(&worker).await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn dramatiq_notes_what_came_through_redis() {
    let worker = Worker::dramatiq(&servers::redis_url()).await;
    let queue = format!("dramatiq:{}", worker.queue());
    let message = dramatiq_message(worker.queue(), &json!({"redis_message_id": "one"}));
    let mut redis = redis_at(&servers::redis_url()).await;
    let _: () = redis::pipe()
        .atomic()
        .hset(format!("{queue}.msgs"), "one", message.to_string())
        .rpush(&queue, "one")
        .query_async(&mut redis)
        .await
        .expect("pushed");
    assert_confirmation(&worker).await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn dramatiq_notes_what_came_through_rabbitmq() {
    let worker = Worker::dramatiq(&servers::amqp_url()).await;
    let message = dramatiq_message(worker.queue(), &json!({})).to_string();
    let channel = channel_at(&servers::amqp_url()).await;
    publish(&channel, worker.queue(), message.as_bytes(), BasicProperties::default()).await;
    assert_confirmation(&worker).await;
}

#[test]
fn a_line_carries_until_it_is_cut_and_again_when_it_is_restored() {
    let proxy = Proxy::to(&echo());
    let mut client = connect(&proxy);
    assert_eq!(asked(&mut client, b"one"), b"one");

    proxy.cut();
    assert_eq!(asked(&mut client, b"two"), b"");
    assert_eq!(asked(&mut connect(&proxy), b"three"), b"");

    proxy.restore();
    assert_eq!(asked(&mut connect(&proxy), b"four"), b"four");
}

#[test]
fn a_line_is_cut_in_the_middle_of_a_message() {
    let proxy = Proxy::to(&echo());
    proxy.cut_after_sent(2);
    let mut client = connect(&proxy);
    let answer = asked(&mut client, b"one");
    assert!(b"on".starts_with(&answer), "no more than what was let through: {answer:?}");
    assert!(!proxy.is_open());
}

#[test]
fn a_line_loses_the_answer_to_what_it_has_delivered() {
    let (received, url) = receiver();
    let proxy = Proxy::to(&url);
    proxy.cut_after_answered(0);
    assert_eq!(asked(&mut connect(&proxy), b"one"), b"");
    assert_eq!(received.join().expect("received"), b"one");
    assert!(!proxy.is_open());
}

/// When the guard is gone there are no files, and nobody listens.
fn leaves_nothing(server: Own) {
    let (folder, url) = (server.folder().to_owned(), server.url());
    drop(server);
    assert!(!folder.exists());
    let after = url.rsplit('@').next().unwrap_or(&url).trim_start_matches("redis://");
    let address = after.split('/').next().unwrap_or(after);
    TcpStream::connect(address).expect_err("nobody listens");
}

async fn redis_at(url: &str) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("connected")
}

async fn channel_at(url: &str) -> Channel {
    let connection = Amqp::connect(url, ConnectionProperties::default()).await.expect("connected");
    let channel = connection.create_channel().await.expect("a channel");
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
    channel
}

/// Publishes a message that outlives the server, and waits until it is confirmed.
async fn publish(channel: &Channel, queue: &str, body: &[u8], properties: BasicProperties) {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let properties = properties.with_delivery_mode(2);
    let sent = channel.basic_publish("".into(), queue.into(), options, body, properties).await;
    let confirmation = sent.expect("sent").await.expect("answered");
    assert!(confirmation.is_ack() && confirmation.take_message().is_none(), "no such queue");
}

fn dramatiq_message(queue: &str, options: &Value) -> Value {
    json!({
        "queue_name": queue,
        "actor_name": "mail.confirmation",
        "args": [42],
        "kwargs": {"note": "hi"},
        "options": options,
        "message_id": "one",
        "message_timestamp": 0,
    })
}

async fn assert_confirmation(worker: &Worker) {
    let received = worker.received(1).await;
    let [message] = &received[..] else { panic!("one message: {received:?}\n{}", worker.output()) };
    assert_eq!(message["name"], "mail.confirmation");
    assert_eq!(message["id"], "one");
    assert_eq!(message["args"], json!([42]));
    assert_eq!(message["kwargs"], json!({"note": "hi"}));
    assert_eq!(message["queue"], worker.queue());
}

/// The URL of a server that sends back what it gets.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("echo://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a client");
            thread::spawn(move || {
                let mut bytes = [0; 64];
                while let Ok(read @ 1..) = client.read(&mut bytes) {
                    if client.write_all(&bytes[..read]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    url
}

/// A server that answers one client, once; and what it got.
fn receiver() -> (thread::JoinHandle<Vec<u8>>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("once://{}", listener.local_addr().expect("an address"));
    let received = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut bytes = [0; 64];
        let read = client.read(&mut bytes).expect("a message");
        client.write_all(b"done").expect("answered");
        bytes[..read].to_vec()
    });
    (received, url)
}

fn connect(proxy: &Proxy) -> TcpStream {
    let (_, address) = proxy.url().split_once("://").expect("a URL");
    let client = TcpStream::connect(address).expect("connected");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    client
}

/// What came back in one piece: nothing if the line is cut.
fn asked(client: &mut TcpStream, message: &[u8]) -> Vec<u8> {
    let mut bytes = [0; 64];
    let answer = client.write_all(message).and_then(|()| client.read(&mut bytes));
    bytes[..answer.unwrap_or(0)].to_vec()
}
