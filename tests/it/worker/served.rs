//! What succeeds is done, once.

use std::time::Duration;

use airlock::worker::{Served, Settlement};

use super::memory::Memory;
use super::{build, serve, worker};
use crate::support::{Ran, aboom, anote, boom, fail, note};

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

#[test]
fn what_was_served_reads_well() {
    assert_eq!(Served::default().to_string(), "nothing");
    let served =
        Served { done: 1, retried: 2, dead: 3, returned: 4, fenced: 5, stale: 6, untold: 7 };
    let text = "1 done, 3 dead letters, 2 failed attempts repeated or to be repeated, 4 given back, \
                5 not run because taken over, 6 settled too late, 7 not told to the engine";
    assert_eq!(served.to_string(), text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_its_tasks_failure() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&boom::intent(1).max_attempts(2));
    memory.send(&aboom::intent(2).max_attempts(2));
    memory.send(&note::intent(3));
    memory.send(&anote::intent(4));
    let served = serve(worker(&ran).concurrency(1), &memory).await;
    assert_eq!(ran.list(), ["note 3", "anote 4"], "the worker lives");
    assert_eq!(
        memory.told(),
        [
            "1: to be tried again in 1.0ms: the task panicked: boom 1",
            "2: to be tried again in 1.0ms: the task panicked: aboom 2",
            "3: done",
            "4: done",
            "1: dead letter: the task panicked: boom 1 (attempt 2 of 2)",
            "2: dead letter: the task panicked: aboom 2 (attempt 2 of 2)",
        ]
    );
    assert_eq!(served, Served { done: 2, retried: 2, dead: 2, ..Served::default() });
}
