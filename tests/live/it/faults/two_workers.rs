//! Two workers, of two processes, on one queue.

use airlock_live::{Engine, worker};

use crate::faults::{MANY, Place, Ran, eventually, flush, on, orders, tell};

async fn fault<E: Engine>() {
    let place = Place::shared::<E>();
    let engine = place.open::<E>().await;
    flush(&engine, [airlock_live::ship::intent(0)]).await.all_left();
    let other = place.worker::<E>(4, 16);
    let record = place.record();
    eventually("it works", async || !record.count("ran").is_empty()).await;

    flush(&engine, orders(MANY)).await.all_left();
    let here = worker(place.record()).concurrency(4);
    let served = place.serve_with(here, &engine, 0..=MANY).await;
    drop(other);
    let ran = Ran::all_once(&record, 0..=MANY);
    assert!((1..MANY).contains(&served.done), "both work: one did {}", served.done);
    tell::<E>("two workers", format_args!("{MANY} enqueued, {} done by one; {ran}", served.done));
}

on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
