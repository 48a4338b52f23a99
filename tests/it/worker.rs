//! The worker, over an engine in memory: what it runs, what it says of it, and how it stops.

mod begin;
mod engine;
mod failures;
mod load;
mod memory;
mod refusals;
mod stopping;
mod traces;

use std::time::Duration;

use airlock::worker::{Served, Settlement, Worker, WorkerBuilder};
use airlock::{Backoff, BlockTasks, DropAll, TaskSet, block_tasks, tasks};

use crate::support::{Ran, aboom, afail, anote, boom, fail, note, quiet, yield_once};
use memory::Memory;

/// A worker for the tasks of these tests, which retries at once.
fn worker(ran: &Ran) -> WorkerBuilder {
    airlock::worker()
        .state(ran.clone())
        .serving(everything())
        .backoff(Backoff::new(Duration::from_millis(1)).exact())
}

fn everything() -> TaskSet {
    let all = [
        tasks![quiet, note, anote, fail, afail, boom, aboom],
        tasks![enqueue, aenqueue, again, follow],
        failures::tasks(),
        refusals::tasks(),
    ];
    all.iter().flat_map(TaskSet::iter).collect()
}

/// Runs until everything that was sent is settled.
async fn serve(worker: WorkerBuilder, memory: &Memory) -> Served {
    let worker = build(worker);
    let served = worker.run(memory.clone(), memory.idle()).await.expect("it opens");
    memory.assert_sound();
    served
}

#[track_caller]
fn build(worker: WorkerBuilder) -> Worker {
    worker.build().expect("it has the states")
}

// ---- tasks that enqueue

#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Then {
    Succeed,
    Fail,
    Panic,
    Last,
}

fn end(then: Then) -> Result<(), &'static str> {
    match then {
        Then::Succeed | Then::Last => Ok(()),
        Then::Fail => Err("no luck"),
        Then::Panic => panic!("bad luck"),
    }
}

/// Enqueues `quiet` and then ends as it is told; `Last` takes too long.
#[airlock::task(max_attempts = 1)]
fn enqueue(n: u64, then: Then) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    quiet::enqueue(n)?;
    if then == Then::Last {
        std::thread::sleep(Duration::from_millis(300));
    }
    quiet::enqueue(n + 1)?;
    Ok(end(then)?)
}

#[airlock::task(max_attempts = 1)]
async fn aenqueue(n: u64, then: Then) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    quiet::enqueue(n)?;
    yield_once().await;
    if then == Then::Last {
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
    quiet::enqueue(n + 1)?;
    Ok(end(then)?)
}

/// Enqueues itself, and one other task.
#[airlock::task]
fn again(#[state] ran: &Ran, n: u64) -> Result<(), airlock::EnqueueError> {
    ran.push(format!("again {n}"));
    if n < 3 {
        again::enqueue(n + 1)?;
    }
    quiet::enqueue(n)
}

/// Enqueues a task with a state.
#[airlock::task]
async fn follow(n: u64) -> Result<(), airlock::EnqueueError> {
    yield_once().await;
    note::enqueue(n)?;
    anote::enqueue(n)
}

// ---- what succeeds

#[tokio::test]
async fn what_succeeds_is_done() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&note::intent(1));
    memory.send(&anote::intent(2));
    memory.send(&note::intent(3));
    let served = serve(worker(&ran).concurrency(1), &memory).await;
    assert_eq!(ran.list(), ["note 1", "anote 2", "note 3"]);
    assert_eq!(memory.told(), ["1: done", "2: done", "3: done"]);
    assert_eq!(served, Served { done: 3, ..Served::default() });
    assert_eq!(memory.order_of_calls(), ["open", "receive", "settle", "close"]);
    assert_eq!((memory.calls("open"), memory.calls("close")), (1, 1));
}

