//! Dramatiq over RabbitMQ: what Python runs.

use std::time::{Duration, Instant};

use airlock::dramatiq::RabbitMq;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};

use crate::celery_rabbitmq::{
    PATIENCE, channel, declare, fails, flush, mail_confirmation, noted, take_all, warehouse_notify,
};
use crate::proxy::Proxy;
use crate::python::Worker as Python;
use crate::{servers, unique};

async fn connected() -> RabbitMq {
    RabbitMq::connect(&servers::amqp_url()).await.expect("connected")
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    let python = Python::dramatiq(&servers::amqp_url()).await;
    let dramatiq = connected().await.queue(python.queue());
    let begun = Instant::now();
    flush(dramatiq, dramatiq_intents()).await.expect("all left");
    assert_received(&python, begun).await;
}

/// One of each option that is honoured everywhere.
pub(crate) fn dramatiq_intents() -> Vec<airlock::Intent> {
    vec![
        mail_confirmation::intent(1, "s3cret".into()),
        warehouse_notify::intent(2).expires(PATIENCE),
        warehouse_notify::intent(3).delay(Duration::from_secs(2)),
        warehouse_notify::intent(4).expires(Duration::ZERO),
        fails::intent("three times, as the task says".into()),
        fails::intent("once".into()).max_attempts(1),
        fails::intent("twice".into()).max_attempts(2),
    ]
}

pub(crate) async fn assert_received(python: &Python, begun: Instant) {
    // Six attempts of what fails, and what has expired never runs.
    python.received(9).await;
    assert!(begun.elapsed() >= Duration::from_secs(2) && begun.elapsed() < Duration::from_secs(10));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let received = python.received(9).await;
    assert_eq!(received.len(), 9, "{received:#?}");
    let is = |event: &&Value, name: &str| event["name"] == name;
    let of = |name: &str| received.iter().filter(|event| is(event, name)).collect::<Vec<_>>();
    let mail = of("mail.confirmation")[0];
    assert_eq!(mail["kwargs"], json!({"order_id": 1, "note": "s3cret"}));
    assert_eq!((&mail["args"], &mail["queue"]), (&json!([]), &json!(python.queue())));
    let orders: Vec<_> =
        of("warehouse.notify").iter().map(|event| &event["kwargs"]["order_id"]).collect();
    assert_eq!(orders, [2, 3]);
    let attempts = |reason: &str| {
        of("fails").iter().filter(|event| event["kwargs"]["reason"] == reason).count()
    };
    assert_eq!(attempts("three times, as the task says"), 3);
    assert_eq!((attempts("once"), attempts("twice")), (1, 2));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_arrive_once_each_and_are_run_in_order() {
    let queue = unique::name("dramatiq");
    let channel = channel().await;
    declare(&channel, &queue, FieldTable::default()).await;
    let dramatiq = connected().await.queue(&queue);
    let begun = Instant::now();
    let intents = (0..10_000).map(warehouse_notify::intent);
    let report = flush(dramatiq.clone(), intents).await.expect("all left");
    println!("{} intents in {:.0?}", report.dispatched(), begun.elapsed());
    let arrived = take_all(&channel, &queue).await;
    println!("{} arrived", arrived.len());
    assert!(arrived.iter().map(|message| &message["kwargs"]["order_id"]).eq(0..10_000));

    let python = Python::dramatiq(&servers::amqp_url()).await;
    flush(dramatiq.queue(python.queue()), (0..500).map(warehouse_notify::intent))
        .await
        .expect("left");
    let received = python.received(500).await;
    assert!(received.iter().map(|event| &event["kwargs"]["order_id"]).eq(0..500));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn priorities_are_those_of_the_queue() {
    let (queue, channel) = (unique::name("dramatiq"), channel().await);
    let mut most = FieldTable::default();
    most.insert("x-max-priority".into(), AMQPValue::ShortShortUInt(10));
    declare(&channel, &queue, most).await;
    let dramatiq = connected().await.queue(&queue).max_priority(10);
    let intents = [0, 255, 128]
        .map(|priority| noted::intent("-".into(), u64::from(priority)).priority(priority));
    flush(dramatiq, intents).await.expect("all left");
    let numbers: Vec<_> = take_all(&channel, &queue)
        .await
        .iter()
        .map(|body| body["kwargs"]["number"].clone())
        .collect();
    assert_eq!(numbers, [255, 128, 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_cannot_leave_is_handed_back() {
    let missing = unique::name("missing");
    let proxy = Proxy::to(&servers::amqp_url());
    let dramatiq = RabbitMq::connect(proxy.url()).await.expect("connected").queue(&missing);
    let error = flush(dramatiq.clone(), [warehouse_notify::intent(1)]).await.expect_err("no queue");
    assert!(error.to_string().contains(&format!("has no queue `{missing}`")), "{error}");
    for (option, intent) in [
        ("unique_key", warehouse_notify::intent(1).unique_key("one")),
        ("priority", warehouse_notify::intent(1).priority(200)),
    ] {
        let error = flush(dramatiq.clone(), [intent]).await.expect_err("refused");
        let said = format!("`airlock::dramatiq::RabbitMq` can't honour the option `{option}`");
        assert!(error.to_string().contains(&said), "{error}");
    }
    proxy.cut();
    let error = flush(dramatiq, [noted::intent("-".into(), 1)]).await.expect_err("nobody answers");
    assert_eq!(error.into_intents().len(), 1);
}
