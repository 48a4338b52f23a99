//! Celery over RabbitMQ: what Python runs, what it sends, and what becomes of messages in between.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use airlock::celery::RabbitMq;
use airlock::worker::{DeadLetters, Served, Source};
use airlock::{Backoff, Executor, FlushError, Intent, Report, tasks};
use lapin::message::Delivery;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::proxy::Proxy;
use crate::python::Worker as Python;
use crate::{servers, unique};

// ---- what these tests and their siblings share

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

#[airlock::task(name = "mail.confirmation")]
pub(crate) fn mail_confirmation(order_id: u64, #[secret] note: String) {
    unreachable!("Python's: {order_id}, {note}")
}

#[airlock::task(name = "warehouse.notify")]
pub(crate) fn warehouse_notify(order_id: u64) {
    unreachable!("Python's: {order_id}")
}

#[airlock::task(name = "fails", max_attempts = 3)]
pub(crate) fn fails(reason: String) {
    unreachable!("Python's: {reason}")
}

/// What the tasks below ran for: the numbers, by the test's own name.
static RAN: Mutex<BTreeMap<String, Runs>> = Mutex::new(BTreeMap::new());

type Runs = Vec<(u64, Instant)>;

pub(crate) fn ran(test: &str) -> Runs {
    let ran = RAN.lock().unwrap_or_else(PoisonError::into_inner);
    ran.get(test).cloned().unwrap_or_default()
}

fn note(test: &str, number: u64) -> usize {
    let mut ran = RAN.lock().unwrap_or_else(PoisonError::into_inner);
    let ran = ran.entry(test.to_owned()).or_default();
    ran.push((number, Instant::now()));
    ran.len()
}

/// Notes that it ran.
#[airlock::task(name = "celery.noted")]
pub(crate) async fn noted(test: String, number: u64) {
    note(&test, number);
}

/// Notes that it ran, and fails so many times.
#[airlock::task(name = "celery.failing")]
pub(crate) async fn failing(test: String, times: u64) -> Result<(), String> {
    let attempts = note(&test, times) as u64;
    if attempts <= times { Err(format!("failure {attempts}")) } else { Ok(()) }
}

/// Notes that it began, and goes on for a while.
#[airlock::task(name = "celery.long")]
pub(crate) async fn long(test: String, millis: u64) {
    note(&test, millis);
    sleep(Duration::from_millis(millis)).await;
}

/// Fails at length.
#[airlock::task(name = "celery.verbose")]
pub(crate) async fn verbose() -> Result<(), String> {
    Err("ä".repeat(1_000_000))
}

/// Enqueues intents, and flushes them together.
pub(crate) async fn flush(
    executor: impl Executor,
    intents: impl IntoIterator<Item = Intent>,
) -> Result<Report, FlushError> {
    let (enqueued, sealed) = airlock::scope()
        .executor(executor)
        .seal_async(async { intents.into_iter().try_for_each(Intent::enqueue) })
        .await;
    enqueued.expect("there is a scope");
    sealed.flush_async().await
}

pub(crate) fn numbers(test: &str, numbers: std::ops::Range<u64>) -> Vec<Intent> {
    numbers.map(|number| noted::intent(test.to_owned(), number)).collect()
}

/// A worker that runs until it is told to stop.
pub(crate) struct Serving {
    stop: oneshot::Sender<()>,
    served: JoinHandle<Served>,
}

impl Serving {
    /// A worker of the tasks above, which tries again soon, and three times in all.
    pub(crate) fn start(source: impl Source) -> Self {
        Self::with(source, 16, Duration::from_secs(30))
    }