#[tokio::test]
async fn clones_of_a_worker_count_together() {
    let (ran, memory) = (Ran::new(), Memory::new());
    let worker = build(worker(&ran));
    for _ in 0..2 {
        memory.send(&note::intent(1));
        worker.clone().run(memory.clone(), memory.idle()).await.expect("it opens");
    }
    assert_eq!(worker.served().done, 2);
    assert!(format!("{worker:?}").contains("done: 2"), "{worker:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_on_one_queue_run_nothing_twice() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..500 {
        memory.send(&anote::intent(n));
    }
    let (one, other) = (build(worker(&ran)), build(worker(&ran)));
    let (one, other) = tokio::join!(
        one.run(memory.clone(), memory.idle()),
        other.run(memory.clone(), memory.idle()),
    );
    memory.assert_sound();
    let mut notes = ran.list();
    notes.sort();
    notes.dedup();
    assert_eq!(notes.len(), 500);
    assert_eq!(one.expect("it opens").done + other.expect("it opens").done, 500);
}

#[tokio::test]
async fn perform_runs_one_envelope_for_the_workers_of_others() {
    let ran = Ran::new();
    let worker = build(worker(&ran));
    let now = std::time::SystemTime::now();
    let perform = async |intent, attempt| {
        let envelope = airlock::envelope::Envelope::of(&intent, now).expect("it has JSON");
        worker.perform(&envelope, attempt).await
    };
    assert_eq!(perform(note::intent(1), 1).await, Settlement::Done);
    let retry = perform(fail::intent(2), 2).await;
    let after = Duration::from_millis(2);
    assert_eq!(retry, Settlement::Retry { after, reason: Some("no luck with 2".into()) });
    let dead = perform(fail::intent(3), 5).await;
    assert_eq!(dead, Settlement::Dead { reason: "no luck with 3 (attempt 5 of 5)".into() });
}

// ---- what a task enqueues

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effects_leave_when_their_task_has_succeeded() {
    for send in [enqueue::intent, aenqueue::intent] {
        let (ran, memory) = (Ran::new(), Memory::new());
        memory.send(&send(1, Then::Succeed));
        serve(worker(&ran).executor(ran.collector()), &memory).await;
        assert_eq!(ran.list(), ["quiet(n: 1)", "quiet(n: 2)"]);
        assert_eq!(memory.told(), ["1: done"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effects_do_not_leave_when_their_task_has_not() {
    let cases = [
        (Then::Fail, "no luck (attempt 1 of 1)"),
        (Then::Panic, "the task panicked: bad luck (attempt 1 of 1)"),
        (Then::Last, "it took longer than 50ms (attempt 1 of 1)"),
    ];
    for send in [enqueue::intent, aenqueue::intent] {
        for (then, reason) in cases {
            let (ran, memory) = (Ran::new(), Memory::new());
            memory.send(&send(1, then));
            let short = Duration::from_millis(50);
            let worker = worker(&ran).executor(ran.collector());
            // To panic may take longer than that, where a backtrace is printed.
            serve(if then == Then::Last { worker.timeout(short) } else { worker }, &memory).await;
            assert_eq!(memory.dead(), reason);
            // The sync one goes on in its thread, and has enqueued both by then.
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert_eq!(ran.list(), [""; 0]);
        }
    }
}

#[tokio::test]
async fn effects_that_do_not_leave_fail_the_attempt() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&enqueue::intent(1, Then::Succeed).max_attempts(2));
    let refuses = |_| Err::<(), _>("the line is down");
    let served = serve(worker(&ran).executor(refuses), &memory).await;
    let told = memory.told();
    assert!(
        told[0].starts_with("1: to be tried again in 1.0ms: its effects did not leave: "),
        "{told:?}"
    );
    assert!(memory.dead().contains("the line is down"), "{told:?}");
    assert_eq!(served, Served { retried: 1, dead: 1, ..Served::default() });
}

#[tokio::test]
async fn effects_go_through_the_queue_where_that_is_the_executor() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&follow::intent(1));
    serve(worker(&ran).executor(memory.clone()).concurrency(1), &memory).await;
    assert_eq!(ran.list(), ["note 1", "anote 1"]);
    assert_eq!(memory.told(), ["1: done", "2: done", "3: done"]);
}

#[tokio::test]
async fn without_an_executor_the_worker_carries_effects_out_with_its_states() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&follow::intent(1));
    serve(worker(&ran), &memory).await;
    assert_eq!(memory.told(), ["1: done"]);
    assert_eq!(ran.list(), ["note 1", "anote 1"]);
}

