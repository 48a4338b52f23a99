//! The server is down before the flush.

use airlock_live::{Engine, Sender, ship};

use crate::faults::{MANY, Place, Ran, flush, on, orders, tell};

async fn down<S: Sender>() -> (Place, S) {
    let place = Place::own::<S>();
    let sender = place.open::<S>().await;
    flush(&sender, [ship::intent(0)]).await.all_left();
    place.restart();
    place.server().kill();

    let failed = flush(&sender, orders(MANY)).await;
    assert_eq!(failed.handed_back.len() as u64, MANY, "{}", failed.error());

    place.server().start_again();
    flush(&sender, failed.handed_back).await.all_left();
    assert_eq!(place.held(&sender).await, 1 + MANY);
    (place, sender)
}

async fn served<E: Engine>() {
    let (place, engine) = down::<E>().await;
    place.serve(&engine, 0..=MANY).await;
    let ran = Ran::all_once(&place.record(), 0..=MANY);
    tell::<E>("down before the flush", format_args!("{MANY} handed back; then {ran}"));
}

async fn sent<S: Sender>() {
    down::<S>().await;
    tell::<S>("down before the flush", format_args!("{MANY} handed back; then each is there once"));
}

on!(served: apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
on!(sent: dramatiq_rabbitmq, dramatiq_redis);
