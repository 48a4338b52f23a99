//! Messages that can't be worked on: nobody can read one, the task of one panics, or takes its process
//! with it. The others are worked on all the same.

use std::collections::BTreeSet;
use std::time::Duration;

use airlock::Intent;
use airlock::envelope::Envelope;
use airlock::worker::DeadLetter;
use airlock_live::{Engine, aborts, panics, ship, worker};
use tokio::time::sleep;

use crate::faults::{Place, Ran, eventually, flush, on, orders, tell};

/// How many good ones are behind the bad one.
const ORDERS: u64 = 100;

/// As `airlock_live::worker` has it.
const ATTEMPTS: usize = 3;

mod unreadable {
    use super::*;

    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, [ship::intent(0)]).await.all_left();
        let mut bodies = vec!["{}", "[[], {}]", "17", r#"{"airlock": 99}"#];
        if E::TAKES_ANYTHING {
            bodies.extend(["", "no JSON"]);
        }
        for body in &bodies {
            engine.put(&place.url, &place.queue, body).await;
        }
        flush(&engine, orders(ORDERS)).await.all_left();
        place.serve(&engine, 0..=ORDERS).await;

        let letters = engine.list(100).await.expect("listed");
        assert_eq!(letters.len(), bodies.len(), "{letters:#?}");
        for body in bodies {
            let letter = letters.iter().find(|letter| letter.body == body.as_bytes());
            let letter = letter.unwrap_or_else(|| panic!("{body} is kept: {letters:#?}"));
            assert!(!letter.reason.is_empty());
        }
        let ran = Ran::all_once(&place.record(), 0..=ORDERS);
        tell::<E>("unreadable", format_args!("{} dead letters; {ran}", letters.len()));
    }

    on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
}

mod panicking {
    use super::*;

    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        let intents = [panics::intent(0)].into_iter().chain(orders(ORDERS));
        flush(&engine, intents).await.all_left();
        place.serve(&engine, 1..=ORDERS).await;

        let letters = engine.list(100).await.expect("listed");
        let [letter] = &letters[..] else { panic!("one dead letter: {letters:#?}") };
        assert_eq!(letter.task.as_deref(), Some("live.panics"));
        assert!(letter.reason.contains("order 0 can't be packed"), "{}", letter.reason);
        let begun = place.record().count("begun")[&0];
        assert_eq!(begun, ATTEMPTS);
        let ran = Ran::all_once(&place.record(), 1..=ORDERS);
        tell::<E>("panicking", format_args!("given up after {begun} attempts; {ran}"));
    }

    on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
}

mod aborting {
    use super::*;

    /// Starts workers that die of it, one after another, until something is so of their number.
    async fn workers_die_until<E: Engine>(
        place: &Place,
        (concurrency, prefetch): (u32, u32),
        so: impl AsyncFn(usize) -> bool,
    ) {
        let mut deaths = 0;
        while !so(deaths).await {
            let mut worker = place.worker::<E>(concurrency, prefetch);
            while worker.lives() && !so(deaths).await {
                sleep(Duration::from_millis(50)).await;
            }
            deaths = place.record().count("begun").values().sum();
        }
    }

    /// Concurrency and prefetch of a worker that has one message at a time, so that no other is counted
    /// as tried when it dies.
    const ALONE: (u32, u32) = (1, 0);

    fn intents() -> impl Iterator<Item = Intent> {
        [aborts::intent(0)].into_iter().chain(orders(ORDERS))
    }

    /// Where the engine counts deliveries, the message is given up.
    async fn counted<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, intents()).await.all_left();
        let given_up = async |deaths| {
            let given_up = !engine.list(100).await.expect("listed").is_empty();
            assert!(given_up || deaths <= ATTEMPTS, "it is never given up");
            given_up
        };
        workers_die_until::<E>(&place, ALONE, given_up).await;
        place.serve(&engine, 1..=ORDERS).await;

        let letters = engine.list(100).await.expect("listed");
        let [letter] = &letters[..] else { panic!("one dead letter: {letters:#?}") };
        assert_eq!(letter.task.as_deref(), Some("live.aborts"));
        let begun = place.record().count("begun")[&0];
        assert_eq!(begun, ATTEMPTS);
        let ran = Ran::all_once(&place.record(), 1..=ORDERS);
        let line = format_args!("given up after {begun} workers ({}); {ran}", letter.reason);
        tell::<E>("aborting", line);
    }

    on!(counted: apalis_sqlite, apalis_postgres);

    mod beside_others {
        use super::*;

        /// What waits in a worker that dies is counted as tried too. Nothing is lost by that: each
        /// order runs, or is a dead letter.
        async fn fault<E: Engine>() {
            let place = Place::shared::<E>();
            let engine = place.open::<E>().await;
            flush(&engine, intents()).await.all_left();
            let died = async |deaths| deaths >= ATTEMPTS;
            workers_die_until::<E>(&place, (4, 16), died).await;
            let worker = worker(place.record()).build().expect("a worker");
            let nothing_is_left = async || place.held(&engine).await == 0;
            let nothing_is_left = eventually("nothing is left", nothing_is_left);
            worker.run(engine.clone(), nothing_is_left).await.expect("served");

            let ran = place.record().count("ran");
            let letters = engine.list(1_000).await.expect("listed");
            let died: BTreeSet<_> = letters.iter().map(order_of).collect();
            let lost: Vec<_> = (1..=ORDERS)
                .filter(|order| !ran.contains_key(order) && !died.contains(order))
                .collect();
            assert!(lost.is_empty(), "lost: {lost:?}");
            assert!(died.contains(&0), "the bad one is given up");
            let others = died.iter().filter(|order| !ran.contains_key(order)).count() - 1;
            let line = format_args!(
                "{} ran, and {others} that waited beside it are dead letters that have not run",
                ran.len()
            );
            tell::<E>("aborting beside others", line);
        }

        fn order_of(letter: &DeadLetter) -> u64 {
            let envelope = Envelope::from_json(&letter.body).expect("an envelope");
            let arguments: serde_json::Value =
                serde_json::from_str(envelope.arguments()).expect("arguments");
            arguments["order_id"].as_u64().expect("an order")
        }

        on!(fault: apalis_sqlite, apalis_postgres);
    }

    /// Where it does not, the message is still there after each, and somebody has to see to it.
    async fn uncounted<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, [aborts::intent(0)]).await.all_left();
        let often = async |deaths| deaths > ATTEMPTS;
        workers_die_until::<E>(&place, ALONE, often).await;
        eventually("it is given back", async || place.held(&engine).await == 1).await;
        let begun = place.record().count("begun")[&0];
        tell::<E>(
            "aborting",
            format_args!("{begun} workers died, it is kept: nothing counts these"),
        );
    }

    on!(uncounted: apalis_redis, graphile, celery_rabbitmq, celery_redis);
}
