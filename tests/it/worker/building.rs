//! What a worker is built with.

use std::time::Duration;

use airlock::tasks;

use super::memory::Memory;
use super::{build, serve, worker};
use crate::support::{Ran, fail, note, quiet};

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

/// A worker and its parts can be shared and sent.
#[test]
fn a_worker_is_send_and_sync() {
    fn both<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: &T) {}
    let worker = build(worker(&Ran::new()));
    both(&worker);
    send(&worker.run(Memory::new(), std::future::pending()));
}
