//! The worker, over an engine in memory: what it runs, what it reports, and how it stops.

mod backoff;
mod begin;
mod building;
mod dead_letters;
mod effects;
mod engine;
mod fence;
mod flood;
mod load;
mod memory;
mod refusals;
mod retries;
mod served;
mod stopping;
mod tasks;
mod timeouts;
mod traces;
mod unknown;
mod unresponsive;

use std::time::Duration;

use airlock::worker::{Served, Worker, WorkerBuilder};
use airlock::{Backoff, TaskSet, tasks};
use memory::Memory;

use self::tasks::{Passage, aenqueue, again, enqueue, follow, occupy, sleep_for, thrice, twice};
use crate::support::{Ran, aboom, afail, anote, boom, fail, note, quiet};

/// A worker for the tasks of these tests, which retries at once.
fn worker(ran: &Ran) -> WorkerBuilder {
    airlock::worker()
        .state(ran.clone())
        .state(Passage::closed().1)
        .serving(everything())
        .backoff(Backoff::new(Duration::from_millis(1)).exact())
        .unknown_for(Duration::ZERO)
}

fn everything() -> TaskSet {
    let all = [
        tasks![quiet, note, anote, fail, afail, boom, aboom],
        tasks![enqueue, aenqueue, again, follow, twice, thrice, sleep_for, occupy],
        dead_letters::tasks(),
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
