//! A long run: services, workers and servers under random kills, pauses, cuts, alarms and outages, by a seed.
//!
//! At the end each message's runs are counted against what every engine's page promises: what left runs or is a dead
//! letter, no message is begun more often than it has attempts, and nothing runs that nobody sent.
//! `tests/live.sh --soak MINUTES [SEED]` runs it for long; without, it takes half a minute an engine.

mod chaos;
mod count;
mod schedule;

use std::env;
use std::time::{Duration, Instant, SystemTime};

use airlock_live::Engine;

use crate::faults::on;
use crate::place::Place;
use crate::soak::chaos::Chaos;
use crate::soak::count::Counts;
use crate::soak::schedule::Schedule;

/// How long it goes on where nobody says.
const SHORT: Duration = Duration::from_secs(30);

async fn soak<E: Engine>() {
    let seed = given("AIRLOCK_SOAK_SEED").unwrap_or_else(seed_of_now);
    let duration = given("AIRLOCK_SOAK_MINUTES").map_or(SHORT, Duration::from_mins);
    println!("{} soak: seed {seed}, {duration:?}", E::NAME);

    let place = Place::own::<E>();
    let engine = place.open::<E>().await;
    let mut chaos = Chaos::<E>::begin(&place, Schedule::of(seed));
    let begun = Instant::now();
    while begun.elapsed() < duration {
        chaos.next().await;
    }
    let faults = chaos.end(async || place.unsettled(&engine).await).await;
    let counts = Counts::of(&place.record(), &engine).await;
    println!("{} soak: {faults}; {counts}", E::NAME);
    assert!(counts.sent > 0, "something left");
    assert_eq!(counts.lost, [0; 0], "lost");
    assert_eq!(counts.invented, [0; 0], "invented");
    assert!(
        counts.begun_too_often.is_empty(),
        "begun more often than faults explain: {:?}",
        counts.begun_too_often
    );
}

fn given(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn seed_of_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    since.as_secs()
}

on!(soak: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
