//! A database whose transactions are serializable unless they say otherwise: engines work as ever.

use futures_util::future::join_all;

use airlock_live::{Engine, ship, worker};

use crate::faults::{Place, Ran, flush, on, tell};
use crate::servers::Database;

const FLUSHERS: u64 = 8;
const FLUSHES: u64 = 25;
/// How many intents each flush has, each second with a unique key.
const INTENTS: u64 = 10;

async fn fault<E: Engine>() {
    let database = Database::new().await;
    database.set("default_transaction_isolation = 'serializable'").await;
    let place = Place::at(database.url());
    let engine = place.open::<E>().await;
    let other = place.worker::<E>(4, 16);
    let flusher = async |flusher: u64| {
        let mut failed = Vec::new();
        for number in 0..FLUSHES {
            let first = (flusher * FLUSHES + number) * INTENTS;
            let intents = (first..first + INTENTS).map(|order| match order % 2 {
                0 => ship::intent(order),
                _ => ship::intent(order).unique_key(format!("order {order}")),
            });
            failed.extend(flush(&engine, intents).await.error);
        }
        failed
    };
    let all = 0..FLUSHERS * FLUSHES * INTENTS;
    let here = worker(place.record()).concurrency(4);
    let (failed, served) = tokio::join!(
        join_all((0..FLUSHERS).map(flusher)),
        place.serve_with(here, &engine, all.clone())
    );
    drop(other);
    let failed = failed.concat();
    let ran = Ran::all_once(&place.record(), all);
    tell::<E>(
        "serializable",
        format_args!(
            "{} of {} flushes failed, {} done by one of two workers; {ran}",
            failed.len(),
            FLUSHERS * FLUSHES,
            served.done
        ),
    );
    assert_eq!(failed, [""; 0]);
    database.drop().await;
}

on!(fault: apalis_postgres, graphile);