#[tokio::test]
async fn the_workers_policies_are_in_force() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&again::intent(1));
    let worker = worker(&ran).policy(block_tasks![quiet]).executor(ran.collector());
    serve(worker, &memory).await;
    assert_eq!(ran.list(), ["again 1", "again(n: 2)"]);

    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&again::intent(1).max_attempts(1));
    serve(self::worker(&ran).policy(BlockTasks::new(tasks![quiet]).refuse()), &memory).await;
    assert!(memory.dead().contains("was refused by BlockTasks"), "{}", memory.dead());
}

#[tokio::test]
async fn every_policy_is_in_force() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&again::intent(1));
    let worker = worker(&ran).policy(block_tasks![quiet]).policy(block_tasks![again]);
    serve(worker.executor(ran.collector()), &memory).await;
    assert_eq!(ran.list(), ["again 1"]);
}

#[tokio::test]
async fn a_policy_that_panics_fails_the_attempt() {
    let panics = |_: &airlock::Intent| -> airlock::Verdict { panic!("no judgement") };
    for send in [enqueue::intent, aenqueue::intent] {
        let (ran, memory) = (Ran::new(), Memory::new());
        memory.send(&send(1, Then::Succeed));
        memory.send(&note::intent(2));
        serve(worker(&ran).policy(panics).concurrency(1), &memory).await;
        assert_eq!(
            memory.dead(),
            "its effects did not leave: a policy panicked: no judgement (attempt 1 of 1)",
        );
        assert_eq!(ran.list(), ["note 2"], "the worker lives");
    }
}

#[tokio::test]
async fn a_task_may_enqueue_itself_unless_re_entry_is_blocked() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&again::intent(1));
    serve(worker(&ran).executor(memory.clone()).concurrency(1), &memory).await;
    assert_eq!(ran.list(), ["again 1", "again 2", "again 3"]);
    assert_eq!(memory.told().len(), 6);

    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&again::intent(1));
    serve(worker(&ran).block_reentry().executor(ran.collector()), &memory).await;
    assert_eq!(ran.list(), ["again 1", "quiet(n: 1)"]);
}

#[tokio::test]
async fn what_a_task_drops_by_itself_stays_dropped() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&enqueue::intent(1, Then::Succeed));
    serve(worker(&ran).policy(DropAll).executor(ran.collector()), &memory).await;
    assert_eq!(memory.told(), ["1: done"]);
    assert_eq!(ran.list(), [""; 0]);
}

// ---- what a worker is built with

#[test]
fn the_states_of_every_task_served_are_checked() {
    let missing = airlock::worker().serving(tasks![note, quiet]).build().expect_err("no `Ran`");
    let text = missing.to_string();
    assert!(text.contains("::support::note` (") && text.contains("::support::Ran`"), "{text}");
    assert!(!text.contains("quiet"), "{text}");
    assert!(airlock::worker().serving(tasks![quiet]).build().is_ok());
    assert!(airlock::worker().serving(tasks![note]).state(Ran::new()).build().is_ok());

    let missing = airlock::worker().build().expect_err("it serves every task linked in");
    assert!(missing.to_string().contains("::support::anote`"), "{missing}");
}

#[test]
fn a_setting_out_of_range_is_brought_into_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        for concurrency in [0, 1, usize::MAX] {
            let (ran, memory) = (Ran::new(), Memory::new());
            memory.send(&fail::intent(1));
            let worker = worker(&ran)
                .concurrency(concurrency)
                .prefetch(if concurrency == 1 { usize::MAX } else { 0 })
                .max_attempts(0)
                .timeout(Duration::MAX)
                .grace(Duration::MAX);
            serve(worker, &memory).await;
            assert_eq!(memory.dead(), "no luck with 1 (attempt 1 of 1)");
        }
    });
}

#[test]
fn what_was_served_reads_well() {
    assert_eq!(Served::default().to_string(), "nothing");
    let served = Served { done: 1, retried: 2, dead: 3, returned: 4, untold: 5 };
    let text =
        "1 done, 2 to be tried again, 3 dead letters, 4 given back, 5 not told to the engine";
    assert_eq!(served.to_string(), text);
}

/// A worker and its parts can be shared and sent.
#[test]
fn a_worker_is_send_and_sync() {
    fn both<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: &T) {}
    let worker = build(worker(&Ran::new()));
    both(&worker);
    send(&worker.run(Memory::new(), std::future::pending()));
}
