//! Redis fails over: the address leads to another server, and connections stay with the old one, which takes no writes.
//! How the new server got its data is Redis' affair: here it has none.

use std::time::Duration;

use airlock::{Backoff, Retry};
use airlock_live::{Engine, Sender};
use tokio::time::{sleep, timeout};

use crate::engines::fixture::{Fixture, flush, notes};
use crate::faults::{Place, on, tell};
use crate::place::PATIENCE;
use crate::proxy::Proxy;
use crate::servers::Own;

/// What makes the old server refuse writes.
const WAYS: [&[&str]; 3] = [
    &["REPLICAOF", "127.0.0.1", "1"],
    &["CONFIG", "SET", "min-replicas-to-write", "1"],
    &["CONFIG", "SET", "maxmemory", "1"],
];

async fn ask(url: &str, command: &[&str]) -> redis::Value {
    let client = redis::Client::open(url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
    let mut asked = redis::cmd(command[0]);
    asked.arg(&command[1..]);
    asked.query_async(&mut connection).await.expect("answered")
}

async fn flushes<S: Sender>() {
    let mut failed = 0;
    for refuse in WAYS {
        let (place, new) = (Place::own::<S>(), Own::redis());
        let line = Proxy::to(&place.url);
        let (plain, retried) =
            (place.over(&line).open::<S>().await, place.over(&line).open::<S>().await);
        flush(&plain, notes(0..5)).await.expect("flushed");
        flush(&retried, notes(5..10)).await.expect("flushed");
        ask(&place.url, refuse).await;
        line.lead_to(&new.url());

        let error = flush(&plain, notes(10..15)).await.expect_err("it takes no writes");
        failed += error.report().failed() + error.report().not_attempted();
        flush(&plain, error.into_intents()).await.expect("it is connected anew");
        let retried =
            Retry::new(retried).attempts(3).backoff(Backoff::new(Duration::from_millis(10)));
        flush(&std::sync::Arc::new(retried), notes(15..20)).await.expect("flushed");
        assert_eq!(plain.held(&new.url(), &place.queue).await, 10, "{refuse:?}");
    }
    tell::<S>(
        "failover",
        format_args!(
            "{failed} handed back in {} failovers, all 30 then on the new server",
            WAYS.len()
        ),
    );
}

async fn works<E: Engine>() {
    let mut done = 0;
    // A full server is one that a worker empties.
    for refuse in &WAYS[..2] {
        let fixture = Fixture::<E>::at(Place::own::<E>()).await;
        let new = Own::redis();
        let line = Proxy::to(&fixture.place.url);
        let serving = fixture.start(fixture.place.over(&line).open::<E>().await, 20);
        fixture.send(notes(0..10)).await;
        fixture.runs.reach(10).await;
        fixture.place.acknowledged(&fixture.engine).await;
        ask(&fixture.place.url, refuse).await;
        line.lead_to(&new.url());
        let sender = E::on_queue(&new.url(), fixture.queue()).await.expect("connected");
        flush(&sender, notes(10..20)).await.expect("flushed");
        let served = timeout(PATIENCE, serving).await.expect("it goes on").expect("no panic");
        done += served.done;
        assert_eq!(sender.held(&new.url(), fixture.queue()).await, 0, "{refuse:?}");
        assert_eq!(sender.list(10).await.expect("listed"), []);
    }
    tell::<E>("failover of a worker's server", format_args!("{done} done of 40"));
}

/// A worker that looks once an hour, and is woken by the server, is woken by the new one.
async fn follows<E: Engine>() {
    for refuse in &WAYS[..2] {
        let fixture = Fixture::<E>::at(Place::own::<E>()).await;
        let new = Own::redis();
        let line = Proxy::to(&fixture.place.url);
        let seldom = fixture.place.over(&line).open::<E>().await.looking_seldom();
        let serving = fixture.start(seldom, 2);
        fixture.send(notes([0])).await;
        fixture.runs.reach(1).await;
        fixture.place.acknowledged(&fixture.engine).await;
        ask(&fixture.place.url, refuse).await;
        line.lead_to(&new.url());
        // Its heartbeats meet the refusal, and what blocks on the server does within ten seconds.
        sleep(Duration::from_secs(15)).await;
        let sender = E::on_queue(&new.url(), fixture.queue()).await.expect("connected");
        flush(&sender, notes([1])).await.expect("flushed");
        let served = timeout(Duration::from_secs(30), serving).await.expect("it is woken");
        assert_eq!(served.expect("no panic").done, 2, "{refuse:?}");
    }
    tell::<E>("failover of an idle worker's server", "woken by the new server, twice of 2");
}

async fn both<E: Engine>() {
    flushes::<E>().await;
    works::<E>().await;
}

on!(both: apalis_redis, celery_redis);
on!(flushes: dramatiq_redis);

mod idle {
    use super::*;
    on!(follows: apalis_redis, celery_redis);
}
