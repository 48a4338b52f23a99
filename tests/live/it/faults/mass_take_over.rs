//! A worker is killed that held many messages at their last attempt.
//!
//! Those that had begun are given up, for they may have killed it. Those that only waited did not: they run beside one
//! another, and not one at a time.

use airlock_live::{Engine, pack, worker};

use crate::faults::{Place, Ran, eventually, flush, on, tell};

const RUNNING: u32 = 4;
const WAITING: u32 = 16;

async fn fault<E: Engine>() {
    let place = Place::shared::<E>();
    let engine = place.open::<E>().await;
    let last_attempts =
        (1..=u64::from(RUNNING + WAITING)).map(|order| pack::intent(order, 2_000).max_attempts(1));
    flush(&engine, last_attempts).await.all_left();

    let mut killed = place.worker::<E>(RUNNING, WAITING);
    let record = place.record();
    eventually("some have begun", async || record.count("begun").len() == RUNNING as usize).await;
    killed.kill();
    let had_begun = record.count("begun");
    assert!(record.count("ran").is_empty(), "it was killed in the middle");

    let before = record.lines().len();
    let waited = (1..=u64::from(RUNNING + WAITING)).filter(|order| !had_begun.contains_key(order));
    let here = worker(place.record()).concurrency(WAITING as usize).prefetch(1_000);
    place.serve_with(here, &engine, waited.clone()).await;

    let lines = record.lines();
    let beside = lines[before..].iter().take_while(|(event, _)| event == "begun").count();
    let letters = engine.list(100).await.expect("listed").len();
    let ran = Ran::all_once(&record, waited);
    let line = format_args!(
        "{} enqueued, {letters} dead letters of {RUNNING} that had begun; {beside} of {WAITING} that waited began beside \
         one another; {ran}",
        RUNNING + WAITING
    );
    tell::<E>("mass take-over", line);
    assert_eq!(letters, RUNNING as usize);
    assert!(beside > WAITING as usize / 2, "{beside} began before the first had run");
}

// Celery's messages say nothing of how often they may be tried, and RabbitMQ's come back without a word.
on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile);
