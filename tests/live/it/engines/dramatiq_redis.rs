//! Dramatiq over Redis.

use std::time::Duration;

use airlock::dramatiq::Redis;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use super::fixture::{Fixture, flush, note, notes};
use super::{conforms, dramatiq};
use crate::{servers, unique};

conforms!(server airlock::dramatiq::Redis: sends);

async fn client() -> MultiplexedConnection {
    let client = redis::Client::open(servers::redis_url()).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("connected")
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    dramatiq::python_runs_what_rust_enqueued::<Redis>().await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_them_once_each_and_in_order() {
    dramatiq::python_runs_them_once_each_and_in_order::<Redis>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_of_one_flush_arrive_once_each() {
    let fixture = Fixture::<Redis>::new().await;
    assert_eq!(fixture.send(notes(0..10_000)).await.dispatched(), 10_000);
    assert_eq!(fixture.held().await, 10_000);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_held_for_a_time() {
    let mut fixture = Fixture::<Redis>::new().await;
    fixture.engine = fixture.engine.unique_for(Duration::from_millis(300));
    let one = || note::intent(1).unique_key("key");
    assert_eq!(fixture.counts([one(), one()]).await, (1, 1));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(fixture.counts([one()]).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_one_of_a_queue_in_a_namespace() {
    let fixture = Fixture::<Redis>::new().await;
    let one = || note::intent(1).unique_key("key");
    let apart = fixture.engine.clone().namespace(unique::name("namespace"));
    let other = fixture.engine.clone().queue(unique::name("dramatiq"));
    for engine in [fixture.engine.clone(), other, apart] {
        let report = flush(&engine, [one(), one()]).await.expect("flushed");
        assert_eq!((report.dispatched(), report.duplicates()), (1, 1));
    }
    // What is delayed lies in a list of its own, and is of the same queue.
    let fixture = Fixture::<Redis>::new().await;
    assert_eq!(fixture.counts([one().delay(Duration::from_mins(1)), one()]).await, (1, 1));
}

/// Two commands a queue, of which the first is refused: what is said of the next queue is its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_does_not_fit_its_key_is_handed_back_alone() {
    let fixture = Fixture::<Redis>::new().await;
    let wrong = unique::name("wrong");
    let messages = format!("dramatiq:{wrong}.msgs");
    let () = client().await.set(messages, "no hash").await.expect("set");
    let intents = notes([1, 2]).into_iter().map(|intent| intent.queue(wrong.clone()));
    let error = flush(&fixture.engine, intents.chain(notes([3, 4]))).await;
    let error = error.expect_err("one queue is wrong");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    assert_eq!((error.report().dispatched(), error.report().failed()), (2, 2));
    let handed_back = error.into_intents();
    assert!(handed_back.iter().all(|intent| intent.effective_queue() == Some(&*wrong)));
    assert_eq!((handed_back.len(), fixture.held().await), (2, 2));
}
