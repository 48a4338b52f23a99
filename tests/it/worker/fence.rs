//! What a worker does with messages that are no longer its own: they don't run, and nothing that it says of them counts.

use std::time::Duration;

use airlock::worker::{Served, Worker, WorkerBuilder};
use tokio::time::sleep;

use super::memory::{Fault, Memory};
use super::tasks::sleep_for;
use super::{build, worker};
use crate::support::{Ran, anote};

const HEARTBEAT: Duration = Duration::from_secs(10);

/// One at a time, and the others wait.
fn one_at_a_time(ran: &Ran) -> WorkerBuilder {
    worker(ran).concurrency(1).prefetch(20)
}

/// One that runs for a while, and three that wait behind it.
fn four() -> Memory {
    let memory = Memory::new().with_heartbeat(HEARTBEAT);
    memory.send(&sleep_for::intent(Duration::from_mins(1)));
    for n in 1..=3 {
        memory.send(&anote::intent(n));
    }
    memory
}

async fn until_settled(
    memory: &Memory,
    worker: Worker,
    meanwhile: impl Future<Output = ()>,
) -> Served {
    let counted = worker.clone();
    let all = async {
        meanwhile.await;
        loop {
            let Served { done, fenced, .. } = counted.served();
            if done + fenced == 4 {
                // The engine is told of the last one as well.
                return sleep(Duration::from_secs(1)).await;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    let served = worker.run(memory.clone(), all).await.expect("it opens");
    memory.assert_sound();
    served
}

#[tokio::test(start_paused = true)]
async fn what_waited_is_asked_about_after_a_late_heartbeat_and_dropped_where_others_have_it() {
    let (ran, memory) = (Ran::new(), four());
    // As long as the worker is stopped, none is answered; the messages are taken over.
    let stopped = async {
        memory.called("begin", 1).await;
        memory.fail("keep_alive", Fault::Slow(Duration::from_secs(30)), 1);
        sleep(Duration::from_secs(30)).await;
        memory.take_over();
    };
    let served = until_settled(&memory, build(one_at_a_time(&ran)), stopped).await;
    assert_eq!(ran.list(), ["slept"], "none of those that waited ran");
    assert_eq!(served, Served { done: 1, fenced: 3, stale: 1, ..Served::default() });
    assert_eq!(served.to_string(), "1 done, 3 not run because taken over, 1 settled too late");
    assert_eq!(memory.begun(), [[1], [2], [3], [4]], "it was asked about each");
    assert_eq!(memory.told(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_waited_runs_after_a_late_heartbeat_where_it_is_still_held() {
    let (ran, memory) = (Ran::new(), four());
    let stopped = async {
        memory.called("begin", 1).await;
        memory.fail("keep_alive", Fault::Slow(Duration::from_secs(30)), 1);
    };
    let served = until_settled(&memory, build(one_at_a_time(&ran)), stopped).await;
    assert_eq!(served, Served { done: 4, ..Served::default() });
    assert_eq!(ran.list(), ["slept", "anote 1", "anote 2", "anote 3"]);
    assert_eq!(memory.begun(), [[1], [2], [3], [4]]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_where_heartbeats_are_in_time() {
    let (ran, memory) = (Ran::new(), four());
    let served = until_settled(&memory, build(one_at_a_time(&ran)), async {}).await;
    assert_eq!(served, Served { done: 4, ..Served::default() });
    assert_eq!(memory.begun(), [[1]], "the one that ran for a while");
}

/// A worker whose heartbeats fail counts as lost: whatever it received would be taken over at once.
#[tokio::test(start_paused = true)]
async fn nothing_is_received_and_nothing_begins_until_a_heartbeat_succeeds() {
    let (ran, memory) = (Ran::new(), four());
    let outage = async {
        memory.called("begin", 1).await;
        memory.fail("keep_alive", Fault::Error, 40);
        sleep(Duration::from_secs(55)).await;
        let received = memory.calls("receive");
        sleep(Duration::from_secs(20)).await;
        assert_eq!((memory.calls("receive"), memory.calls("begin")), (received, 1));
        assert_eq!(ran.list(), ["slept"]);
    };
    let served = until_settled(&memory, build(one_at_a_time(&ran)), outage).await;
    assert_eq!(served, Served { done: 4, ..Served::default() });
    assert!(memory.calls("keep_alive") > 40, "it is asked for until one succeeds");
}

#[tokio::test(start_paused = true)]
async fn what_came_on_a_lost_connection_is_dropped_and_nothing_asked() {
    let (ran, memory) = (Ran::new(), four());
    let lost = async {
        memory.called("begin", 1).await;
        memory.disconnect();
    };
    let served = until_settled(&memory, build(one_at_a_time(&ran)), lost).await;
    assert_eq!(served, Served { done: 1, fenced: 3, stale: 1, ..Served::default() });
    assert_eq!(memory.begun(), [[1]]);
    assert_eq!(ran.list(), ["slept"]);
}

/// A last attempt is announced before it begins, and its answer counts as any other.
#[tokio::test(start_paused = true)]
async fn a_last_attempt_that_others_have_does_not_begin() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 1..=4 {
        memory.send(&anote::intent(n).max_attempts(1));
    }
    memory.fail("begin", Fault::Slow(Duration::from_secs(1)), 1);
    let taken_over = async {
        memory.called("begin", 1).await;
        memory.take_over();
    };
    let served = until_settled(&memory, build(worker(&ran)), taken_over).await;
    assert_eq!(served, Served { fenced: 4, ..Served::default() });
    assert_eq!(ran.list(), [""; 0]);
}
