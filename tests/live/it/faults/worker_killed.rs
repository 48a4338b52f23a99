//! A worker is killed, as by `kill -9`, in the middle of a task.

use std::time::Instant;

use airlock_live::{Engine, pack};

use crate::faults::{Place, Ran, eventually, flush, on, tell};

/// More than the one that is killed runs at once, so that some are waiting in it.
const ORDERS: u64 = 20;

async fn fault<E: Engine>() {
    let place = Place::shared::<E>();
    let engine = place.open::<E>().await;
    flush(&engine, (1..=ORDERS).map(|order| pack::intent(order, 300))).await.all_left();

    let mut killed = place.worker::<E>(4, 16);
    let record = place.record();
    eventually("4 have begun", async || record.count("begun").len() == 4).await;
    killed.kill();
    assert!(record.count("ran").is_empty(), "it was killed in the middle");

    let since = Instant::now();
    place.serve(&engine, 1..=ORDERS).await;
    let took = since.elapsed();
    let ran = Ran::all_once(&record, 1..=ORDERS);
    let begun: usize = record.count("begun").values().sum();
    assert_eq!(begun as u64, ORDERS + 4, "only what had begun was begun again");
    tell::<E>(
        "worker killed",
        format_args!("{ORDERS} enqueued, {begun} begun; {ran}, all within {took:.1?}"),
    );
}

on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
