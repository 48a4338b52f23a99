//! There is no such queue. Where there are no tables is among the behaviours of the engines.

use airlock::{celery, dramatiq};
use airlock_live::{Sender, ship};

use crate::faults::{MANY, Place, Ran, flush, tell};
use crate::unique;

/// A message that can't be routed is handed back, alone. Redis makes a queue of any name, and so do
/// apalis and Graphile Worker, where a queue is a column.
async fn unroutable<S: Sender>(place: &Place, sender: &S) -> Vec<u64> {
    let missing = unique::name("missing");
    let half = |order: u64| order.is_multiple_of(2);
    let intents = (1..=MANY).map(|order| match ship::intent(order) {
        intent if half(order) => intent.queue(missing.clone()),
        intent => intent,
    });
    let flushed = flush(sender, intents).await;
    assert!(flushed.error().contains(&missing), "{}", flushed.error());
    assert!(flushed.handed_back.iter().all(|intent| intent.effective_queue() == Some(&missing)));
    assert_eq!(flushed.handed_back.len() as u64, MANY / 2);
    assert_eq!(place.held(sender).await, MANY / 2);
    let line = format_args!("{MANY} enqueued, {0} dispatched, {0} handed back", MANY / 2);
    tell::<S>("queue missing", line);
    flushed.dispatched().into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_rabbitmq() {
    let place = Place::shared::<celery::RabbitMq>();
    let declares = place.open::<celery::RabbitMq>().await;
    flush(&declares, [ship::intent(0)]).await.all_left();
    place.serve(&declares, [0]).await;
    let connected = celery::RabbitMq::connect(&place.url).await.expect("connected");
    let dispatched = unroutable(&place, &connected.queue(&place.queue)).await;
    place.serve(&declares, dispatched.iter().copied()).await;
    Ran::all_once(&place.record(), dispatched);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn dramatiq_rabbitmq() {
    let place = Place::shared::<dramatiq::RabbitMq>();
    let sender = place.open::<dramatiq::RabbitMq>().await;
    unroutable(&place, &sender).await;
}
