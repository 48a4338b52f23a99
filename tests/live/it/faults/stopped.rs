//! A worker is stopped for a while, as by `kill -STOP`, and goes on when others have done its work.

use airlock_live::{Engine, LOST_AFTER, pack};
use tokio::time::sleep;

use crate::faults::{Place, eventually, flush, on, tell};

/// How many wait in it, behind the one that runs.
const WAITING: u64 = 8;

async fn fault<E: Engine>() {
    let place = Place::shared::<E>();
    let engine = place.open::<E>().await;
    flush(&engine, (0..=WAITING).map(|order| pack::intent(order, 500))).await.all_left();
    let mut stopped = place.worker::<E>(1, 16);
    let record = place.record();
    eventually("one has begun", async || record.count("begun").len() == 1).await;
    stopped.stop();

    place.serve(&engine, 0..=WAITING).await;
    let (before, ran) = (record.count("begun"), record.count("ran"));
    stopped.go_on();
    eventually("it finishes what it was at", async || record.count("ran")[&0] > ran[&0]).await;
    sleep(LOST_AFTER).await;
    assert!(stopped.lives());

    assert_eq!(record.count("begun"), before, "it begins nothing that others have done");
    assert!(ran.values().all(|runs| *runs == 1), "{ran:?}");
    let said = stopped.ends();
    assert!(said.contains(&format!("{WAITING} not run because taken over")), "{said}");
    assert!(said.contains("1 done") && said.contains("1 settled too late"), "{said}");
    assert_eq!(place.held(&engine).await, 0);
    let begun: usize = before.values().sum();
    let line =
        format_args!("{} enqueued, {begun} begun; the one that was stopped: {said}", WAITING + 1);
    tell::<E>("stopped", line);
}

on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_redis);

/// The same while nobody else is there: then all is still its own. Graphile's workers look after all queues of their
/// schema, so it takes a server of its own.
async fn alone<E: Engine>() {
    let place = Place::own::<E>();
    let engine = place.open::<E>().await;
    flush(&engine, (0..=WAITING).map(|order| pack::intent(order, 500))).await.all_left();
    let mut stopped = place.worker::<E>(1, 16);
    let record = place.record();
    eventually("one has begun", async || record.count("begun").len() == 1).await;
    stopped.stop();
    sleep(LOST_AFTER * 2).await;
    stopped.go_on();
    eventually("all ran", async || record.count("ran").len() as u64 == WAITING + 1).await;
    eventually("all is settled", async || place.held(&engine).await == 0).await;

    let begun: usize = record.count("begun").values().sum();
    assert_eq!(begun as u64, WAITING + 1, "each once");
    let said = stopped.ends();
    assert_eq!(said, format!("{} done", WAITING + 1));
    tell::<E>("stopped alone", format_args!("{} enqueued, {begun} begun: {said}", WAITING + 1));
}

mod beside_nobody {
    use super::*;

    on!(alone: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_redis, celery_rabbitmq);
}
