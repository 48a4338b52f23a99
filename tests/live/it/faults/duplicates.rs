//! Thousands of intents that share a unique key.

use airlock_live::{Engine, Sender, ship};

use crate::faults::{MANY, Place, Ran, flush, on, orders, tell};
use crate::unique;

mod of_one_key {
    use super::*;

    async fn keyed<S: Sender>() -> (Place, S) {
        let place = Place::shared::<S>();
        let sender = place.open::<S>().await;
        let key = unique::name("key");
        let flushed =
            flush(&sender, orders(MANY).map(|intent| intent.unique_key(key.clone()))).await;
        flushed.all_left();
        assert_eq!(flushed.dispatched().into_iter().collect::<Vec<_>>(), [1]);
        assert_eq!(flushed.report.duplicates() as u64, MANY - 1);
        assert_eq!(place.held(&sender).await, 1);

        let later = flush(&sender, orders(MANY).map(|intent| intent.unique_key(key.clone()))).await;
        assert_eq!(later.report.duplicates() as u64, MANY);
        assert_eq!(place.held(&sender).await, 1);
        (place, sender)
    }

    async fn served<E: Engine>() {
        let (place, engine) = keyed::<E>().await;
        place.serve(&engine, [1]).await;
        let ran = Ran::all_once(&place.record(), [1]);
        tell::<E>("duplicates of one key", format_args!("{} enqueued; {ran}", 2 * MANY));
    }

    async fn sent<S: Sender>() {
        keyed::<S>().await;
        tell::<S>("duplicates of one key", format_args!("{} enqueued, 1 dispatched", 2 * MANY));
    }

    on!(served: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_redis);
    on!(sent: dramatiq_redis);
}

mod of_100_keys {
    use super::*;

    const KEYS: u64 = 100;
    const FLUSHES: u64 = 8;

    /// Each flush has the keys in another order, as two that wait for one another would.
    async fn keyed<S: Sender>() -> (Place, S, Vec<u64>) {
        let place = Place::shared::<S>();
        let sender = place.open::<S>().await;
        let prefix = unique::name("key");
        let tasks = (0..FLUSHES).map(|flush_number| {
            let (sender, prefix) = (sender.clone(), prefix.clone());
            tokio::spawn(async move {
                let intents = (0..MANY / FLUSHES).map(|n| {
                    let order = flush_number * MANY + n;
                    let step = if flush_number % 2 == 0 { n } else { MANY - n };
                    let key = (step + 13 * flush_number) % KEYS;
                    ship::intent(order).unique_key(format!("{prefix}-{key}"))
                });
                flush(&sender, intents.collect::<Vec<_>>()).await
            })
        });
        let mut dispatched = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            let flushed = task.await.expect("flushed");
            flushed.all_left();
            dispatched.extend(flushed.dispatched());
        }
        assert_eq!(dispatched.len() as u64, KEYS);
        assert_eq!(place.held(&sender).await, KEYS);
        (place, sender, dispatched)
    }

    async fn served<E: Engine>() {
        let (place, engine, dispatched) = keyed::<E>().await;
        place.serve(&engine, dispatched.iter().copied()).await;
        let ran = Ran::all_once(&place.record(), dispatched);
        let fault = "duplicates of 100 keys from 8 flushes at once";
        tell::<E>(fault, format_args!("{MANY} enqueued; {ran}"));
    }

    async fn sent<S: Sender>() {
        let (.., dispatched) = keyed::<S>().await;
        let fault = "duplicates of 100 keys from 8 flushes at once";
        tell::<S>(fault, format_args!("{MANY} enqueued, {} dispatched", dispatched.len()));
    }

    on!(served: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_redis);
    on!(sent: dramatiq_redis);
}

mod refused {
    use super::*;

    /// An engine that knows no unique keys says so, and lets nothing out.
    async fn fault<S: Sender>() {
        let place = Place::shared::<S>();
        let sender = place.open::<S>().await;
        let flushed = flush(&sender, orders(MANY).map(|intent| intent.unique_key("one"))).await;
        assert!(flushed.error().contains("unique_key"), "{}", flushed.error());
        assert_eq!(flushed.handed_back.len() as u64, MANY);
        assert_eq!(place.held(&sender).await, 0);
        tell::<S>("duplicates", format_args!("{MANY} handed back: {}", flushed.error()));
    }

    on!(fault: celery_rabbitmq, dramatiq_rabbitmq);
}
