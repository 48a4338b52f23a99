//! What takes too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airlock::tasks;

use super::memory::Memory;
use super::tasks::{Then, enqueue, nap_for, sleep_for, twice};
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
    memory.send(&nap_for::intent(Duration::from_millis(300)).max_attempts(1));
    memory.send(&note::intent(1));
    serve(worker(&ran).concurrency(1).timeout(Duration::from_millis(50)), &memory).await;
    assert_eq!(
        memory.told(),
        ["1: dead letter: it took longer than 50ms (attempt 1 of 1)", "2: done"],
    );
    assert_eq!(ran.list(), ["note 1"], "the next one does not wait for it");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(ran.list(), ["note 1", "napped"]);
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

/// A runtime has a limited number of threads for what blocks.
fn with_one_thread_that_blocks(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test);
}

fn occupy() -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(300)))
}

#[test]
fn a_sync_task_that_waits_for_a_thread_does_not_run_out_of_time() {
    with_one_thread_that_blocks(async {
        let (ran, memory, busy) = (Ran::new(), Memory::new(), occupy());
        memory.send(&note::intent(1));
        let served = serve(worker(&ran).timeout(Duration::from_millis(100)), &memory).await;
        assert_eq!((served.done, served.retried), (1, 0));
        busy.await.expect("no panic");
    });
}

#[test]
fn a_sync_task_that_is_given_back_while_it_waits_for_a_thread_never_runs() {
    with_one_thread_that_blocks(async {
        let (ran, memory, busy) = (Ran::new(), Memory::new(), occupy());
        memory.send(&note::intent(1));
        let soon = tokio::time::sleep(Duration::from_millis(100));
        let worker = build(worker(&ran).grace(Duration::ZERO));
        let served = worker.run(memory.clone(), soon).await.expect("it opens");
        assert_eq!((served.done, served.returned), (0, 1));
        busy.await.expect("no panic");
        occupy().await.expect("no panic");
        assert!(ran.list().is_empty());
    });
}
