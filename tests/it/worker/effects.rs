//! What a task enqueues leaves when it has succeeded, under the worker's policies.

use std::time::Duration;

use airlock::worker::Served;
use airlock::{BlockTasks, DropAll, block_tasks, tasks};

use super::memory::Memory;
use super::tasks::{Passage, Then, aenqueue, again, enqueue, follow};
use super::{serve, worker};
use crate::support::{Ran, note, quiet};

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

#[test]
fn effects_do_not_leave_when_their_task_has_not_succeeded() {
    let cases = [
        (Then::Fail, "no luck (attempt 1 of 1)"),
        (Then::Panic, "the task panicked: bad luck (attempt 1 of 1)"),
        (Then::Last, "it took longer than 50ms (attempt 1 of 1)"),
    ];
    for send in [enqueue::intent, aenqueue::intent] {
        for (then, reason) in cases {
            let (ran, memory) = (Ran::new(), Memory::new());
            let (gate, passage) = Passage::closed();
            memory.send(&send(1, then));
            let worker = worker(&ran).state(passage).executor(ran.collector());
            let short = Duration::from_millis(50);
            // To panic may take longer than that, where a backtrace is printed.
            let worker = if then == Then::Last { worker.timeout(short) } else { worker };
            let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
            runtime.block_on(serve(worker, &memory));
            assert_eq!(memory.dead(), reason);
            // The sync one goes on in its thread, which the runtime waits for, and enqueues again.
            drop(gate);
            drop(runtime);
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
