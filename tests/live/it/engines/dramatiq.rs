//! What holds for Dramatiq over either broker: Python runs it.

use std::time::{Duration, Instant};

use airlock_live::Sender;
use serde_json::{Value, json};

use super::fixture::flush;
use super::python_tasks::{fails, mail_confirmation, warehouse_notify};
use crate::place::{PATIENCE, Place};
use crate::python::Worker as Python;

/// A worker, and a handle on its queue.
async fn worker<S: Sender>() -> (Python, S) {
    let place = Place::shared::<S>();
    let python = Python::dramatiq(&place.url).await;
    let dramatiq = S::on_queue(&place.url, python.queue()).await.expect("opened");
    (python, dramatiq)
}

pub(crate) async fn python_runs_what_rust_enqueued<S: Sender>() {
    let (python, dramatiq) = worker::<S>().await;
    let intents = [
        mail_confirmation::intent(1, "s3cret".into()),
        warehouse_notify::intent(2).expires(PATIENCE),
        warehouse_notify::intent(3).delay(Duration::from_secs(2)),
        warehouse_notify::intent(4).expires(Duration::ZERO),
        fails::intent("three times, as the task says".into()),
        fails::intent("once".into()).max_attempts(1),
        fails::intent("twice".into()).max_attempts(2),
    ];
    let begun = Instant::now();
    flush(&dramatiq, intents).await.expect("flushed");

    // Six attempts of what fails, and what has expired never runs.
    python.received(9).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "one is delayed");
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

pub(crate) async fn python_runs_them_once_each_and_in_order<S: Sender>() {
    let (python, dramatiq) = worker::<S>().await;
    flush(&dramatiq, (0..500).map(warehouse_notify::intent)).await.expect("flushed");
    let received = python.received(500).await;
    assert!(received.iter().map(|event| &event["kwargs"]["order_id"]).eq(0..500));
}
