//! The broker closes all connections, while some messages of a worker run and others wait in it.

use airlock::celery::RabbitMq;
use airlock_live::{pack, worker};

use crate::faults::{Place, Ran, eventually, flush, tell};

/// Two of them run.
const ORDERS: u64 = 12;

/// The two run again, since nobody knows what became of them. The others run once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_rabbitmq() {
    let place = Place::own::<RabbitMq>();
    let engine = place.open::<RabbitMq>().await;
    let record = place.record();
    let worker = worker(place.record()).concurrency(2).prefetch(20).build().expect("a worker");
    // The two run until the broker has been told, which may take a while.
    let millis = |order| if order <= 2 { 20_000 } else { 10 };
    flush(&engine, (1..=ORDERS).map(|order| pack::intent(order, millis(order)))).await.all_left();
    let closed = async {
        eventually("two run", async || record.count("begun").len() == 2).await;
        place.server().control(&["close_all_connections", "the test says so"]);
        eventually("all ran", async || {
            record.count("ran").len() as u64 == ORDERS && place.held(&engine).await == 0
        })
        .await;
    };
    let served = worker.run(engine.clone(), closed).await.expect("served");
    let begun: usize = record.count("begun").values().sum();
    let ran = Ran::all(&record, 1..=ORDERS);
    assert_eq!(begun as u64, ORDERS + 2, "only what ran runs again: {served}");
    assert_eq!((served.fenced, served.stale), (ORDERS - 2, 2), "{served}");
    let line = format_args!("{ORDERS} enqueued, {begun} begun; {ran}; {served}");
    tell::<RabbitMq>("connections closed", line);
}
