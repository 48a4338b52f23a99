//! What takes too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airlock::tasks;

use super::memory::Memory;
use super::tasks::{Gate, Passage, Then, enqueue, occupy, sleep_for, twice};
use super::{build, serve, worker};
use crate::support::{Ran, note};

#[tokio::test(start_paused = true)]
async fn an_async_task_that_takes_too_long_is_dropped() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&sleep_for::intent(Duration::from_secs(31)).max_attempts(1));
    memory.send(&sleep_for::intent(Duration::from_secs(29)).max_attempts(1));
    serve(worker(&ran).concurrency(1).timeout(Duration::from_secs(30)), &memory).await;
    assert_eq!(
        memory.told(),
        ["1: dead letter: it took longer than 30s (attempt 1 of 1)", "2: done"],
    );
    assert_eq!(ran.list(), ["dropped", "slept"]);
}

#[tokio::test]
async fn a_sync_task_that_takes_too_long_has_failed_and_goes_on() {
    let (ran, memory) = (Ran::new(), Memory::new());
    let (gate, passage) = Passage::closed();
    memory.send(&occupy::intent().max_attempts(1));
    memory.send(&note::intent(1));
    let worker = worker(&ran).state(passage).concurrency(1);
    serve(worker.timeout_of(tasks![occupy], Duration::from_millis(50)), &memory).await;
    assert_eq!(
        memory.told(),
        ["1: dead letter: it took longer than 50ms (attempt 1 of 1)", "2: done"],
    );
    assert_eq!(ran.list(), ["begun", "note 1"], "the next one does not wait for it");
    drop(gate);
    while ran.list().len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ran.list(), ["begun", "note 1", "passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_may_have_a_timeout_of_its_own() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&sleep_for::intent(Duration::from_secs(100)).max_attempts(1));
    memory.send(&twice::intent(1));
    memory.send(&sleep_for::intent(Duration::from_secs(130)).max_attempts(1));
    let worker = worker(&ran)
        .concurrency(1)
        .timeout(Duration::from_secs(1))
        .timeout_of(tasks![sleep_for, twice], Duration::from_secs(10))
        .timeout_of(tasks![sleep_for], Duration::from_mins(2));
    serve(worker, &memory).await;
    assert_eq!(
        memory.told(),
        ["1: done", "2: done", "3: dead letter: it took longer than 120s (attempt 1 of 1)",],
        "the last one that names the task holds",
    );
}

/// A flush that has begun goes on to its end.
#[tokio::test(start_paused = true)]
async fn the_flush_is_not_part_of_the_time() {
    static FLUSHED: AtomicBool = AtomicBool::new(false);
    struct Slow;
    impl airlock::Executor for Slow {
        async fn dispatch(&self, _: &mut airlock::Batch) -> Result<(), airlock::DispatchError> {
            tokio::time::sleep(Duration::from_mins(1)).await;
            FLUSHED.store(true, Ordering::Relaxed);
            Ok(())
        }
    }
    let memory = Memory::new();
    memory.send(&enqueue::intent(1, Then::Succeed));
    serve(worker(&Ran::new()).executor(Slow).timeout(Duration::from_secs(1)), &memory).await;
    assert_eq!(memory.told(), ["1: done"]);
    assert!(FLUSHED.load(Ordering::Relaxed));
}

/// A runtime has a limited number of threads for what blocks. The clock stands still while one is in use.
fn with_one_thread_that_blocks(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(test);
}

/// Occupies the thread until the gate is dropped.
fn occupy_thread() -> (Gate, tokio::task::JoinHandle<()>) {
    let (gate, passage) = Passage::closed();
    (gate, tokio::task::spawn_blocking(move || passage.pass()))
}

/// Returns when the task of the one message waits for a thread, as all do that can on this runtime.
async fn waits_for_a_thread(memory: &Memory) {
    memory.holds(1).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_sync_task_that_waits_for_a_thread_does_not_run_out_of_time() {
    with_one_thread_that_blocks(async {
        let (ran, memory) = (Ran::new(), Memory::new());
        let (gate, busy) = occupy_thread();
        memory.send(&note::intent(1));
        let long_after = async {
            waits_for_a_thread(&memory).await;
            tokio::time::advance(Duration::from_mins(5)).await;
            drop(gate);
        };
        let worker = worker(&ran).timeout(Duration::from_mins(1));
        let (served, ()) = tokio::join!(serve(worker, &memory), long_after);
        assert_eq!((served.done, served.retried), (1, 0));
        busy.await.expect("no panic");
    });
}

#[test]
fn a_sync_task_that_is_given_back_while_it_waits_for_a_thread_never_runs() {
    with_one_thread_that_blocks(async {
        let (ran, memory) = (Ran::new(), Memory::new());
        let (gate, busy) = occupy_thread();
        memory.send(&note::intent(1));
        let worker = build(worker(&ran).grace(Duration::ZERO));
        let time_passes = async {
            waits_for_a_thread(&memory).await;
            loop {
                tokio::time::advance(Duration::from_secs(1)).await;
                tokio::task::yield_now().await;
            }
        };
        let served = tokio::select! {
            served = worker.run(memory.clone(), waits_for_a_thread(&memory)) => served.expect("it opens"),
            () = time_passes => unreachable!("it goes on for ever"),
        };
        assert_eq!((served.done, served.returned), (0, 1));
        drop(gate);
        busy.await.expect("no panic");
        // The thread takes one after another.
        tokio::task::spawn_blocking(|| ()).await.expect("no panic");
        assert!(ran.list().is_empty());
    });
}
