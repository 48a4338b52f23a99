//! What fails is tried again, as often as it may.

use std::time::Duration;

use airlock::Backoff;
use airlock::worker::Served;

use super::memory::Memory;
use super::refusals::foreign;
use super::tasks::{thrice, twice};
use super::{serve, worker};
use crate::support::{Ran, afail, fail, note};

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_after_growing_waits() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&fail::intent(7));
    let waits = Backoff::new(Duration::from_secs(1)).longest(Duration::from_secs(3)).exact();
    let served = serve(worker(&ran).backoff(waits), &memory).await;
    assert_eq!(ran.list(), ["fail 7"; 5]);
    assert_eq!(
        memory.told(),
        [
            "1: to be tried again in 1.0s: no luck with 7",
            "1: to be tried again in 2.0s: no luck with 7",
            "1: to be tried again in 3.0s: no luck with 7",
            "1: to be tried again in 3.0s: no luck with 7",
            "1: dead letter: no luck with 7 (attempt 5 of 5)",
        ]
    );
    assert_eq!(served, Served { retried: 4, dead: 1, ..Served::default() });
}

#[tokio::test(start_paused = true)]
async fn an_async_task_is_tried_again_as_well_and_may_succeed() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&twice::intent(1));
    memory.send(&afail::intent(2).max_attempts(2));
    let served = serve(worker(&ran).concurrency(1), &memory).await;
    assert_eq!(served, Served { done: 1, retried: 2, dead: 1, ..Served::default() });
    let told = memory.told();
    assert_eq!(
        told.last().map(String::as_str),
        Some("2: dead letter: no luck with 2 (attempt 2 of 2)")
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_are_limited_by_the_intent_or_its_task_or_the_worker() {
    for (intent, reason) in [
        (thrice::intent().max_attempts(2), "never (attempt 2 of 2)"),
        (thrice::intent(), "never (attempt 3 of 3)"),
        (fail::intent(1).max_attempts(1), "no luck with 1 (attempt 1 of 1)"),
        (fail::intent(1).max_attempts(0), "no luck with 1 (attempt 1 of 1)"),
        (fail::intent(1), "no luck with 1 (attempt 4 of 4)"),
    ] {
        let memory = Memory::new();
        memory.send(&intent);
        serve(worker(&Ran::new()).max_attempts(4), &memory).await;
        assert_eq!(memory.dead(), reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_from_elsewhere_is_tried_as_often_as_its_task_says() {
    let memory = Memory::new();
    memory.send_envelope(&foreign(<thrice as airlock::Task>::NAME, "{}"));
    serve(worker(&Ran::new()), &memory).await;
    assert_eq!(memory.dead(), "never (attempt 3 of 3)");
}

/// The engine counts it as an attempt where a worker was killed: such a task is not begun for ever.
#[tokio::test]
async fn a_task_that_kills_its_workers_is_given_up() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send_attempt(&note::intent(1), 5);
    memory.send_attempt(&note::intent(2), 6);
    serve(worker(&ran).concurrency(1), &memory).await;
    assert_eq!(ran.list(), ["note 1"], "the last attempt is made, and no other");
    assert_eq!(
        memory.dead(),
        "it has been tried 5 times, and 5 are allowed: raise `.max_attempts(…)`",
    );
}
