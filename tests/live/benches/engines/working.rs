//! A worker of tasks that do nothing, beside the engine's own worker.

use std::time::Duration;

use airlock::tasks;
use airlock::worker::Source;
use airlock_live::Engine;
use tokio::sync::oneshot;

use crate::noop::{Countdown, noop};
use crate::pushing::{Pushing, batch};
use crate::rounds::{Bench, median, median_of};

/// How many tasks there are to run. apalis' worker over Redis ends at some 8,000 due ones.
pub(crate) const TASKS: u32 = 5_000;

/// How many messages a worker may hold: what ours does unless told otherwise, of which 16 run.
pub(crate) const HELD: usize = 80;

/// As many run at once.
pub(crate) const AT_ONCE: usize = 16;

/// How many of the engine's own worker's tasks ours has to run in the same time.
const LEAST: f64 = 0.95;

/// An engine with a worker of its own.
pub(crate) trait Working: Pushing<Ours: Engine> {
    /// Runs its own worker until the queue is empty; how long that took.
    async fn their_worker(&self) -> Duration;
}

/// Fills the queue and has our worker empty it.
async fn ours(engine: &impl Pushing<Ours: Engine>) -> Duration {
    let ours = &engine.queue().ours;
    batch(ours.clone(), TASKS.into()).await;
    let time = run(ours.clone()).await;
    engine.empty().await;
    time
}

/// Fills the queue as its own client does and has its own worker empty it.
async fn theirs(engine: &impl Working) -> Duration {
    engine.theirs(TASKS.into()).await;
    let time = engine.their_worker().await;
    engine.empty().await;
    time
}

pub(crate) fn head(bench: &Bench) {
    println!();
    println!("tasks a second, of {TASKS} that do nothing, medians of {} rounds", bench.rounds);
    println!("{:20} {:>9} {:>9} {:>6} {:>6}", "", "airlock", "its own", "ratio", "limit");
}

fn rate(time: Duration) -> f64 {
    f64::from(TASKS) / time.as_secs_f64()
}

/// Measures both workers in turn, and prints a line.
pub(crate) async fn measure(bench: &mut Bench, name: &str, engine: &impl Working) {
    let mut rounds = Vec::new();
    for number in 0..=bench.rounds {
        let both = if number % 2 == 0 {
            let ours = ours(engine).await;
            (ours, theirs(engine).await)
        } else {
            let theirs = theirs(engine).await;
            (ours(engine).await, theirs)
        };
        // The first round warms up.
        if number > 0 {
            rounds.push(both);
        }
    }
    let ratio = median_of(&rounds, |(ours, theirs)| rate(*ours) / rate(*theirs));
    let verdict = bench.verdict(&format!("{name}: {ratio:.2} x its own worker"), ratio >= LEAST);
    println!(
        "{name:20} {:9.0} {:9.0} {ratio:6.2} {LEAST:6.2} {verdict}",
        median_of(&rounds, |(ours, _)| rate(*ours)),
        median_of(&rounds, |(_, theirs)| rate(*theirs)),
    );
}

/// Measures our worker where there is no other in Rust to compare it with, and prints a line.
pub(crate) async fn measure_alone(bench: &Bench, name: &str, engine: &impl Pushing<Ours: Engine>) {
    ours(engine).await;
    let mut rates = Vec::new();
    for _ in 0..bench.rounds {
        rates.push(rate(ours(engine).await));
    }
    println!("{name:20} {:9.0} {:>9}", median(rates), "none");
}

/// Runs a worker of ours until the queue is empty; how long that took.
async fn run(source: impl Source) -> Duration {
    let countdown = Countdown::from(TASKS.into());
    let worker = airlock::worker().serving(tasks![noop]).state(countdown.clone());
    let worker = worker.concurrency(AT_ONCE).prefetch(HELD - AT_ONCE).build().expect("a worker");
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        worker.run(source, async { drop(stopped.await) }).await.expect("it ran")
    });
    let time = countdown.time().await;
    drop(stop);
    assert_eq!(running.await.expect("no panic").done, u64::from(TASKS));
    time
}

/// Runs apalis' own worker until the queue is empty; how long that took.
macro_rules! apalis_worker {
    ($storage:expr) => {{
        use apalis_core::task::data::Data;
        use apalis_core::worker::builder::WorkerBuilder;
        use apalis_core::worker::context::WorkerContext;

        let countdown = crate::noop::Countdown::from(TASKS.into());
        let context = WorkerContext::new(&crate::unique::name());
        let worker = WorkerBuilder::new(&context).backend($storage).data(countdown.clone()).build(
            async |_: crate::message::Job, countdown: Data<crate::noop::Countdown>| {
                countdown.count();
            },
        );
        let running = tokio::spawn(async move { worker.run().await });
        let time = countdown.time().await;
        context.stop().expect("told to stop");
        running.await.expect("no panic").expect("it ran");
        time
    }};
}

pub(crate) use apalis_worker;
