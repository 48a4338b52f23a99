//! Dramatiq over Redis: what Python runs.

use std::time::{Duration, Instant};

use airlock::dramatiq::Redis;
use redis::AsyncCommands;

use crate::celery_rabbitmq::{flush, warehouse_notify};
use crate::dramatiq_rabbitmq::{assert_received, dramatiq_intents};
use crate::proxy::Proxy;
use crate::python::Worker as Python;
use crate::{servers, unique};

async fn connected() -> Redis {
    Redis::connect(&servers::redis_url()).await.expect("connected")
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    let python = Python::dramatiq(&servers::redis_url()).await;
    let dramatiq = connected().await.queue(python.queue());
    let begun = Instant::now();
    flush(dramatiq, dramatiq_intents()).await.expect("all left");
    assert_received(&python, begun).await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_arrive_once_each_and_are_run_in_order() {
    let queue = unique::name("dramatiq");
    let dramatiq = connected().await.queue(&queue);
    let begun = Instant::now();
    let intents = (0..10_000).map(warehouse_notify::intent);
    let report = flush(dramatiq.clone(), intents).await.expect("all left");
    println!("{} intents in {:.0?}", report.dispatched(), begun.elapsed());
    let client = redis::Client::open(servers::redis_url()).expect("a URL");
    let mut client = client.get_multiplexed_async_connection().await.expect("connected");
    let ids: usize = client.llen(format!("dramatiq:{queue}")).await.expect("answered");
    let messages: usize = client.hlen(format!("dramatiq:{queue}.msgs")).await.expect("answered");
    println!("{ids} arrived");
    assert_eq!((ids, messages), (10_000, 10_000));

    let python = Python::dramatiq(&servers::redis_url()).await;
    flush(dramatiq.queue(python.queue()), (0..500).map(warehouse_notify::intent))
        .await
        .expect("left");
    let received = python.received(500).await;
    assert!(received.iter().map(|event| &event["kwargs"]["order_id"]).eq(0..500));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_taken_for_a_time() {
    let (queue, key) = (unique::name("dramatiq"), unique::name("unique"));
    let dramatiq = connected().await.queue(queue).unique_for(Duration::from_millis(300));
    let one = || warehouse_notify::intent(1).unique_key(key.clone());
    let report = flush(dramatiq.clone(), [one(), one()]).await.expect("one left");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 1));
    tokio::time::sleep(Duration::from_millis(400)).await;
    let report = flush(dramatiq, [one()]).await.expect("left");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_that_of_one_queue_in_one_namespace() {
    let (queue, other) = (unique::name("dramatiq"), unique::name("dramatiq"));
    let (key, namespace) = (unique::name("unique"), unique::name("namespace"));
    let one = || warehouse_notify::intent(1).unique_key(key.clone());
    let dramatiq = connected().await.queue(&queue);
    let apart = dramatiq.clone().namespace(namespace);
    for handle in [dramatiq.clone(), dramatiq.queue(other), apart] {
        let report = flush(handle, [one(), one()]).await.expect("one left");
        assert_eq!((report.dispatched(), report.duplicates()), (1, 1));
    }
    // What is delayed lies in a list of its own, and is of the same queue.
    let (queue, key) = (unique::name("dramatiq"), unique::name("unique"));
    let one = || warehouse_notify::intent(1).unique_key(key.clone());
    let intents = [one().delay(Duration::from_mins(1)), one()];
    let report = flush(connected().await.queue(queue), intents).await.expect("one left");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 1));
}

/// Two commands a queue, of which the first is refused: what is said of the next queue is its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_does_not_fit_its_key_is_handed_back_alone() {
    let (wrong, queue) = (unique::name("wrong"), unique::name("dramatiq"));
    let client = redis::Client::open(servers::redis_url()).expect("a URL");
    let mut client = client.get_multiplexed_async_connection().await.expect("connected");
    let messages = |queue: &str| format!("dramatiq:{queue}.msgs");
    let () = client.set(messages(&wrong), "no hash").await.expect("set");
    let intents = [1, 2].map(|order| warehouse_notify::intent(order).queue(wrong.clone()));
    let good = [3, 4].map(|order| warehouse_notify::intent(order).queue(queue.clone()));
    let error = flush(connected().await, intents.into_iter().chain(good)).await;
    let error = error.expect_err("one queue is wrong");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    assert_eq!((error.report().dispatched(), error.report().failed()), (2, 2));
    let kept: usize = client.hlen(messages(&queue)).await.expect("answered");
    let handed_back = error.into_intents();
    assert!(handed_back.iter().all(|intent| intent.effective_queue() == Some(&*wrong)));
    assert_eq!((handed_back.len(), kept), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_cannot_leave_is_handed_back() {
    let proxy = Proxy::to(&servers::redis_url());
    let queue = unique::name("dramatiq");
    let dramatiq = Redis::connect(proxy.url()).await.expect("connected").queue(queue);
    let error = flush(dramatiq.clone(), [warehouse_notify::intent(1).priority(9)]).await;
    let error = error.expect_err("refused").to_string();
    let said = "`airlock::dramatiq::Redis` can't honour the option `priority`";
    assert!(error.contains(said), "{error}");
    proxy.cut();
    let error = flush(dramatiq.clone(), [warehouse_notify::intent(1)]).await.expect_err("cut");
    proxy.restore();
    flush(dramatiq, error.into_intents()).await.expect("left");
}
