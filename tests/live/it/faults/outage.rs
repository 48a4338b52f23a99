//! The server is away for longer than a worker's lease lasts: no worker can say that it lives.

use airlock_live::{Engine, LOST_AFTER, pack, worker};
use tokio::time::sleep;

use crate::faults::{Place, Ran, eventually, flush, on, tell};

/// Longer than the outage.
const MILLIS: u64 = 10_000;

mod alone {
    use super::*;

    /// The one worker that there is takes nothing over from itself.
    async fn fault<E: Engine>() {
        let place = Place::own::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, (1..=2).map(|order| pack::intent(order, MILLIS))).await.all_left();
        let mut only = place.worker::<E>(4, 16);
        let record = place.record();
        eventually("both have begun", async || record.count("begun").len() == 2).await;
        place.server().stop();
        sleep(LOST_AFTER * 2).await;
        place.server().start_again();

        eventually("both ran", async || record.count("ran").len() == 2).await;
        eventually("both are settled", async || place.held(&engine).await == 0).await;
        let begun: usize = record.count("begun").values().sum();
        assert_eq!(begun, 2, "each once");
        assert_eq!(engine.list(10).await.expect("listed").len(), 0);
        let said = only.ends();
        tell::<E>("outage, alone", format_args!("2 enqueued, {begun} begun: {said}"));
    }

    on!(fault: apalis_postgres, apalis_redis, graphile, celery_redis);
}

mod beside_others {
    use super::*;

    /// A worker that comes first after the outage leaves the others the time to say that they live, although each of
    /// their messages is at its only attempt.
    async fn fault<E: Engine>() {
        let place = Place::own::<E>();
        let engine = place.open::<E>().await;
        let only_once = |order| {
            let intent = pack::intent(order, MILLIS);
            if E::REFUSES.contains(&"max_attempts") { intent } else { intent.max_attempts(1) }
        };
        flush(&engine, (1..=4).map(only_once)).await.all_left();
        let record = place.record();
        let mut living = [place.worker::<E>(2, 0), place.worker::<E>(2, 0)];
        eventually("all have begun", async || record.count("begun").len() == 4).await;
        place.server().stop();
        sleep(LOST_AFTER * 2).await;
        // So that the third comes first for certain.
        for worker in &mut living {
            worker.stop();
        }
        place.server().start_again();
        let third = worker(place.record()).build().expect("a worker");
        let come_back = async {
            sleep(LOST_AFTER / 2).await;
            for worker in &mut living {
                worker.go_on();
            }
            eventually("all ran", async || record.count("ran").len() == 4).await;
            eventually("all is settled", async || place.held(&engine).await == 0).await;
        };
        let served = third.run(engine.clone(), come_back).await.expect("served");

        let begun: usize = record.count("begun").values().sum();
        assert_eq!((begun, served.done), (4, 0), "each once, and none by the third");
        let letters = engine.list(10).await.expect("listed");
        assert!(letters.is_empty(), "{letters:#?}");
        let ran = Ran::all_once(&record, 1..=4);
        let [one, other] = living.map(|mut worker| worker.ends());
        let line = format_args!("4 enqueued, {begun} begun, 0 dead letters; {ran}; {one}; {other}");
        tell::<E>("outage, a third one first", line);
    }

    on!(fault: apalis_postgres, apalis_redis, graphile, celery_redis);
}

mod killed {
    use super::*;

    /// What a worker held that did not live through the outage is taken over all the same.
    async fn fault<E: Engine>() {
        let place = Place::own::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, (1..=4).map(|order| pack::intent(order, 200))).await.all_left();
        let record = place.record();
        let mut killed = place.worker::<E>(1, 16);
        eventually("one has begun", async || record.count("begun").len() == 1).await;
        killed.stop();
        place.server().stop();
        killed.kill();
        sleep(LOST_AFTER).await;
        place.server().start_again();
        place.serve(&engine, 1..=4).await;
        let begun: usize = record.count("begun").values().sum();
        let ran = Ran::all_once(&record, 1..=4);
        assert_eq!(begun, 5, "the one that had begun was begun again");
        tell::<E>("killed in an outage", format_args!("4 enqueued, {begun} begun; {ran}"));
    }

    on!(fault: apalis_postgres, apalis_redis, graphile, celery_redis);
}
