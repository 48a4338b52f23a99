//! What fails: retries and their waits, attempts, panics, timeouts, and what is given up.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airlock::worker::Served;
use airlock::{Backoff, TaskSet, tasks};
use proptest::prelude::*;

use super::memory::Memory;
use super::refusals::foreign;
use super::{build, serve, worker};
use crate::support::{Ran, aboom, afail, anote, boom, fail, note, yield_once};

pub(super) fn tasks() -> TaskSet {
    tasks![twice, thrice, caused, sleep_for, nap_for]
}

/// Fails unless it ran before.
#[airlock::task]
async fn twice(#[state] ran: &Ran, n: u64) -> Result<(), String> {
    let before = ran.list().len();
    ran.push(format!("twice {n}"));
    yield_once().await;
    if before > 0 { Ok(()) } else { Err("not yet".into()) }
}

#[airlock::task(max_attempts = 3)]
fn thrice() -> Result<(), &'static str> {
    Err("never")
}

#[derive(Debug)]
struct Caused(&'static str, Option<Box<Caused>>);

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

/// Fails with a chain of causes, one of which its error says itself.
#[airlock::task(max_attempts = 1)]
fn caused() -> Result<(), Caused> {
    let refused = Caused("connection refused", None);
    let smtp = Caused("no SMTP: connection refused", Some(Box::new(refused)));
    Err(Caused("the mail did not go out", Some(Box::new(smtp))))
}

/// Notes when it is dropped before its end.
struct Dropped(Ran);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.push("dropped");
    }
}

#[airlock::task]
pub(super) async fn sleep_for(#[state] ran: &Ran, time: Duration) {
    let dropped = Dropped(ran.clone());
    tokio::time::sleep(time).await;
    ran.push("slept");
    std::mem::forget(dropped);
}

#[airlock::task]
pub(super) fn nap_for(#[state] ran: &Ran, time: Duration) {
    std::thread::sleep(time);
    ran.push("napped");
}

// ---- retries

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
async fn waits_have_jitter_and_one_second_to_begin_with() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..100 {
        memory.send(&fail::intent(n));
    }
    let worker = airlock::worker().state(ran).serving(tasks![fail]);
    serve(worker, &memory).await;
    let waits = memory.waits();
    assert_eq!(waits.len(), 400);
    let in_seconds = |seconds: u64| {
        let between = Duration::from_secs(seconds) / 2..=Duration::from_secs(seconds);
        waits.iter().filter(|wait| between.contains(*wait)).count()
    };
    let doubling: usize = [1, 2, 4, 8].into_iter().map(in_seconds).sum();
    assert_eq!(doubling, 400, "each is from half of it to all: {waits:?}");
    let first: std::collections::BTreeSet<_> = waits.iter().collect();
    assert!(first.len() > 300, "only {} different ones", first.len());
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

#[tokio::test]
async fn a_reason_has_the_whole_chain_of_causes() {
    let memory = Memory::new();
    memory.send(&caused::intent());
    serve(worker(&Ran::new()), &memory).await;
    assert_eq!(
        memory.dead(),
        "the mail did not go out: no SMTP: connection refused (attempt 1 of 1)",
    );
}

#[tokio::test]
async fn a_reason_is_no_longer_than_an_engine_can_keep() {
    let memory = Memory::new();
    memory.send(&long::intent("ä".repeat(1 << 20)));
    serve(airlock::worker().serving(tasks![long]), &memory).await;
    let reason = memory.dead();
    assert!(
        reason.starts_with("ää") && reason.ends_with("ä… (attempt 1 of 1)"),
        "{}",
        reason.len()
    );
    assert!(reason.len() < 9_000, "{} bytes", reason.len());
}

#[airlock::task(max_attempts = 1)]
fn long(text: String) -> Result<(), String> {
    Err(text)
}

// ---- backoff

proptest! {
    #[test]
    fn a_wait_is_between_half_of_it_and_the_longest(
        first in any::<u64>(),
        factor in prop::num::f64::ANY,
        longest in any::<u64>(),
        attempt in any::<u32>(),
    ) {
        let (first, longest) = (Duration::from_nanos(first), Duration::from_nanos(longest));
        let exact = Backoff::new(first).factor(factor).longest(longest).exact().after(attempt);
        let jittered = Backoff::new(first).factor(factor).longest(longest).after(attempt);
        prop_assert!(exact <= longest);
        prop_assert!(exact >= first.min(longest).mul_f64(0.999_999));
        prop_assert!(jittered <= exact && jittered >= exact.mul_f64(0.499_999));
    }
}

#[test]
fn backoffs_out_of_the_ordinary_have_waits_all_the_same() {
    let first = Duration::from_secs(1);
    let after = |backoff: Backoff, attempt| backoff.exact().after(attempt);
    assert_eq!(after(Backoff::new(Duration::ZERO), u32::MAX), Duration::ZERO);
    assert_eq!(after(Backoff::new(first), u32::MAX), Duration::from_hours(1));
    assert_eq!(after(Backoff::new(first), 0), first);
    assert_eq!(after(Backoff::new(first).factor(0.1), 9), first);
    assert_eq!(after(Backoff::new(first).factor(f64::NAN), 9), first);
    assert_eq!(after(Backoff::new(first).factor(f64::INFINITY), 1), first);
    assert_eq!(after(Backoff::new(first).factor(f64::INFINITY), 2), Duration::from_hours(1));
    assert_eq!(after(Backoff::new(Duration::MAX), 1), Duration::from_hours(1));
    assert_eq!(after(Backoff::new(first).factor(10.0), 3), 100 * first);
}

// ---- panics

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

// ---- timeouts

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
    memory.send(&super::enqueue::intent(1, super::Then::Succeed));
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
