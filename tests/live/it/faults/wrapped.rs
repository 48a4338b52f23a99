//! Executors around engines that fail: what they are for.

use std::thread;
use std::time::{Duration, Instant};

use airlock::{Backoff, Executor, Fallback, Intent, Retry, Route, Timeout, apalis, celery};
use airlock_live::{Sender, ship};

use crate::faults::{Flushed, MANY, Place, Ran, flush, flush_in, orders, tell};
use crate::proxy::Proxy;

async fn through(executor: impl Executor, intents: impl IntoIterator<Item = Intent>) -> Flushed {
    flush_in(airlock::scope().executor(executor), intents).await
}

/// The server is down when the flush begins, and comes back while it goes on.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn retry_waits_for_a_server_that_comes_back() {
    type Engine = celery::Redis;
    let place = Place::own::<Engine>();
    let engine = place.open::<Engine>().await;
    flush(&engine, [ship::intent(0)]).await.all_left();
    place.server().kill();
    let server = place.server().clone();
    let back = thread::spawn(move || {
        thread::sleep(Duration::from_secs(2));
        server.start_again();
    });
    let backoff = Backoff::new(Duration::from_millis(100)).longest(Duration::from_secs(1));
    let retry = Retry::new(engine.clone()).attempts(60).backoff(backoff);
    let begun = Instant::now();
    through(retry, orders(MANY)).await.all_left();
    let took = begun.elapsed();
    back.join().expect("the server is back");
    assert!(took > Duration::from_secs(1), "it had to wait: {took:?}");
    assert_eq!(place.held(&engine).await, 1 + MANY);
    place.serve(&engine, 0..=MANY).await;
    let ran = Ran::all_once(&place.record(), 0..=MANY);
    tell::<Engine>("down and back under Retry", format_args!("flushed in {took:.1?}; then {ran}"));
}

/// The broker is killed, and a file takes what it would have taken.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn fallback_keeps_in_a_file_what_a_killed_broker_does_not_take() {
    type Engine = celery::RabbitMq;
    let (place, spare) = (Place::own::<Engine>(), Place::shared::<apalis::Sqlite>());
    let (engine, file) = (place.open::<Engine>().await, spare.open::<apalis::Sqlite>().await);
    let fallback = || Fallback::new(engine.clone(), file.clone());
    through(fallback(), [ship::intent(0)]).await.all_left();
    assert_eq!((place.held(&engine).await, spare.held(&file).await), (1, 0));
    place.restart();
    place.server().kill();
    through(fallback(), orders(MANY)).await.all_left();
    assert_eq!(spare.held(&file).await, MANY);

    place.server().start_again();
    through(fallback(), [ship::intent(MANY + 1)]).await.all_left();
    assert_eq!((place.held(&engine).await, spare.held(&file).await), (2, MANY));
    place.serve(&engine, [0, MANY + 1]).await;
    Ran::all_once(&place.record(), [0, MANY + 1]);
    spare.serve(&file, 1..=MANY).await;
    let ran = Ran::all_once(&spare.record(), 1..=MANY);
    tell::<Engine>("killed under Fallback", format_args!("from the file {ran}"));
}

/// Of two engines one can't be reached: what is for the other leaves.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn route_hands_back_what_is_for_the_engine_that_is_away() {
    let (here, away) = (Place::shared::<apalis::Postgres>(), Place::shared::<apalis::Redis>());
    let line = Proxy::to(&away.url);
    let jobs = here.open::<apalis::Postgres>().await;
    let cut = apalis::Redis::on_queue(line.url(), &away.queue).await.expect("opened");
    let even = |intent: &Intent| {
        let order = intent.arguments()["order_id"].as_u64().expect("an order");
        order.is_multiple_of(2)
    };
    let route = || Route::to(jobs.clone()).when(even).otherwise(cut.clone());
    line.cut();
    let failed = through(route(), orders(MANY)).await;
    assert_eq!(failed.handed_back.len() as u64, MANY / 2, "{}", failed.error());
    assert!(failed.handed_back.iter().all(|intent| !even(intent)));
    assert!(failed.dispatched().iter().all(|order| order.is_multiple_of(2)));
    assert_eq!((here.held(&jobs).await, away.held(&cut).await), (MANY / 2, 0));

    line.restore();
    through(route(), failed.handed_back).await.all_left();
    assert_eq!((here.held(&jobs).await, away.held(&cut).await), (MANY / 2, MANY / 2));
    here.serve(&jobs, (1..=MANY).filter(|order| order.is_multiple_of(2))).await;
    away.serve(&cut, (1..=MANY).filter(|order| !order.is_multiple_of(2))).await;
    Ran::all_once(&here.record(), (1..=MANY).filter(|order| order.is_multiple_of(2)));
    let ran = Ran::all_once(&away.record(), (1..=MANY).filter(|order| !order.is_multiple_of(2)));
    tell::<apalis::Redis>("cut under Route", format_args!("half was handed back; then {ran}"));
}

/// Nothing is refused and nothing answers: without a limit the flush would wait for half a minute.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn timeout_gives_up_a_line_that_is_silent() {
    const LIMIT: Duration = Duration::from_secs(2);
    type Engine = apalis::Redis;
    let place = Place::shared::<Engine>();
    let line = Proxy::to(&place.url);
    let engine = Engine::on_queue(line.url(), &place.queue).await.expect("opened");
    let timely = || Timeout::new(engine.clone(), LIMIT);
    through(timely(), [ship::intent(0)]).await.all_left();
    line.hold();
    let begun = Instant::now();
    let failed = through(timely(), orders(MANY)).await;
    let took = begun.elapsed();
    assert!(took >= LIMIT, "{took:?}");
    assert!(failed.error().contains("not done within 2s"), "{}", failed.error());
    assert_eq!(failed.handed_back.len() as u64, MANY, "{}", failed.error());
    assert_eq!(failed.report.dispatched(), 0);

    line.cut();
    line.restore();
    let direct = place.open::<Engine>().await;
    assert_eq!(place.held(&direct).await, 1, "nothing got through");
    // However long that takes here.
    through(engine.clone(), failed.handed_back).await.all_left();
    place.serve(&direct, 0..=MANY).await;
    let ran = Ran::all_once(&place.record(), 0..=MANY);
    tell::<Engine>("silent under Timeout", format_args!("given up after {took:.1?}; then {ran}"));
}