    pub(crate) fn with(source: impl Source, concurrency: usize, grace: Duration) -> Self {
        let worker = airlock::worker()
            .serving(tasks![noted, failing, long, verbose])
            .concurrency(concurrency)
            .grace(grace)
            .max_attempts(3)
            .backoff(Backoff::new(Duration::from_millis(200)).exact())
            .build()
            .expect("no states are missing");
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            worker.run(source, async { drop(stopped.await) }).await.expect("it begins")
        });
        Self { stop, served }
    }

    pub(crate) async fn stop(self) -> Served {
        drop(self.stop);
        timeout(PATIENCE, self.served).await.expect("it stops").expect("it ends")
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is().await {
        assert!(begun.elapsed() < PATIENCE, "it takes too long until {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn until_ran(test: &str, times: usize) {
    until(&format!("{times} ran, not {}", ran(test).len()), async || ran(test).len() >= times)
        .await;
}

/// Has Python send something to a queue: `script` has an `app` of Celery's.
pub(crate) fn send_from_python(broker: &str, queue: &str, script: &str) {
    let script = format!(
        "from celery import Celery\n\
         app = Celery('sender', broker={broker:?})\n\
         app.conf.task_default_queue = {queue:?}\n\
         {script}\n"
    );
    let output = Command::new(servers::given("AIRLOCK_PYTHON"))
        .args(["-c", &script])
        .output()
        .expect("AIRLOCK_PYTHON names an interpreter");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Takes all that there is and leaves it, as a worker that is killed does.
pub(crate) async fn take_and_die<S: Source>(source: S, at_least: usize) -> usize {
    source.open().await.expect("opened");
    let mut held = Vec::new();
    while held.len() < at_least {
        timeout(PATIENCE, source.wait()).await.expect("there is more");
        held.extend(source.receive(1_000).await.expect("received"));
    }
    held.len()
}

/// The arguments as Celery shows them in logs.
pub(crate) fn shown(event: &Value) -> Value {
    serde_json::from_str(event["kwargsrepr"].as_str().expect("a text")).expect("JSON")
}

// ---- this broker

async fn connected() -> RabbitMq {
    RabbitMq::connect(&servers::amqp_url()).await.expect("connected")
}

/// A queue of the test's own, which is there.
async fn own_queue() -> (String, Channel) {
    let queue = unique::name("celery");
    let channel = channel().await;
    declare(&channel, &queue, FieldTable::default()).await;
    (queue, channel)
}

pub(crate) async fn channel() -> Channel {
    let url = servers::amqp_url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    connection.expect("connected").create_channel().await.expect("a channel")
}

pub(crate) async fn declare(channel: &Channel, queue: &str, arguments: FieldTable) {
    let durable = QueueDeclareOptions::durable();
    channel.queue_declare(queue.into(), durable, arguments).await.expect("declared");
}

async fn count(channel: &Channel, queue: &str) -> u32 {
    let there = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(queue.into(), there, FieldTable::default()).await;
    queue.expect("it is there").message_count()
}

async fn take(channel: &Channel, queue: &str) -> Option<Delivery> {
    let options = BasicGetOptions { no_ack: true };
    channel.basic_get(queue.into(), options).await.expect("answered").map(|got| got.delivery)
}

pub(crate) async fn take_all(channel: &Channel, queue: &str) -> Vec<Value> {
    let mut bodies = Vec::new();
    while let Some(delivery) = take(channel, queue).await {
        bodies.push(serde_json::from_slice(&delivery.data).expect("JSON"));
    }
    bodies
}

async fn publish(channel: &Channel, queue: &str, body: &[u8], properties: BasicProperties) {
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish("".into(), queue.into(), options, body, properties).await;
    sent.expect("sent").await.expect("answered");
}

fn number_in(body: &Value) -> u64 {
    body[1]["number"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_arrive_once_each_and_in_order() {
    let (queue, channel) = own_queue().await;
    let celery = connected().await.queue(&queue);
    let begun = Instant::now();
    let report = flush(celery, numbers("-", 0..10_000)).await.expect("all left");
    println!("{} intents in {:.0?}", report.dispatched(), begun.elapsed());
    let arrived: Vec<_> = take_all(&channel, &queue).await.iter().map(number_in).collect();
    println!("{} arrived", arrived.len());
    assert_eq!(report.dispatched(), 10_000);
    assert!(arrived.into_iter().eq(0..10_000));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    let python = Python::celery(&servers::amqp_url()).await;
    let celery = connected().await.queue(python.queue());
    let intents = [
        mail_confirmation::intent(1, "s3cret".into()),
        warehouse_notify::intent(2).expires(PATIENCE),
        warehouse_notify::intent(3).delay(Duration::from_secs(2)),
        warehouse_notify::intent(4).expires(Duration::ZERO),
        fails::intent("on purpose".into()),
    ];
    let begun = Instant::now();
    flush(celery.clone(), intents).await.expect("all left");
    flush(celery.positional(), [mail_confirmation::intent(5, "s3cret".into())])
        .await
        .expect("left");

    // Three attempts of what fails, and what has expired never runs.
    let received = python.received(7).await;
    assert!(begun.elapsed() >= Duration::from_secs(2) && begun.elapsed() < Duration::from_secs(10));
    let of = |name: &str, nth: usize| {
        let mut named = received.iter().filter(|event| event["name"] == name);
        named.nth(nth).unwrap_or_else(|| panic!("{name}: {received:#?}")).clone()
    };
    let mail = of("mail.confirmation", 0);
    assert_eq!(mail["kwargs"], json!({"order_id": 1, "note": "s3cret"}));
    assert_eq!(shown(&mail), json!({"order_id": 1, "note": "[secret]"}));
    assert_eq!((&mail["args"], &mail["retries"]), (&json!([]), &json!(0)));
    assert_eq!(mail["id"], mail["root_id"]);
    assert!(mail["origin"].as_str().is_some_and(|origin| origin.contains("celery_rabbitmq.rs:")));
    assert_eq!(of("mail.confirmation", 1)["args"], json!([5, "s3cret"]));
    assert_eq!(of("warehouse.notify", 0)["kwargs"], json!({"order_id": 2}));
    let late = of("warehouse.notify", 1);
    assert_eq!(late["kwargs"], json!({"order_id": 3}));
    assert!(late["eta"].is_string());
    assert_eq!(of("fails", 2)["retries"], 2);
    assert!(!python.output().contains("s3cret"), "{}", python.output());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_cannot_be_honoured_is_refused_by_name() {
    let (queue, channel) = own_queue().await;
    let celery = connected().await.queue(&queue);
    let refused = [
        ("max_attempts", warehouse_notify::intent(1).max_attempts(2)),
        ("unique_key", warehouse_notify::intent(1).unique_key("one")),
        ("priority", warehouse_notify::intent(1).priority(200)),
    ];
    for (option, intent) in refused {
        let error = flush(celery.clone(), [intent]).await.expect_err("refused");
        let said = format!("`airlock::celery::RabbitMq` can't honour the option `{option}`");
        assert!(error.to_string().contains(&said), "{error}");
    }
    let long = "q".repeat(300);
    let error =
        flush(celery, [warehouse_notify::intent(1).queue(long)]).await.expect_err("refused");
    assert!(error.to_string().contains("longer than the 255 bytes"), "{error}");
    assert_eq!(count(&channel, &queue).await, 0);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn priorities_are_those_of_the_queue() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue).max_priority(10).declare_queues();
    let intents = [0, 255, 128]
        .map(|priority| noted::intent("-".into(), u64::from(priority)).priority(priority));
    flush(celery.clone(), intents).await.expect("all left");
    let channel = channel().await;
    let first = take(&channel, &queue).await.expect("a message");
    assert_eq!(*first.properties.priority(), Some(10));
    let rest: Vec<_> = take_all(&channel, &queue).await.iter().map(number_in).collect();
    assert_eq!(rest, [128, 0]);

    let (plain, _) = own_queue().await;
    let error =
        flush(celery.queue(&plain), [warehouse_notify::intent(1)]).await.expect_err("refused");
    assert!(error.to_string().contains("declared otherwise"), "{error}");
}

/// The client gives a message that came back to whichever confirmation it hears of next, and not to
/// the message's own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_has_no_queue_is_handed_back_and_nothing_else() {
    let (queue, channel) = own_queue().await;
    let celery = connected().await.queue(&queue);
    let missing = unique::name("missing");
    let mut intents = numbers("-", 0..3_000);
    for number in [0, 7, 1_499, 1_500, 2_999] {
        intents[number] = noted::intent("-".into(), number as u64).queue(missing.clone());
    }
    let error = flush(celery.clone(), intents).await.expect_err("some have no queue");
    println!("{error}");
    assert!(error.to_string().contains(&missing) && error.to_string().contains("declare"));
    assert_eq!((error.report().dispatched(), error.report().failed()), (2_995, 5));
    let back: Vec<_> =
        error.into_intents().iter().map(|intent| intent.arguments()["number"].clone()).collect();
    assert_eq!(back, [0, 7, 1_499, 1_500, 2_999]);
    assert_eq!(count(&channel, &queue).await, 2_995);

    let declaring = celery.declare_queues();
    flush(declaring, numbers("-", 0..1).into_iter().map(|intent| intent.queue(missing.clone())))
        .await
        .expect("declared");
    assert_eq!(count(&channel, &missing).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_broker_does_not_take_is_handed_back() {
    let queue = unique::name("celery");
    let channel = channel().await;
    let mut full = FieldTable::default();
    full.insert("x-max-length".into(), AMQPValue::LongInt(10));
    full.insert("x-overflow".into(), AMQPValue::LongString(LongString::from("reject-publish")));
    declare(&channel, &queue, full).await;
    let celery = connected().await.queue(&queue);
    let error = flush(celery, numbers("-", 0..100)).await.expect_err("ten fit");
    let (dispatched, failed) = (error.report().dispatched(), error.report().failed());
    println!("{dispatched} dispatched, {failed} failed: {error}");
    assert!(error.to_string().contains("is the queue full?"));
    assert_eq!(dispatched + failed, 100);
    assert_eq!(count(&channel, &queue).await as usize, dispatched);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_connection_that_is_lost_is_made_anew() {
    let (queue, channel) = own_queue().await;
    let proxy = Proxy::to(&servers::amqp_url());
    let celery = RabbitMq::connect(proxy.url()).await.expect("connected").queue(&queue);
    flush(celery.clone(), numbers("-", 0..10)).await.expect("all left");

    proxy.cut();
    let error = flush(celery.clone(), numbers("-", 10..20)).await.expect_err("nobody answers");
    println!("{error}");
    assert!(!error.to_string().contains("guest"), "{error}");
    assert_eq!(error.report().dispatched(), 0);
    let again = error.into_intents();
    assert_eq!(again.len(), 10);

    proxy.restore();
    flush(celery.clone(), again).await.expect("all left");
    // One that was cut and restored between two flushes goes unnoticed.
    proxy.cut();
    sleep(Duration::from_millis(200)).await;
    proxy.restore();
    flush(celery, numbers("-", 20..30)).await.expect("all left");
    let arrived: Vec<_> = take_all(&channel, &queue).await.iter().map(number_in).collect();
    assert!(arrived.into_iter().eq(0..30));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn half_a_batch_is_dispatched_or_handed_back() {
    let (queue, channel) = own_queue().await;
    let proxy = Proxy::to(&servers::amqp_url());
    let celery = RabbitMq::connect(proxy.url()).await.expect("connected").queue(&queue);
    flush(celery.clone(), numbers("-", 0..1)).await.expect("left");
    proxy.cut_after_sent(4_000_000);
    let error = flush(celery, numbers("-", 1..10_001)).await.expect_err("it was cut");
    let report = error.report();
    println!(
        "{} dispatched, {} failed, {} not attempted: {error}",
        report.dispatched(),
        report.failed(),
        report.not_attempted()
    );
    assert!(report.dispatched() > 0 && report.not_attempted() > 0);
    assert!(error.to_string().contains("may have arrived"));
    let dispatched = report.dispatched() as u64;
    let back = error.into_intents();
    assert_eq!(dispatched + back.len() as u64, 10_000);
    // What counts as dispatched is there, and more than that only of what may have arrived.
    sleep(Duration::from_millis(500)).await;
    let arrived: Vec<_> = take_all(&channel, &queue).await.iter().map(number_in).collect();
    println!("{} arrived", arrived.len());
    assert!((0..=dispatched).all(|number| arrived.contains(&number)));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_closed_port_is_said_without_the_password() {
    let error =
        RabbitMq::connect("amqp://somebody:pa55@127.0.0.1:9/shop").await.expect_err("closed");
    let said = error.to_string();
    assert!(
        said.contains("can't connect to RabbitMQ at 127.0.0.1:9 (virtual host `shop`): "),
        "{said}"
    );
    assert!(!said.contains("pa55"), "{said}");
    let error = RabbitMq::connect("http://127.0.0.1").await.expect_err("no broker");
    assert!(error.to_string().contains("amqp://user:password@host"), "{error}");
}

/// A flush outside of any runtime, from a thread of its own, uses the connection's.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn sync_code_flushes_from_any_thread() {
    let (queue, channel) = own_queue().await;
    let celery = connected().await.queue(&queue);
    let flushing = std::thread::spawn(move || {
        airlock::scope().executor(celery).run(|| warehouse_notify::enqueue(1)).map(Result::unwrap)
    });
    tokio::task::block_in_place(|| flushing.join()).expect("no panic").expect("left");
    assert_eq!(count(&channel, &queue).await, 1);

    // Also where the queue is to be declared first.
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue).declare_queues();
    let flushing = std::thread::spawn(move || {
        airlock::scope().executor(celery).run(|| warehouse_notify::enqueue(1)).map(Result::unwrap)
    });
    tokio::task::block_in_place(|| flushing.join()).expect("no panic").expect("left");
    assert_eq!(count(&channel, &queue).await, 1);
}

// ---- workers

/// Nobody puts a letter back for it to expire at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_has_expired_runs_when_it_is_put_back() {
    let (queue, test) = (unique::name("celery"), unique::name("expired"));
    let celery = connected().await.queue(&queue).declare_queues();
    flush(celery.clone(), [noted::intent(test.clone(), 7).expires(Duration::ZERO)])
        .await
        .expect("left");
    let serving = Serving::start(celery.clone());
    until("it is dead", async || !celery.list(1).await.expect("listed").is_empty()).await;
    let letter = celery.list(1).await.expect("listed").pop().expect("a letter");
    assert!(letter.reason.contains("it expired"), "{letter:?}");
    assert!(celery.retry(&letter.id).await.expect("retried"));
    until_ran(&test, 1).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.dead), (1, 1));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn rust_runs_what_python_sent() {
    let (queue, test) = (unique::name("celery"), unique::name("python"));
    let serving = Serving::start(connected().await.queue(&queue));
    let script = format!(
        "app.send_task('celery.noted', kwargs={{'test': '{test}', 'number': 1}})\n\
         app.send_task('celery.noted', args=['{test}', 2])\n\
         app.send_task('celery.noted', args=['{test}'], kwargs={{'number': 3}})\n\
         app.send_task('celery.noted', args=['{test}', 4], countdown=1)\n\
         app.send_task('celery.noted', args=['{test}', 5], expires=3, serializer='pickle')\n\
         app.send_task('celery.noted', args=['{test}', 6], serializer='pickle')\n\
         app.send_task('celery.noted', args=['{test}', 7], compression='gzip')\n\
         app.send_task('celery.noted', args=['{test}', 8, 9])\n\
         app.send_task('celery.notde', args=['{test}', 8])\n\
         app.send_task('celery.noted', args=['{test}', 9], link=app.signature('celery.noted'))\n"
    );
    send_from_python(&servers::amqp_url(), &queue, &script);
    let old = "app.conf.task_protocol = 1\napp.send_task('celery.noted', args=['-', 10])";
    send_from_python(&servers::amqp_url(), &queue, old);
    until_ran(&test, 4).await;
    let letters = connected().await.queue(&queue);
    until("there are seven dead letters", async || {
        letters.list(100).await.expect("listed").len() == 7
    })
    .await;
    let served = serving.stop().await;
    let mut numbers: Vec<_> = ran(&test).into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!((served.done, served.dead), (4, 7));

    // Python says of the message itself that it expires, which is not to be so of a dead letter.
    sleep(Duration::from_secs(3)).await;
    let letters = letters.list(100).await.expect("listed");
    assert_eq!(letters.len(), 7);
    let said = |text: &str| {
        let found = letters.iter().any(|letter| letter.reason.contains(text));
        assert!(found, "{text}: {letters:#?}");
    };
    said("application/x-python-serialize");
    said("it is compressed");
    said("3 positional arguments");
    said("did you mean `celery.noted`?");
    said("it has callbacks");
    said("protocol 1");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_fails_is_tried_again_and_then_kept() {
    let (queue, test) = (unique::name("celery"), unique::name("retry"));
    let celery = connected().await.queue(&queue).declare_queues();
    let dead = unique::name("retry");
    let intents = [failing::intent(test.clone(), 2), failing::intent(dead.clone(), 99)];
    flush(celery.clone(), intents).await.expect("all left");
    let serving = Serving::start(celery.clone());
    until_ran(&test, 3).await;
    until_ran(&dead, 3).await;
    until("it is dead", async || !celery.list(10).await.expect("listed").is_empty()).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.retried, served.dead), (1, 4, 1));
    let waits: Vec<_> = ran(&test).windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    println!("waits: {waits:?}");
    let about = |wait: Duration, millis: u64| {
        let expected = Duration::from_millis(millis);
        wait >= expected && wait < expected + Duration::from_millis(900)
    };
    assert!(about(waits[0], 200) && about(waits[1], 400), "{waits:?}");

    let letters = celery.list(10).await.expect("listed");
    let [letter] = &letters[..] else { panic!("one letter: {letters:#?}") };
    assert_eq!(letter.reason, "failure 3 (attempt 3 of 3)");
    assert_eq!((letter.attempts, letter.queue.as_str()), (3, queue.as_str()));
    assert_eq!(letter.task.as_deref(), Some("celery.failing"));
    assert!(letter.since.elapsed().expect("in the past") < PATIENCE);
    assert!(String::from_utf8_lossy(&letter.body).contains(&dead));

    // As new: three more attempts, and the same id.
    assert!(celery.retry(&letter.id).await.expect("retried"));
    assert!(!celery.retry(&letter.id).await.expect("gone"));
    let serving = Serving::start(celery.clone());
    until_ran(&dead, 6).await;
    until("it is dead", async || !celery.list(10).await.expect("listed").is_empty()).await;
    serving.stop().await;
    let found = celery.find(&letter.id).await.expect("answered").expect("the same id");
    assert_eq!(found.attempts, 3);
    assert!(celery.remove(&letter.id).await.expect("removed"));
    assert!(!celery.remove(&letter.id).await.expect("gone"));
    assert_eq!(celery.find(&letter.id).await.expect("answered"), None);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn dead_letters_stay_in_order_however_often_one_looks() {
    let (queue, channel) = own_queue().await;
    let celery = connected().await.queue(&queue);
    for number in 0..5 {
        let body = format!("junk {number}");
        publish(&channel, &queue, body.as_bytes(), BasicProperties::default()).await;
    }
    let serving = Serving::with(celery.clone(), 1, PATIENCE);
    until("all are dead", async || celery.list(10).await.expect("listed").len() == 5).await;
    assert_eq!(serving.stop().await.dead, 5);
    let bodies = async || {
        let letters = celery.list(10).await.expect("listed");
        letters
            .iter()
            .map(|letter| String::from_utf8_lossy(&letter.body).into_owned())
            .collect::<Vec<_>>()
    };
    let all = ["junk 0", "junk 1", "junk 2", "junk 3", "junk 4"];
    for _ in 0..3 {
        assert_eq!(bodies().await, all);
    }
    assert_eq!(celery.list(2).await.expect("listed").len(), 2);
    let third = celery.list(10).await.expect("listed")[2].id.clone();
    let letter = celery.find(&third).await.expect("answered").expect("found");
    assert!(letter.reason.contains("no header `task`"), "{}", letter.reason);
    assert!(celery.remove(&third).await.expect("removed"));
    assert_eq!(bodies().await, ["junk 0", "junk 1", "junk 3", "junk 4"]);
    // Two queues, of which one has never had a dead letter.
    let both = celery.clone().queues([unique::name("none"), queue.clone()]);
    assert_eq!(both.list(10).await.expect("listed").len(), 4);
}

/// The client forgets what it is asked in the moment in which its connection goes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn whoever_looks_at_dead_letters_is_not_left_waiting_when_the_line_is_cut() {
    let (queue, channel) = own_queue().await;
    let dead = format!("{queue}.dead");
    declare(&channel, &dead, FieldTable::default()).await;
    for number in 0..1_000 {
        let properties = BasicProperties::default().with_message_id(number.to_string().into());
        publish(&channel, &dead, &[b'x'; 1_000], properties).await;
    }
    let proxy = Proxy::to(&servers::amqp_url());
    let celery = RabbitMq::connect(proxy.url()).await.expect("connected").queue(&queue);
    let (last, mut failed) = (999.to_string(), 0);
    for cut in 1..40 {
        proxy.cut_after_answered(cut * 6_000);
        let looked = async {
            match cut % 4 {
                0 => celery.retry(&last).await.map(drop),
                1 => celery.remove("none").await.map(drop),
                2 => celery.find(&last).await.map(drop),
                _ => celery.list(2_000).await.map(drop),
            }
        };
        let looked = timeout(PATIENCE, looked).await.expect("it ends");
        failed += u32::from(looked.is_err());
        proxy.restore();
    }
    assert!(failed > 20, "it was cut: {failed}");
    // Neither is one whose line is silent.
    let begun = Instant::now();
    let silent = async {
        // It has its connection by then, and many letters to take.
        sleep(Duration::from_millis(200)).await;
        proxy.hold();
    };
    let (looked, ()) = tokio::join!(timeout(2 * PATIENCE, celery.list(2_000)), silent);
    let error = looked.expect("it ends").expect_err("nobody answers").to_string();
    println!("{error}, after {:.1?}", begun.elapsed());
    assert!(
        error.contains("it did not answer within 30s") && !error.contains("connect"),
        "{error}"
    );
    proxy.cut();
    // Some may have been put back into their queue, and then nobody heard of it.
    let kept = async || count(&channel, &dead).await + count(&channel, &queue).await;
    until("all are there", async || kept().await >= 1_000).await;
}

/// What the broker gives up by itself, of senders who gave it no id.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_broker_gave_up_is_listed_by_age_and_found() {
    let (one, other) = (unique::name("celery"), unique::name("celery"));
    let channel = channel().await;
    for queue in [&one, &other] {
        declare(&channel, &format!("{queue}.dead"), FieldTable::default()).await;
        let mut arguments = FieldTable::default();
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
        let to = AMQPValue::LongString(format!("{queue}.dead").into());
        arguments.insert("x-dead-letter-routing-key".into(), to);
        declare(&channel, queue, arguments).await;
    }
    let expired = || BasicProperties::default().with_expiration("1".into());
    // The first of the served queues has the younger letters.
    publish(&channel, &other, b"old", expired()).await;
    sleep(Duration::from_millis(1_100)).await;
    publish(&channel, &one, b"young 1", expired()).await;
    publish(&channel, &one, b"young 2", expired()).await;
    let celery = connected().await.queues([&one, &other]);
    until("all are dead", async || celery.list(10).await.expect("listed").len() == 3).await;
    let listed = celery.list(2).await.expect("listed");
    assert_eq!(listed.len(), 2);
    assert_eq!((&*listed[0].body, &*listed[0].queue), (&b"old"[..], &*other));
    assert!(listed[0].since.elapsed().expect("in the past") < PATIENCE, "{listed:?}");
    assert!(listed[0].reason.contains("expired"), "{listed:?}");

    let letters = celery.list(10).await.expect("listed");
    let [old, one, two] = &letters[..] else { panic!("three: {letters:?}") };
    assert!(one.id != two.id && one.id != old.id && !old.id.is_empty(), "{letters:?}");
    assert_eq!(celery.find(&two.id).await.expect("answered").as_ref(), Some(two));
    assert!(celery.remove(&two.id).await.expect("removed"));
    assert!(celery.retry(&old.id).await.expect("retried"));
    assert_eq!(count(&channel, &other).await, 1);
    let left = celery.list(10).await.expect("listed");
    assert_eq!(left, std::slice::from_ref(one));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_message_starts_when_it_is_due_whatever_waits_beside_it() {
    let (queue, test) = (unique::name("celery"), unique::name("due"));
    let celery = connected().await.queue(&queue).declare_queues();
    let serving = Serving::start(celery.clone());
    let begun = Instant::now();
    let intents = [
        noted::intent(test.clone(), 3_600).delay(Duration::from_hours(1)),
        noted::intent(test.clone(), 2).delay(Duration::from_secs(2)),
        noted::intent(test.clone(), 1).at(SystemTime::now() + Duration::from_secs(1)),
        noted::intent(test.clone(), 0),
    ];
    flush(celery, intents).await.expect("all left");
    until_ran(&test, 3).await;
    for (expected, (number, at)) in [0, 1, 2].into_iter().zip(ran(&test)) {
        let after = at - begun;
        println!("due after {number} s: started after {after:.2?}");
        assert_eq!(number, expected);
        assert!(after >= Duration::from_millis(number * 1_000 - number), "{after:?}");
        assert!(after < Duration::from_secs(number + 1), "{after:?}");
    }
    let served = serving.stop().await;
    assert_eq!((served.done, served.retried), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_idle_worker_starts_at_once() {
    let (queue, test) = (unique::name("celery"), unique::name("idle"));
    let celery = connected().await.queue(&queue).declare_queues();
    let serving = Serving::start(celery.clone());
    sleep(Duration::from_millis(700)).await;
    let begun = Instant::now();
    flush(celery, numbers(&test, 0..1)).await.expect("left");
    until_ran(&test, 1).await;
    let after = ran(&test)[0].1 - begun;
    println!("started after {after:.1?}");
    assert!(after < Duration::from_millis(150), "{after:?}");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn two_workers_share_a_queue_and_run_nothing_twice() {
    let (queue, test) = (unique::name("celery"), unique::name("share"));
    let celery = connected().await.queue(&queue).declare_queues();
    flush(celery.clone(), numbers(&test, 0..5_000)).await.expect("all left");
    let begun = Instant::now();
    let (one, two) = (Serving::start(celery.clone()), Serving::start(celery.clone()));
    until_ran(&test, 5_000).await;
    println!("5,000 ran in {:.1?}", begun.elapsed());
    let (one, two) = (one.stop().await, two.stop().await);
    println!("{} + {}", one.done, two.done);
    assert_eq!(one.done + two.done, 5_000);
    assert!(one.done > 0 && two.done > 0);
    let mut numbers: Vec<_> = ran(&test).into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..5_000));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_dead_workers_messages_are_taken_over() {
    let (queue, test) = (unique::name("celery"), unique::name("died"));
    let celery = connected().await.queue(&queue).declare_queues();
    flush(celery.clone(), numbers(&test, 0..100)).await.expect("all left");
    assert_eq!(take_and_die(celery.clone(), 100).await, 100);
    let serving = Serving::with(celery, 1, PATIENCE);
    until_ran(&test, 100).await;
    assert_eq!(serving.stop().await.done, 100);
    assert!(ran(&test).into_iter().map(|(number, _)| number).eq(0..100));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_stops_gives_back_what_it_holds() {
    let (queue, test) = (unique::name("celery"), unique::name("back"));
    let celery = connected().await.queue(&queue).declare_queues();
    flush(celery.clone(), [long::intent(test.clone(), 3_600_000)]).await.expect("left");
    flush(celery.clone(), numbers(&test, 0..3)).await.expect("all left");
    let serving = Serving::with(celery.clone(), 1, Duration::from_millis(100));
    until_ran(&test, 1).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.returned), (0, 4));
    assert_eq!(count(&channel().await, &queue).await, 4);
    // In their places, and none counts as tried.
    let source = celery.clone();
    source.open().await.expect("opened");
    let mut received = Vec::new();
    while received.len() < 4 {
        source.wait().await;
        received.extend(source.receive(10).await.expect("received"));
    }
    let shown: Vec<_> = received.iter().map(|message| format!("{message:?}")).collect();
    assert!(shown[0].contains("celery.long") && shown[3].contains("celery.noted"), "{shown:#?}");
    assert!(!shown[0].contains("3600000"), "what it holds is not shown: {}", shown[0]);
    assert!(shown.iter().all(|message| message.contains("attempt: 1")), "{shown:#?}");
}

/// The queue of delays is there, declared otherwise: what fails can't wait in it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_broker_refuses_to_keep_keeps_nothing_else_from_being_settled() {
    let (queue, channel) = own_queue().await;
    let (test, failing_test) = (unique::name("beside"), unique::name("refused"));
    let delay = format!("{queue}.delay.125");
    declare(&channel, &delay, FieldTable::default()).await;
    let celery = connected().await.queue(&queue);
    flush(celery.clone(), [failing::intent(failing_test.clone(), 1)]).await.expect("left");
    flush(celery.clone(), numbers(&test, 0..200)).await.expect("all left");
    // It has room for a few at a time, of which those that are not settled take up some.
    let serving = Serving::with(celery, 1, PATIENCE);
    until_ran(&test, 200).await;
    assert_eq!(ran(&failing_test).len(), 1);
    let options = QueueDeleteOptions::default();
    channel.queue_delete(delay.as_str().into(), options).await.expect("deleted");
    until_ran(&failing_test, 2).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.retried, served.untold), (201, 1, 0));
    assert_eq!(count(&channel, &queue).await, 0);
}

/// Nothing else is published meanwhile, which would find out by itself that the queue is gone.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_whose_queue_is_deleted_declares_it_again() {
    let (queue, channel) = own_queue().await;
    let test = unique::name("deleted");
    let celery = connected().await.queue(&queue);
    flush(celery.clone(), numbers(&test, 0..1)).await.expect("left");
    let serving = Serving::start(celery);
    until_ran(&test, 1).await;
    let options = QueueDeleteOptions::default();
    channel.queue_delete(queue.as_str().into(), options).await.expect("deleted");
    let sender = connected().await.queue(&queue);
    until("it is there again", async || flush(sender.clone(), numbers(&test, 1..2)).await.is_ok())
        .await;
    until_ran(&test, 2).await;
    assert_eq!(serving.stop().await.done, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_lives_on_when_its_connection_does_not() {
    let (queue, test) = (unique::name("celery"), unique::name("cut"));
    let proxy = Proxy::to(&servers::amqp_url());
    let direct = connected().await.queue(&queue).declare_queues();
    let serving =
        Serving::start(RabbitMq::connect(proxy.url()).await.expect("connected").queue(&queue));
    flush(direct.clone(), numbers(&test, 0..10)).await.expect("all left");
    until_ran(&test, 10).await;
    proxy.cut();
    sleep(Duration::from_millis(300)).await;
    proxy.restore();
    flush(direct.clone(), numbers(&test, 10..20)).await.expect("all left");
    flush(direct, [failing::intent(test.clone(), 0)]).await.expect("left");
    until("the others ran", async || {
        (10..20).all(|number| ran(&test).iter().any(|(ran, _)| *ran == number))
    })
    .await;
    serving.stop().await;
}

/// A reason that does not fit into a frame of AMQP would end the connection.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_long_reason_is_shortened() {
    let celery = connected().await.queue(unique::name("celery")).declare_queues();
    flush(celery.clone(), [verbose::intent()]).await.expect("left");
    let serving = Serving::start(celery.clone());
    until("it is dead", async || !celery.list(1).await.expect("listed").is_empty()).await;
    assert_eq!(serving.stop().await.dead, 1);
    let reason = &celery.list(1).await.expect("listed")[0].reason;
    assert!(reason.starts_with("ää") && reason.len() < 10_000);
}

/// Celery may be configured to route by exchanges of its own.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_came_by_another_routing_key_goes_back_to_its_queue() {
    let (queue, other, test) =
        (unique::name("celery"), unique::name("celery"), unique::name("routed"));
    let celery = connected().await.queues([&other, &queue]);
    let serving = Serving::start(celery);
    let script = format!(
        "from kombu import Exchange, Queue\n\
         exchange = Exchange('{queue}', type='topic', auto_delete=True)\n\
         app.conf.task_queues = [Queue('{queue}', exchange, routing_key='orders.#')]\n\
         app.send_task('celery.failing', args=['{test}', 1], queue='{queue}', routing_key='orders.new')\n"
    );
    send_from_python(&servers::amqp_url(), &queue, &script);
    until_ran(&test, 2).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.retried, served.dead), (1, 1, 0));
}
