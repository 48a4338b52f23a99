//! Dead letters in RabbitMQ, which are messages of a queue.

use std::time::Duration;

use airlock::celery::RabbitMq;
use airlock::tasks;
use airlock::worker::DeadLetters;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldArray, FieldTable};
use tokio::time::{sleep, timeout};

use super::super::broker::{channel, count, declare, publish, text};
use super::super::fixture::{Fixture, notes};
use super::connected;
use crate::place::{PATIENCE, eventually};
use crate::proxy::Proxy;
use crate::{servers, unique};

#[airlock::task(name = "celery_rabbitmq.verbose")]
fn verbose() -> Result<(), String> {
    Err("ä".repeat(1_000_000))
}

/// A reason that does not fit into a frame of AMQP would end the connection.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_long_reason_is_shortened() {
    let fixture = Fixture::<RabbitMq>::new().await;
    fixture.send([verbose::intent()]).await;
    let worker = fixture.worker().serving(tasks![verbose]).max_attempts(1);
    let is_kept = async || !fixture.letters().await.is_empty();
    fixture.serve_with(worker, &fixture.engine, is_kept).await;
    assert!(fixture.letter().await.reason.len() < 10_000);
}

/// The client forgets what it is asked in the moment in which its connection goes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn whoever_looks_at_dead_letters_is_not_left_waiting_when_the_line_is_cut() {
    let (queue, channel) = (unique::name("celery"), channel().await);
    declare(&channel, &queue, &[]).await;
    let dead = format!("{queue}.dead");
    declare(&channel, &dead, &[]).await;
    for number in 0..1_000 {
        let properties = BasicProperties::default().with_message_id(number.to_string().into());
        publish(&channel, &dead, &[b'x'; 1_000], properties).await;
    }
    let line = Proxy::to(&servers::amqp_url());
    let celery = RabbitMq::connect(line.url()).await.expect("connected").queue(&queue);
    let (last, mut failed) = (999.to_string(), 0);
    for cut in 1..40 {
        line.cut_after_answered(cut * 6_000);
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
        line.restore();
    }
    assert!(failed > 20, "it was cut: {failed}");
    // Neither is one whose line is silent.
    let silent = async {
        // It has its connection by then, and many letters to take.
        sleep(Duration::from_millis(200)).await;
        line.hold();
    };
    let (looked, ()) = tokio::join!(timeout(PATIENCE, celery.list(2_000)), silent);
    let error = looked.expect("it ends").expect_err("nobody answers").to_string();
    assert!(
        error.contains("it did not answer within 30s") && !error.contains("connect"),
        "{error}"
    );
    line.cut();
    // Some may have been put back into their queue, and then nobody heard of it.
    let kept = async || count(&channel, &dead).await + count(&channel, &queue).await;
    eventually("all are there", async || kept().await >= 1_000).await;
}

/// How many letters have forged headers.
const LETTERS: u32 = 5;

/// Declares a queue whose dead letters are where a Rust worker has its own.
async fn declare_with_dead(queue: &str) {
    let (channel, dead) = (channel().await, format!("{queue}.dead"));
    declare(&channel, &dead, &[]).await;
    let arguments =
        [("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", text(&dead))];
    declare(&channel, queue, &arguments).await;
}

/// Of senders who gave it no id.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_broker_gave_up_is_listed_by_age_and_found() {
    let (one, other, channel) = (unique::name("celery"), unique::name("celery"), channel().await);
    for queue in [&one, &other] {
        declare_with_dead(queue).await;
    }
    let expired = || BasicProperties::default().with_expiration("1".into());
    // The first of the served queues has the younger letters.
    publish(&channel, &other, b"old", expired()).await;
    sleep(Duration::from_millis(1_100)).await;
    publish(&channel, &one, b"young 1", expired()).await;
    publish(&channel, &one, b"young 2", expired()).await;
    let celery = connected().await.queues([&one, &other]);
    let letters = async || celery.list(10).await.expect("listed");
    eventually("all are dead", async || letters().await.len() == 3).await;
    let listed = celery.list(2).await.expect("listed");
    assert_eq!(listed.len(), 2);
    assert_eq!((&*listed[0].body, &*listed[0].queue), (&b"old"[..], &*other));
    assert!(listed[0].since.elapsed().expect("in the past") < PATIENCE, "{listed:?}");
    assert!(listed[0].reason.contains("expired"), "{listed:?}");

    let all = letters().await;
    let [old, one, two] = &all[..] else { panic!("three: {all:?}") };
    assert!(one.id != two.id && one.id != old.id && !old.id.is_empty(), "{all:?}");
    assert_eq!(celery.find(&two.id).await.expect("answered").as_ref(), Some(two));
    assert!(celery.remove(&two.id).await.expect("removed"));
    assert!(celery.retry(&old.id).await.expect("retried"));
    assert_eq!(count(&channel, &other).await, 1);
    assert_eq!(letters().await, std::slice::from_ref(one));
}

/// The sender may name another queue in the headers that tell where a letter of airlock's came from, and one of the
/// broker's.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_the_broker_gave_up_goes_back_to_its_own_queue_whatever_its_sender_wrote() {
    let (queue, other, channel) = (unique::name("celery"), unique::name("celery"), channel().await);
    declare_with_dead(&queue).await;
    declare(&channel, &other, &[]).await;
    let mut death = FieldTable::default();
    death.insert("queue".into(), text(&other));
    death.insert("reason".into(), text("rejected"));
    let mut deaths = FieldTable::default();
    deaths.insert(
        "x-death".into(),
        AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::FieldTable(death)])),
    );
    deaths.insert("airlock-queue".into(), text(&other));
    for number in 0..LETTERS {
        let properties = BasicProperties::default()
            .with_expiration("1".into())
            .with_message_id(number.to_string().into())
            .with_headers(deaths.clone());
        publish(&channel, &queue, b"[[], {}, {}]", properties).await;
    }
    let celery = connected().await.queue(&queue);
    let letters = async || celery.list(10).await.expect("listed");
    eventually("all are dead", async || letters().await.len() == LETTERS as usize).await;
    for letter in letters().await {
        assert_eq!(letter.queue, queue);
        assert!(celery.retry(&letter.id).await.expect("retried"));
    }
    let (own, others) = (count(&channel, &queue).await, count(&channel, &other).await);
    println!(
        "{LETTERS} letters of the broker with another queue in their headers: {own} back, {others} there"
    );
    assert_eq!((own, others), (LETTERS, 0));
}

/// RabbitMQ removes what a quorum queue has delivered more often than its limit says.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn looking_often_at_letters_in_a_quorum_queue_removes_none() {
    const LOOKS: usize = 25;
    let fixture = Fixture::<RabbitMq>::new().await;
    let dead = format!("{}.dead", fixture.queue());
    let limit = [("x-queue-type", text("quorum")), ("x-delivery-limit", AMQPValue::LongLongInt(3))];
    declare(&channel().await, &dead, &limit).await;
    fixture.send(notes(0..3)).await;
    for number in 0..3 {
        fixture.give_up(&format!("reason {number}")).await;
    }
    let first = fixture.letters().await;
    for _ in 0..LOOKS {
        assert_eq!(fixture.letters().await, first);
        let found = fixture.engine.find(&first[1].id).await.expect("answered");
        assert_eq!(found.as_ref(), Some(&first[1]));
    }
    println!(
        "{} letters of a delivery limit of 3 after {LOOKS} listings and as many finds",
        first.len()
    );
    for letter in &first {
        assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    }
    assert_eq!(fixture.drain(3).await.len(), 3);
}
