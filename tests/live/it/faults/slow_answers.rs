//! A worker whose line is slow: the answer to one `receive` takes longer than a lease lasts. Its heartbeats go out all the
//! same, and nobody takes over what it holds.

use std::time::{Duration, Instant};

use airlock::celery::Redis;
use airlock::tasks;
use airlock::worker::Settlement;
use airlock_live::{Engine, LOST_AFTER};
use tokio::time::sleep;

use crate::engines::consumer::numbers;
use crate::engines::fixture::{Fixture, Runs, long, note};
use crate::faults::{on, tell};
use crate::proxy::Proxy;

/// How many messages are long, and how long each.
const LONG: u64 = 8;
const BYTES: usize = 1 << 20;

/// How much later each piece of an answer arrives, of at most 64 KiB.
const DELAY: Duration = Duration::from_millis(150);

/// Arrives with its text.
#[airlock::task(name = "slow.carry")]
fn carry(#[state] runs: &Runs, number: u64, text: String) {
    assert_eq!(text.len(), BYTES);
    runs.note(number);
}

async fn fault<E: Engine>() {
    slow::<E>(|far| far).await;
}

/// Between two heartbeats a connection is idle for so long that it is tested before it is used.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_redis_with_a_longer_lease() {
    slow::<Redis>(|far| far.lost_after(LOST_AFTER * 2)).await;
}

async fn slow<E: Engine>(configured: impl FnOnce(E) -> E) {
    let near = Fixture::<E>::new().await;
    let line = Proxy::to(&near.place.url);
    let far = configured(near.place.over(&line).open().await);
    near.send([long::intent(0, 25_000)]).await;
    let worker = near.worker().serving(tasks![note, long, carry]).concurrency(4).prefetch(64);
    let (worker, runs) = (worker.build().expect("a worker"), near.runs.clone());
    let working = tokio::spawn(async move {
        worker.run(far, async { runs.reach(1 + LONG).await }).await.expect("it begins")
    });
    near.runs.reach(1).await;
    // Its heartbeats have the connections that they need by then.
    sleep(LOST_AFTER).await;

    line.delay_answers(DELAY);
    near.send((1..=LONG).map(|number| carry::intent(number, "x".repeat(BYTES)))).await;
    // It has asked for all of them by then; Celery's first one came along with what woke it.
    sleep(LOST_AFTER * 2).await;
    let other = near.open().await;
    let (begun, mut taken_over) = (Instant::now(), Vec::new());
    while begun.elapsed() < LOST_AFTER * 3 {
        taken_over.extend(other.take_now(100).await);
        other.0.keep_alive().await.expect("kept alive");
        sleep(Duration::from_millis(100)).await;
    }
    let arrived = near.runs.count() - 1;
    line.restore();
    let mut lost = numbers(&taken_over);
    tell::<E>(
        "a receive over a slow line",
        format_args!("{arrived} of {LONG} had arrived by then, taken over: {lost:?}"),
    );
    // Celery's leases begin when messages are taken, and a worker extends those of what has arrived.
    lost.retain(|number| *number == 0 || E::NAME != "celery-redis");
    assert_eq!((arrived, lost), (0, vec![]), "the answer takes longer than a lease lasts");
    other.settle(taken_over, Settlement::Return).await;
    other.close().await;
    let served = working.await.expect("no panic");
    assert_eq!((near.runs.sorted(), served.done), ((0..=LONG).collect(), 1 + LONG));
}

on!(fault: apalis_postgres, apalis_redis, graphile, celery_redis);
