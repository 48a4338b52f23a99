//! Celery over RabbitMQ.

use airlock::celery::RabbitMq;
use lapin::types::AMQPValue;
use serde_json::Value;

use super::broker::{channel, count, declare, delete, take, take_all, text};
use super::celery::{self, Celery};
use super::conforms;
use super::fixture::{Fixture, fail, flush, note, notes};
use super::python_tasks::send_from_celery;
use crate::place::eventually;
use crate::{servers, unique};

mod dead;

conforms!(server airlock::celery::RabbitMq: sends works);

impl Celery for RabbitMq {
    fn positional(self) -> Self {
        self.positional()
    }
}

/// A handle that declares no queues.
async fn connected() -> RabbitMq {
    RabbitMq::connect(&servers::amqp_url()).await.expect("connected")
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    celery::python_runs_what_rust_enqueued::<RabbitMq>().await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn rust_runs_what_python_sent() {
    celery::rust_runs_what_python_sent::<RabbitMq>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn pythons_hard_time_limit_is_honoured() {
    celery::pythons_hard_time_limit_is_honoured::<RabbitMq>().await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_queue_whose_name_is_too_long_is_refused() {
    let long = note::intent(1).queue("q".repeat(300));
    let error = flush(&connected().await, [long]).await.expect_err("refused");
    assert!(error.to_string().contains("longer than the 255 bytes"), "{error}");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn priorities_are_those_of_the_queue() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue).max_priority(10).declare_queues();
    let intents =
        [0, 255, 128].map(|priority| note::intent(u64::from(priority)).priority(priority));
    flush(&celery, intents).await.expect("flushed");
    let channel = channel().await;
    let first = take(&channel, &queue).await.expect("a message");
    assert_eq!(*first.properties.priority(), Some(10));
    let number = |body: &Value| body[1]["number"].as_u64().expect("a number");
    let rest: Vec<_> = take_all(&channel, &queue).await.iter().map(number).collect();
    assert_eq!(rest, [128, 0]);

    let plain = unique::name("celery");
    declare(&channel, &plain, &[]).await;
    let error = flush(&celery.queue(&plain), notes([1])).await.expect_err("refused");
    assert!(error.to_string().contains("declared otherwise"), "{error}");
}

/// The client gives a message that came back to whichever confirmation it hears of next, and not to
/// the message's own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_has_no_queue_is_handed_back_and_nothing_else() {
    let (queue, missing, channel) =
        (unique::name("celery"), unique::name("missing"), channel().await);
    declare(&channel, &queue, &[]).await;
    let celery = connected().await.queue(&queue);
    let mut intents = notes(0..3_000);
    for number in [0, 7, 1_499, 1_500, 2_999] {
        intents[number] = note::intent(number as u64).queue(missing.clone());
    }
    let error = flush(&celery, intents).await.expect_err("some have no queue");
    assert!(error.to_string().contains(&missing) && error.to_string().contains("declare"));
    assert_eq!((error.report().dispatched(), error.report().failed()), (2_995, 5));
    let back: Vec<_> =
        error.into_intents().iter().map(|intent| intent.arguments()["number"].clone()).collect();
    assert_eq!(back, [0, 7, 1_499, 1_500, 2_999]);
    assert_eq!(count(&channel, &queue).await, 2_995);

    let declared = flush(&celery.declare_queues(), [note::intent(0).queue(missing.clone())]).await;
    declared.expect("declared");
    assert_eq!(count(&channel, &missing).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_broker_does_not_take_is_handed_back() {
    let (queue, channel) = (unique::name("celery"), channel().await);
    let most = [("x-max-length", AMQPValue::LongInt(10)), ("x-overflow", text("reject-publish"))];
    declare(&channel, &queue, &most).await;
    let celery = connected().await.queue(&queue);
    let error = flush(&celery, notes(0..100)).await.expect_err("ten fit");
    let (dispatched, failed) = (error.report().dispatched(), error.report().failed());
    println!("{dispatched} dispatched, {failed} failed: {error}");
    assert!(error.to_string().contains("is the queue full?"));
    assert_eq!(dispatched + failed, 100);
    assert_eq!(count(&channel, &queue).await as usize, dispatched);
}

/// The queue of delays is there, declared otherwise: what fails can't wait in it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_broker_refuses_to_keep_keeps_nothing_else_from_being_settled() {
    let fixture = Fixture::<RabbitMq>::new().await;
    let channel = channel().await;
    let delay = format!("{}.delay.500", fixture.queue());
    declare(&channel, &delay, &[]).await;
    fixture.send([fail::intent(1_000, 1)]).await;
    fixture.send(notes(0..200)).await;
    // It has room for a few at a time, of which those that are not settled take up some.
    let serving = fixture.start(fixture.engine.clone(), 202);
    fixture.runs.reach(201).await;
    assert_eq!(fixture.runs.times_of(1_000).len(), 1);
    delete(&channel, &delay).await;
    let served = serving.await.expect("no panic");
    assert_eq!((served.done, served.retried, served.untold), (201, 1, 0));
    assert_eq!(fixture.held().await, 0);
}

/// Nothing else is published meanwhile, which would find out by itself that the queue is gone.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_whose_queue_is_deleted_declares_it_again() {
    let fixture = Fixture::<RabbitMq>::new().await;
    fixture.send(notes([1])).await;
    let serving = fixture.start(fixture.engine.clone(), 2);
    fixture.runs.reach(1).await;
    delete(&channel().await, fixture.queue()).await;
    let sender = connected().await.queue(fixture.queue());
    eventually("it is there again", async || flush(&sender, notes([2])).await.is_ok()).await;
    assert_eq!(serving.await.expect("no panic").done, 2);
}

/// Celery may be configured to route by exchanges of its own.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_came_by_another_routing_key_goes_back_to_its_queue() {
    let fixture = Fixture::<RabbitMq>::new().await;
    let queue = fixture.queue();
    let source = connected().await.queues([&*unique::name("celery"), queue]);
    let serving = fixture.start(source, 2);
    let script = format!(
        "from kombu import Exchange, Queue\n\
         exchange = Exchange('{queue}', type='topic', auto_delete=True)\n\
         app.conf.task_queues = [Queue('{queue}', exchange, routing_key='orders.#')]\n\
         app.send_task('engines.fail', args=[1, 1], queue='{queue}', routing_key='orders.new')\n"
    );
    send_from_celery(&servers::amqp_url(), queue, &script);
    let served = serving.await.expect("no panic");
    assert_eq!((served.done, served.retried, served.dead), (1, 1, 0));
}
