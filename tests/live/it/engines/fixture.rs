//! A queue of the test's own, what may run from it, and what did.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use airlock::worker::{DeadLetter, Served, Settlement, WorkerBuilder};
use airlock::{Backoff, Executor, FlushError, Intent, Report, tasks};
use airlock_live::{Engine, Sender};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};

use super::consumer::{Consumer, numbers};
use crate::place::{PATIENCE, Place, eventually};

/// The first wait of a worker before it tries again; the second is twice as long.
pub(crate) const BACKOFF: Duration = Duration::from_millis(500);

/// What ran, and when it began.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<Mutex<Vec<(u64, Instant)>>>);

impl Runs {
    /// How often this number has run by now.
    pub(crate) fn note(&self, number: u64) -> u64 {
        let mut runs = self.0.lock().expect("nobody panics");
        runs.push((number, Instant::now()));
        runs.iter().filter(|(ran, _)| *ran == number).count() as u64
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.0.lock().expect("nobody panics").iter().map(|(number, _)| *number).collect()
    }

    pub(crate) fn sorted(&self) -> Vec<u64> {
        let mut numbers = self.numbers();
        numbers.sort_unstable();
        numbers
    }

    pub(crate) fn times_of(&self, number: u64) -> Vec<Instant> {
        let runs = self.0.lock().expect("nobody panics");
        runs.iter().filter(|(ran, _)| *ran == number).map(|(_, time)| *time).collect()
    }

    /// How many tasks have begun.
    pub(crate) fn count(&self) -> u64 {
        self.0.lock().expect("nobody panics").len() as u64
    }

    /// Waits until so many have run.
    pub(crate) async fn reach(&self, count: u64) {
        let reached = async {
            while self.count() < count {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = timeout(PATIENCE, reached).await;
        in_time.unwrap_or_else(|_| panic!("{count} run, and not {}", self.count()));
    }
}

/// Notes that it ran: first of all, so that it is the order in which they begin.
#[airlock::task(name = "engines.note")]
pub(crate) async fn note(#[state] runs: &Runs, number: u64) {
    runs.note(number);
    yield_now().await;
}

/// Fails the first so many times.
#[airlock::task(name = "engines.fail")]
pub(crate) async fn fail(#[state] runs: &Runs, number: u64, times: u64) -> Result<(), String> {
    let attempt = runs.note(number);
    yield_now().await;
    if attempt <= times { Err(format!("failure\0{attempt}")) } else { Ok(()) }
}

/// Notes that it began, and goes on for a while.
#[airlock::task(name = "engines.long")]
pub(crate) async fn long(#[state] runs: &Runs, number: u64, millis: u64) {
    runs.note(number);
    sleep(Duration::from_millis(millis)).await;
}

/// A queue of the test's own, and a handle on it.
pub(crate) struct Fixture<E> {
    pub(crate) place: Place,
    pub(crate) engine: E,
    pub(crate) runs: Runs,
}

impl<S: Sender> Fixture<S> {
    pub(crate) async fn new() -> Self {
        Self::at(Place::shared::<S>()).await
    }

    pub(crate) async fn at(place: Place) -> Self {
        let engine = place.open().await;
        Self { place, engine, runs: Runs::default() }
    }

    pub(crate) fn queue(&self) -> &str {
        &self.place.queue
    }

    /// Flushes intents together, all of which leave or are left out.
    pub(crate) async fn send(&self, intents: impl IntoIterator<Item = Intent>) -> Report {
        flush(&self.engine, intents).await.expect("flushed")
    }

    /// How many of these intents leave, and how many are left out as duplicates.
    pub(crate) async fn counts(&self, intents: impl IntoIterator<Item = Intent>) -> (usize, usize) {
        let report = self.send(intents).await;
        (report.dispatched(), report.duplicates())
    }

    /// How many messages of the queue are to be run, as the server itself says.
    pub(crate) async fn held(&self) -> u64 {
        self.place.held(&self.engine).await
    }
}

impl<E: Engine> Fixture<E> {
    pub(crate) fn worker(&self) -> WorkerBuilder {
        worker(&self.runs)
    }

    /// Runs such a worker until something is so.
    pub(crate) async fn serve(&self, until: impl AsyncFn() -> bool) -> Served {
        self.serve_with(self.worker(), &self.engine, until).await
    }

    /// Runs such a worker until so many have run.
    pub(crate) async fn serve_until_ran(&self, count: u64) -> Served {
        self.serve(async || self.runs.count() >= count).await
    }

    pub(crate) async fn serve_with(
        &self,
        worker: WorkerBuilder,
        source: &E,
        until: impl AsyncFn() -> bool,
    ) -> Served {
        let worker = worker.build().expect("a worker");
        let served = worker.run(source.clone(), eventually("the worker is done", until));
        timeout(2 * PATIENCE, served).await.expect("it stops").expect("it begins")
    }

    /// A worker in the background that runs until so many have run.
    pub(crate) fn start(&self, source: E, count: u64) -> JoinHandle<Served> {
        let worker = self.worker().concurrency(4).build().expect("a worker");
        let runs = self.runs.clone();
        tokio::spawn(async move {
            worker.run(source, async { runs.reach(count).await }).await.expect("it begins")
        })
    }

    /// A clone that takes messages, as another worker does.
    pub(crate) async fn open(&self) -> Consumer<E> {
        Consumer::of(self.engine.clone()).await
    }

    pub(crate) async fn letters(&self) -> Vec<DeadLetter> {
        self.engine.list(100).await.expect("listed")
    }

    /// The only dead letter.
    pub(crate) async fn letter(&self) -> DeadLetter {
        let mut letters = self.letters().await;
        assert_eq!(letters.len(), 1, "one dead letter: {letters:#?}");
        letters.pop().expect("one")
    }

    /// Takes a message and gives it up.
    pub(crate) async fn give_up(&self, reason: &str) {
        let consumer = self.open().await;
        let messages = consumer.take(1).await;
        consumer.settle(messages, Settlement::Dead { reason: reason.to_owned() }).await;
        consumer.close().await;
    }

    /// Takes and settles all that is to be run now: the numbers, in order.
    pub(crate) async fn drain(&self, count: usize) -> Vec<u64> {
        let consumer = self.open().await;
        let mut drained = Vec::new();
        while drained.len() < count {
            let messages = consumer.take((count - drained.len()).min(1_000)).await;
            drained.extend(numbers(&messages));
            consumer.settle(messages, Settlement::Done).await;
        }
        consumer.nothing_comes().await;
        consumer.close().await;
        drained
    }
}

/// A worker of these tasks that runs one at a time, and tries each three times.
pub(crate) fn worker(runs: &Runs) -> WorkerBuilder {
    airlock::worker()
        .state(runs.clone())
        .serving(tasks![note, fail, long])
        .concurrency(1)
        .max_attempts(3)
        .backoff(Backoff::new(BACKOFF).exact())
}

/// Enqueues intents, and flushes them together.
pub(crate) async fn flush(
    executor: &(impl Executor + Clone),
    intents: impl IntoIterator<Item = Intent>,
) -> Result<Report, FlushError> {
    let scope = airlock::scope().executor(executor.clone());
    let (enqueued, sealed) = scope.seal(|| intents.into_iter().try_for_each(Intent::enqueue));
    enqueued.expect("enqueued");
    sealed.flush_async().await
}

pub(crate) fn notes(numbers: impl IntoIterator<Item = u64>) -> Vec<Intent> {
    numbers.into_iter().map(note::intent).collect()
}
