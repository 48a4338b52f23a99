//! The future of a flush is dropped while the engine is being written to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock_live::{Sender, Server};
use tokio::time::{sleep, timeout};

use crate::faults::{MANY, Place, on, orders, tell};

/// Drops a flush after a while: how many are said to have left, perhaps to have left, and to be
/// discarded.
async fn dropped_after(sender: &impl Sender, time: Duration) -> (u64, u64, u64) {
    let told = Arc::new(Mutex::new(None));
    let tell = told.clone();
    let scope = airlock::scope().executor(sender.clone()).on_report(move |report| {
        let counts = (report.dispatched(), report.failed(), report.discarded());
        *tell.lock().expect("not poisoned") = Some(counts);
    });
    let flush = scope.run_async(async { orders(MANY).try_for_each(airlock::Intent::enqueue) });
    drop(timeout(time, flush).await);
    let counts = told.lock().expect("not poisoned").take().expect("it is told");
    (counts.0 as u64, counts.1 as u64, counts.2 as u64)
}

/// What the server holds when nothing more comes.
async fn settled<S: Sender>(place: &Place, sender: &S) -> u64 {
    let mut held = place.held(sender).await;
    loop {
        sleep(Duration::from_secs(1)).await;
        let now = place.held(sender).await;
        if now == held {
            return held;
        }
        held = now;
    }
}

async fn dropped<S: Sender>() {
    let place = Place::shared::<S>();
    let sender = place.open::<S>().await;
    let (mut before, mut doubtful, mut rounds) = (0, 0, 0);
    // From before anything is sent to after it all is.
    for step in 0..14 {
        let time = Duration::from_millis(1 << step);
        let (left, may_have, discarded) = dropped_after(&sender, time).await;
        assert_eq!(left + may_have + discarded, MANY);
        let held = settled(&place, &sender).await;
        let arrived = held - before;
        before = held;
        assert!(
            (left..=left + may_have).contains(&arrived),
            "after {time:?} {arrived} arrived, and it was said: {left} left, {may_have} may have, \
             {discarded} were discarded",
        );
        rounds += 1;
        doubtful += u64::from(may_have > 0);
        if left == MANY {
            break;
        }
    }
    // A transaction is in doubt for no longer than its commit, which a round need not meet.
    let met = doubtful > 0 || matches!(S::SERVER, Server::File | Server::Postgres);
    assert!(met, "no flush was dropped while it waited for an answer");
    tell::<S>(
        "dropped half-way",
        format_args!("{rounds} flushes of {MANY}, {doubtful} of them in doubt: {before} arrived"),
    );
}

on!(dropped:
    apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis,
    dramatiq_rabbitmq, dramatiq_redis,
);
