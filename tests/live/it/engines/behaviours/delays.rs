//! A message waits until it is due, and holds up no other one.

use std::time::{Duration, Instant, SystemTime};

use airlock::worker::Settlement;
use airlock_live::Engine;

use crate::engines::fixture::{Fixture, note, notes};

/// Engines count in whole milliseconds, of clocks of their own.
const CLOCKS: Duration = Duration::from_millis(10);

pub(crate) async fn a_message_starts_when_it_is_due_whatever_waits_beside_it<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let serving = fixture.start(fixture.engine.clone(), 3);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    let intents = [
        note::intent(3_600).delay(Duration::from_hours(1)),
        note::intent(4).delay(Duration::from_secs(4)),
        note::intent(2).at(SystemTime::now() + Duration::from_secs(2)),
        note::intent(0),
    ];
    fixture.send(intents).await;
    let served = serving.await.expect("no panic");
    assert_eq!((served.done, served.retried), (3, 0));
    assert_eq!(fixture.runs.numbers(), [0, 2, 4]);
    for seconds in [2, 4] {
        let after = fixture.runs.times_of(seconds)[0] - begun;
        println!("{}: due after {seconds} s: began after {after:.2?}", E::NAME);
        assert!(after + CLOCKS >= Duration::from_secs(seconds), "{after:?}");
    }
}

pub(crate) async fn a_backlog_that_becomes_due_at_once_runs_once_each_in_the_promised_order<
    E: Engine,
>() {
    let fixture = Fixture::<E>::new().await;
    let soon = SystemTime::now() + Duration::from_secs(3);
    fixture.send((0..2_000).map(|number| note::intent(number).at(soon))).await;
    fixture.serve_until_ran(2_000).await;
    let ran = if E::DUE_IN_ORDER { fixture.runs.numbers() } else { fixture.runs.sorted() };
    assert!(ran.into_iter().eq(0..2_000));
    assert!(SystemTime::now() + CLOCKS >= soon);
}

/// Longer than any server could write.
pub(crate) async fn an_endless_wait_is_a_long_one<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes([1])).await;
    let consumer = fixture.open().await;
    let messages = consumer.take(1).await;
    let again = Settlement::Retry { after: Duration::MAX, reason: Some("failed".to_owned()) };
    consumer.settle(messages, again).await;
    consumer.nothing_comes().await;
    consumer.close().await;
    assert_eq!(fixture.held().await, 1, "it is kept");
}
