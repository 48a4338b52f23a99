//! Clocks that go wrong.

use std::time::{Duration, SystemTime};

use airlock::Intent;
use airlock::envelope::Envelope;
use airlock_live::{Engine, ship, worker};
use tokio::time::sleep;

use crate::faults::{Place, Ran, flush, on, tell};

const HOUR: Duration = Duration::from_hours(1);

/// How many are of a clock of each kind.
const ORDERS: u64 = 100;

mod of_an_eta {
    use super::*;

    /// What a producer whose clock is an hour slow means for now runs now; what one whose clock is an
    /// hour fast means for now waits for an hour, and is neither lost nor in the others' way.
    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        let now = SystemTime::now();
        let slow = (1..=ORDERS).map(|order| ship::intent(order).at(now - HOUR));
        let fast = (1..=ORDERS).map(|order| ship::intent(1_000 + order).at(now + HOUR));
        let right = (1..=ORDERS).map(|order| ship::intent(2_000 + order));
        let intents: Vec<Intent> = fast.chain(slow).chain(right).collect();
        flush(&engine, intents).await.all_left();

        // Fewer at once than wait for their hour.
        let worker = worker(place.record()).concurrency(4).prefetch(8).build().expect("a worker");
        let record = place.record();
        let all_ran = async {
            crate::faults::eventually("all ran", async || {
                record.count("ran").len() as u64 == 2 * ORDERS
            })
            .await;
            sleep(Duration::from_secs(1)).await;
        };
        let served = worker.run(engine.clone(), all_ran).await.expect("served");
        let ran = Ran::all_once(&record, (1..=ORDERS).chain(2_001..=2_000 + ORDERS));
        assert_eq!(ran.once, 2 * ORDERS, "none ran early");
        assert_eq!(served.dead, 0);
        assert_eq!(place.held(&engine).await, ORDERS);
        tell::<E>(
            "clocks",
            format_args!("{} enqueued, {ORDERS} wait for an hour; {ran}", 3 * ORDERS),
        );
    }

    on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
}

mod of_a_producer {
    use super::*;

    /// An envelope of a producer whose clock is wrong runs all the same, and one that was to expire
    /// after a minute is kept with the reason where the clock was an hour slow.
    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        let now = SystemTime::now();
        let minute = Duration::from_mins(1);
        let intents = [
            (ship::intent(1), now + HOUR),
            (ship::intent(2), now - HOUR),
            (ship::intent(3).expires(minute), now + HOUR),
            (ship::intent(4).expires(minute), now - HOUR),
        ];
        for (intent, now) in intents {
            let envelope = Envelope::of(&intent, now).expect("an envelope").to_json();
            let json = String::from_utf8(envelope).expect("JSON");
            engine.put(&place.url, &place.queue, json.as_bytes()).await;
        }
        place.serve(&engine, 1..=3).await;

        let ran = Ran::all_once(&place.record(), 1..=3);
        assert_eq!(ran.once, 3);
        let letters = engine.list(100).await.expect("listed");
        let [letter] = &letters[..] else { panic!("one dead letter: {letters:#?}") };
        assert!(letter.reason.starts_with("it expired at "), "{}", letter.reason);
        tell::<E>("producer's clock", format_args!("{ran}; 1 dead letter: {}", letter.reason));
    }

    on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile);
}
