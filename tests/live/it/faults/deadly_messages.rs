//! Messages that are more than a worker has memory for: it ends while it receives one, before it could say anything of it.

use std::time::{Duration, Instant};

use airlock_live::Engine;
use serde_json::json;
use tokio::time::sleep;

use crate::faults::{PATIENCE, Place, Ran, eventually, flush, on, orders, tell};

/// What a worker has beside what it needs when it is idle, in kibibytes: for thousands of usual messages.
const ROOM: u64 = 40 << 10;

/// A message of Celery's with so many mebibytes of headers.
fn large(id: &str, mebibytes: usize) -> Vec<u8> {
    let message = json!({
        "body": "W1tdLCB7fSwge31d",
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"lang": "py", "task": "live.ship", "id": id, "stamps": "x".repeat(mebibytes << 20)},
        "properties": {"body_encoding": "base64"},
    });
    message.to_string().into_bytes()
}

/// What a worker has had when it has worked on usual messages.
async fn usual_memory<E: Engine>() -> u64 {
    let place = Place::shared::<E>();
    let engine = place.open::<E>().await;
    flush(&engine, orders(20)).await.all_left();
    let worker = place.bounded_worker::<E>(4, u64::from(u32::MAX));
    eventually("they ran", async || place.held(&engine).await == 0).await;
    worker.most_memory()
}

/// One that is longer than what is read is refused without being sent to a worker; one that is shorter ends workers, which
/// is counted. The others run.
async fn counted<E: Engine>() {
    let memory = usual_memory::<E>().await + ROOM;
    let place = Place::own::<E>();
    let engine = place.open::<E>().await;
    flush(&engine, orders(5)).await.all_left();
    engine.put(&place.url, &place.queue, &large("deadly", 30)).await;
    engine.put(&place.url, &place.queue, &large("long", 40)).await;
    flush(&engine, orders(10).skip(5)).await.all_left();

    let (begun, mut deaths) = (Instant::now(), 0);
    'workers: loop {
        let mut worker = place.bounded_worker::<E>(16, memory);
        while worker.lives() {
            if place.held(&engine).await == 0 {
                break 'workers;
            }
            assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}, {deaths} workers died");
            sleep(Duration::from_millis(50)).await;
        }
        deaths += 1;
    }
    let letters = engine.list(10).await.expect("listed");
    let reasons: Vec<_> = letters.iter().map(|letter| &*letter.reason).collect();
    let ran = Ran::all(&place.record(), 1..=10);
    tell::<E>(
        "messages that are more than a worker's memory",
        format_args!("{deaths} workers died; {} dead letters; {ran}", letters.len()),
    );
    assert_eq!(letters.len(), 2, "{reasons:#?}");
    let said = |part: &str| reasons.iter().any(|reason| reason.contains(part));
    assert!(
        said("it is 41943") && said("bytes long with its headers, and at most"),
        "{reasons:#?}"
    );
    assert!(said("4 workers in a row that were given it were lost"), "{reasons:#?}");
    assert_eq!(deaths, 4);
    // They can be retried as they came.
    for letter in &letters {
        assert!(engine.retry(&letter.id).await.expect("retried"));
    }
    assert_eq!(place.held(&engine).await, 2);
}

on!(counted: celery_redis);
