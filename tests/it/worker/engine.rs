//! Trouble with the engine: the worker comes back to it, and says nothing twice.

use std::error::Error as _;
use std::time::Duration;

use airlock::worker::Served;
use tokio::time::{Instant, sleep};

use super::memory::{ALWAYS, Fault, Memory};
use super::tasks::sleep_for;
use super::{build, serve, worker};
use crate::support::{Ran, anote, note};

#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_be_opened_is_an_error() {
    let memory = Memory::new();
    memory.send(&note::intent(1));
    memory.fail("open", Fault::Error, 1);
    let error = build(worker(&Ran::new())).run(memory.clone(), memory.idle()).await;
    let error = error.expect_err("it fails");
    assert_eq!(error.to_string(), "the worker can't begin: no open today");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no open today"));
    assert_eq!(memory.order_of_calls(), ["open"]);
    assert_eq!(memory.queue(), [1]);
}

/// The pauses after failures double from 100 ms to 10 s, each with its jitter.
fn are_growing(pauses: &[Duration]) -> bool {
    let mut longest = Duration::from_millis(100);
    pauses.iter().all(|pause| {
        let fits = *pause >= longest / 2 && *pause <= longest + Duration::from_millis(10);
        longest = (2 * longest).min(Duration::from_secs(10));
        fits
    })
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_gives_nothing_is_asked_again_after_growing_waits() {
    for fault in [Fault::Error, Fault::Panic] {
        let (ran, memory) = (Ran::new(), Memory::new());
        memory.send(&note::intent(1));
        memory.fail("receive", fault, 12);
        serve(worker(&ran), &memory).await;
        assert_eq!(ran.list(), ["note 1"]);
        let pauses = memory.pauses("receive");
        assert!(are_growing(&pauses[..12]), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_outage_begins_with_short_waits_again() {
    let memory = Memory::new();
    let worker = build(worker(&Ran::new()));
    memory.fail("receive", Fault::Error, 8);
    let shutdown = async {
        // An answer without messages is one, too.
        memory.called("receive", 10).await;
        memory.fail("receive", Fault::Error, 2);
        memory.called("receive", 13).await;
    };
    worker.run(memory.clone(), shutdown).await.expect("it opens");
    let pauses = memory.pauses("receive");
    assert!(are_growing(&pauses[..8]), "{pauses:?}");
    let second: Vec<_> = pauses[8..].iter().filter(|pause| pause.as_millis() > 10).collect();
    assert!(*second[0] <= Duration::from_millis(110), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_settlement_that_fails_is_repeated_until_it_succeeds() {
    for fault in [Fault::Error, Fault::Panic] {
        let (ran, memory) = (Ran::new(), Memory::new());
        for n in 0..100 {
            memory.send(&anote::intent(n));
        }
        memory.fail("settle", fault, 5);
        let served = serve(worker(&ran), &memory).await;
        assert_eq!(served, Served { done: 100, ..Served::default() }, "each counts once");
        assert_eq!(ran.list().len(), 100, "each has run once");
        let settled = memory.settled();
        assert!(settled[..6].iter().all(|batch| *batch == settled[0]), "{settled:?}");
        let mut told: Vec<_> = settled[5..].concat();
        told.sort_unstable();
        assert_eq!(told, (1..=100).collect::<Vec<_>>());
        assert!(are_growing(&memory.pauses("settle")[..5]));
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_is_held_while_the_engine_takes_nothing() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..200 {
        memory.send(&anote::intent(n));
    }
    memory.fail("settle", Fault::Error, ALWAYS);
    let worker = build(worker(&ran).concurrency(4).prefetch(8));
    let served = worker.run(memory.clone(), sleep(Duration::from_mins(10))).await;
    // Twelve that run or wait, and twelve that have ended.
    assert_eq!(served.expect("it opens"), Served { done: 24, untold: 24, ..Served::default() });
    assert_eq!((memory.most_held(), ran.list().len()), (24, 24));
}

#[tokio::test(start_paused = true)]
async fn what_ends_together_is_acknowledged_in_one_call() {
    let memory = Memory::new();
    for n in 0..1_000 {
        memory.send(&anote::intent(n));
    }
    // While one call is under way the others wait, and are told in the next.
    memory.fail("settle", Fault::Slow(Duration::from_millis(5)), ALWAYS);
    serve(worker(&Ran::new()).concurrency(100).prefetch(100), &memory).await;
    let calls = memory.settled().len();
    assert!(calls <= 50, "{calls} calls for 1,000 messages");
}

#[tokio::test(start_paused = true)]
async fn the_engine_gets_heartbeats_until_the_worker_has_stopped() {
    let (ran, memory) = (Ran::new(), Memory::new().with_heartbeat(Duration::from_secs(10)));
    memory.send(&sleep_for::intent(Duration::from_secs(95)));
    let worker = build(worker(&ran).grace(Duration::from_mins(1)));
    // It stops after 50 s and finishes what runs.
    let served = worker.run(memory.clone(), sleep(Duration::from_secs(50))).await;
    assert_eq!(served.expect("it opens").done, 1);
    assert_eq!(memory.calls("keep_alive"), 9);
    assert!(memory.pauses("keep_alive").iter().all(|pause| pause.as_secs() == 10));
    sleep(Duration::from_mins(1)).await;
    assert_eq!(memory.calls("keep_alive"), 9, "not any more once it has stopped");
    assert_eq!(
        memory.order_of_calls(),
        ["open", "receive", "begin", "keep_alive", "settle", "close"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_fails_does_no_harm() {
    for fault in [Fault::Error, Fault::Panic, Fault::Hang] {
        let (ran, memory) = (Ran::new(), Memory::new().with_heartbeat(Duration::from_secs(10)));
        memory.send(&sleep_for::intent(Duration::from_secs(95)));
        memory.fail("keep_alive", fault, ALWAYS);
        let begun = Instant::now();
        assert_eq!(serve(worker(&ran), &memory).await.done, 1);
        assert_eq!(begun.elapsed().as_secs(), 95);
    }
}
