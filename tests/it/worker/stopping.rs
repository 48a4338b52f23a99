//! How a worker stops: what runs, what waits, and an engine that does not answer.

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
type Gate = Arc<Semaphore>;

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
fn holding(ran: &Ran, gate: &Gate, memory: &Memory) -> WorkerBuilder {
    for n in 1..=6 {
        memory.send(&hold::intent(n));
    }
    let worker = airlock::worker().serving(tasks![hold]).state(ran.clone()).state(gate.clone());
    worker.concurrency(2).prefetch(3).executor(ran.collector())
}

fn gate() -> Gate {
    Arc::new(Semaphore::new(0))
}

/// What a worker that stops comes to; one that doesn't fails, and is not waited for.
async fn ends<T>(run: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(10), run).await.expect("it stops")
}

const GRACE: Duration = Duration::from_secs(30);
/// How long the engine is waited for besides.
const FAREWELL: Duration = Duration::from_secs(5);

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
async fn a_worker_without_grace_tells_the_engine_all_the_same() {
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

// ---- while the engine does not answer

/// How long a worker takes to stop while the calls of `call` end in `fault`.
async fn takes_to_stop(call: &'static str, fault: Fault) -> Duration {
    let memory = Memory::new();
    memory.send(&note::intent(1));
    memory.fail(call, fault, ALWAYS);
    let worker = build(worker(&Ran::new()).grace(GRACE));
    let stop = Duration::from_secs(100);
    let begun = Instant::now();
    ends(worker.run(memory.clone(), sleep(stop))).await.expect("it opens");
    memory.assert_sound();
    begun.elapsed().saturating_sub(stop)
}

fn is_about(time: Duration, expected: Duration) -> bool {
    time >= expected && time <= expected + Duration::from_millis(100)
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_keeps_no_worker_from_stopping() {
    for (call, fault, expected) in [
        ("open", Fault::Hang, Duration::ZERO),
        ("receive", Fault::Error, Duration::ZERO),
        ("receive", Fault::Hang, GRACE + FAREWELL),
        ("settle", Fault::Error, GRACE + FAREWELL),
        ("settle", Fault::Hang, GRACE + FAREWELL),
        ("close", Fault::Error, Duration::ZERO),
        ("close", Fault::Hang, FAREWELL),
    ] {
        let took = takes_to_stop(call, fault).await;
        assert!(is_about(took, expected), "{call}: {took:?}, and not {expected:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_to_nothing_is_waited_for_once() {
    for hanging in [&["settle", "close"][..], &["receive", "settle", "close"]] {
        let memory = Memory::new();
        memory.send(&note::intent(1));
        let worker = build(worker(&Ran::new()).grace(GRACE));
        let begun = Instant::now();
        let stop = async {
            for call in hanging {
                memory.fail(call, Fault::Hang, ALWAYS);
            }
            sleep(Duration::from_secs(100)).await;
        };
        ends(worker.run(memory.clone(), stop)).await.expect("it opens");
        let took = begun.elapsed().saturating_sub(Duration::from_secs(100));
        assert!(is_about(took, GRACE + FAREWELL), "{hanging:?}: {took:?}");
        assert_eq!(memory.calls("close"), 1, "it is asked all the same");
    }
}

/// The grace is that of the tasks: it runs also while the engine leaves the worker waiting for messages.
#[tokio::test(start_paused = true)]
async fn what_runs_is_given_back_in_time_while_the_engine_gives_nothing() {
    let (ran, gate, memory) = (Ran::new(), gate(), Memory::new());
    let worker = build(holding(&ran, &gate, &memory).prefetch(10).grace(GRACE));
    let stop = async {
        memory.holds(6).await;
        memory.fail("receive", Fault::Hang, ALWAYS);
        memory.called("receive", memory.calls("receive") + 1).await;
    };
    let stopped = Instant::now();
    let all_back = async {
        memory.holds(6).await;
        memory.holds(0).await;
        stopped.elapsed()
    };
    let (served, told) = tokio::join!(ends(worker.run(memory.clone(), stop)), all_back);
    assert!(is_about(told, GRACE), "{told:?}");
    assert!(is_about(stopped.elapsed(), GRACE + FAREWELL), "{:?}", stopped.elapsed());
    memory.assert_sound();
    assert_eq!(served.expect("it opens"), Served { returned: 6, ..Served::default() });
    assert_eq!(memory.queue().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_the_engine_could_not_be_told_is_counted() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..2_500 {
        memory.send(&note::intent(n));
    }
    memory.fail("settle", Fault::Error, ALWAYS);
    let worker = build(worker(&ran).concurrency(10).prefetch(3_000).grace(GRACE));
    let begun = Instant::now();
    let shutdown = async {
        memory.called("settle", 1).await;
        sleep(Duration::from_mins(1)).await;
    };
    let served = ends(worker.run(memory.clone(), shutdown)).await.expect("it opens");
    let took = begun.elapsed().saturating_sub(Duration::from_mins(1));
    assert!(is_about(took, GRACE + FAREWELL), "however many there are: {took:?}");
    assert_eq!(served, Served { done: 2_500, untold: 2_500, ..Served::default() });
    assert_eq!(memory.told(), [""; 0], "the engine delivers them again");
}
