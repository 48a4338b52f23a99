//! How a worker stops: what runs, what waits, and what is given back.

use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use airlock::tasks;
use airlock::worker::{Served, WorkerBuilder};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::memory::{ALWAYS, Fault, Memory};
use super::tasks::{Passage, occupy};
use super::{build, worker};
use crate::support::{Ran, note, quiet};

/// Opened by its permits.
pub(super) type Gate = Arc<Semaphore>;

/// Enqueues `quiet`, and waits at the gate.
#[airlock::task]
async fn hold(
    #[state] ran: &Ran,
    #[state] gate: &Gate,
    n: u64,
) -> Result<(), airlock::EnqueueError> {
    ran.push(format!("begun {n}"));
    let guard = Cut(ran.clone(), n);
    quiet::enqueue(n)?;
    if let Ok(permit) = gate.acquire().await {
        permit.forget();
    }
    std::mem::forget(guard);
    ran.push(format!("ended {n}"));
    Ok(())
}

struct Cut(Ran, u64);

impl Drop for Cut {
    fn drop(&mut self) {
        self.0.push(format!("cut {}", self.1));
    }
}

/// Two at once, and three wait; five messages, and one more.
pub(super) fn holding(ran: &Ran, gate: &Gate, memory: &Memory) -> WorkerBuilder {
    for n in 1..=6 {
        memory.send(&hold::intent(n));
    }
    let worker = airlock::worker().serving(tasks![hold]).state(ran.clone()).state(gate.clone());
    worker.concurrency(2).prefetch(3).executor(ran.collector())
}

pub(super) fn gate() -> Gate {
    Arc::new(Semaphore::new(0))
}

/// What a worker that stops comes to; one that doesn't fails, and is not waited for.
pub(super) async fn ends<T>(run: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(10), run).await.expect("it stops")
}

pub(super) const GRACE: Duration = Duration::from_secs(30);
/// How long the engine is waited for besides.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn what_runs_finishes_and_what_waits_is_given_back() {
    let (ran, gate, memory) = (Ran::new(), gate(), Memory::new());
    let worker = build(holding(&ran, &gate, &memory));
    let opens = async {
        sleep(Duration::from_secs(29)).await;
        gate.add_permits(2);
    };
    let (served, ()) =
        ends(async { tokio::join!(worker.run(memory.clone(), memory.holds(5)), opens) }).await;
    memory.assert_sound();
    assert_eq!(served.expect("it opens"), Served { done: 2, returned: 3, ..Served::default() });
    assert_eq!(
        ran.list(),
        ["begun 1", "begun 2", "ended 1", "quiet(n: 1)", "ended 2", "quiet(n: 2)"]
    );
    let told = memory.told();
    assert_eq!(told[3..], ["1: done", "2: done"], "{told:?}");
    let mut returned = told[..3].to_vec();
    returned.sort();
    assert_eq!(returned, ["3: given back", "4: given back", "5: given back"]);
    assert_eq!(memory.attempts(), [1; 4], "to be given back is no attempt");
    assert_eq!(memory.calls("close"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_runs_longer_than_the_grace_is_given_back() {
    let (ran, gate, memory) = (Ran::new(), gate(), Memory::new());
    let worker = build(holding(&ran, &gate, &memory).grace(GRACE));
    let begun = Instant::now();
    let served = ends(worker.run(memory.clone(), memory.holds(5))).await.expect("it opens");
    assert_eq!(begun.elapsed().as_secs(), GRACE.as_secs());
    memory.assert_sound();
    assert_eq!(served, Served { returned: 5, ..Served::default() });
    let mut ran = ran.list();
    ran.sort();
    assert_eq!(ran, ["begun 1", "begun 2", "cut 1", "cut 2"], "no effect has left");
    let mut queue = memory.queue();
    queue.sort_unstable();
    assert_eq!(queue, [1, 2, 3, 4, 5, 6]);
    assert_eq!(memory.attempts(), [1; 6]);
    assert_eq!(memory.calls("close"), 1);
}

#[tokio::test]
async fn a_sync_task_can_only_be_left_behind() {
    let (ran, memory) = (Ran::new(), Memory::new());
    let (gate, passage) = Passage::closed();
    memory.send(&occupy::intent());
    let worker = build(worker(&ran).state(passage).grace(Duration::from_millis(50)));
    let shutdown = async {
        while ran.list().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let served = ends(worker.run(memory.clone(), shutdown)).await.expect("it opens");
    assert_eq!(ran.list(), ["begun"], "it runs still");
    assert_eq!(served.returned, 1);
    assert_eq!(memory.queue(), [1]);
    drop(gate);
}

#[tokio::test(start_paused = true)]
async fn a_worker_without_grace_settles_its_messages_all_the_same() {
    let (ran, gate, memory) = (Ran::new(), gate(), Memory::new());
    memory.fail("settle", Fault::Slow(Duration::from_secs(1)), ALWAYS);
    let worker = build(holding(&ran, &gate, &memory).grace(Duration::ZERO));
    let served = ends(worker.run(memory.clone(), memory.holds(5))).await.expect("it opens");
    assert_eq!(served, Served { returned: 5, ..Served::default() });
    assert_eq!(memory.queue().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_future_is_dropped_stops_in_the_background() {
    let (ran, gate, memory) = (Ran::new(), gate(), Memory::new());
    let worker = build(holding(&ran, &gate, &memory));
    let run = worker.run(memory.clone(), pending());
    let held = async {
        memory.holds(5).await;
        sleep(Duration::from_millis(1)).await;
    };
    tokio::select! {
        _ = run => unreachable!("nobody stops it"),
        () = held => {}
    }
    memory.holds(2).await;
    gate.add_permits(2);
    memory.called("close", 1).await;
    memory.assert_sound();
    assert_eq!(worker.served(), Served { done: 2, returned: 3, ..Served::default() });
    assert_eq!(memory.queue().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn messages_on_their_way_to_a_worker_that_is_dropped_are_given_back() {
    let memory = Memory::new();
    memory.send(&note::intent(1));
    memory.fail("receive", Fault::Slow(Duration::from_secs(3)), ALWAYS);
    let worker = build(worker(&Ran::new()));
    let run = worker.run(memory.clone(), pending());
    assert!(timeout(Duration::from_secs(1), run).await.is_err());
    memory.called("close", 1).await;
    memory.assert_sound();
    assert_eq!(memory.told(), ["1: given back"]);
    assert_eq!(memory.queue(), [1]);
}

#[tokio::test(start_paused = true)]
async fn messages_on_their_way_to_a_worker_that_stops_are_given_back() {
    let memory = Memory::new();
    memory.send(&note::intent(1));
    memory.fail("receive", Fault::Slow(Duration::from_secs(3)), ALWAYS);
    let worker = build(worker(&Ran::new()));
    let served = ends(worker.run(memory.clone(), sleep(Duration::from_secs(1)))).await;
    assert_eq!(served.expect("it opens").returned, 1);
    assert_eq!(memory.queue(), [1]);
}

#[tokio::test]
async fn a_worker_that_is_to_stop_at_once_takes_nothing() {
    let memory = Memory::new();
    memory.send(&note::intent(1));
    let served = build(worker(&Ran::new())).run(memory.clone(), ready(())).await;
    assert_eq!(served.expect("it was not asked to open"), Served::default());
    assert_eq!(memory.calls("receive"), 0);
    assert_eq!(memory.queue(), [1]);
}
