//! What is left of a flush, and of a worker's messages, when something breaks for real.
//!
//! After each fault every intent has been dispatched, or was handed back in the error; every one that
//! was dispatched runs, and no more often than the engine's documentation says. Each case counts that
//! in the server itself and by what the tasks noted, and prints a line.

mod clocks;
mod disk;
mod down_before_flush;
mod dropped_half_way;
mod duplicates;
mod keys_of_dropped;
mod killed_half_way;
mod line_cut;
mod poison;
mod queue_missing;
mod shared_keys;
mod two_workers;
mod undriven;
mod worker_killed;
mod wrapped;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use airlock::worker::{Served, WorkerBuilder};
use airlock::{Executor, Fate, Intent, Report, Scope};
use airlock_live::{Engine, Record, Sender, Server, ship, worker};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::servers::{self, Own};
use crate::unique;

/// How many intents one flush has.
const MANY: u64 = 10_000;

/// How long a worker may take to get everything done.
const PATIENCE: Duration = Duration::from_mins(5);

/// A test of a fault for each of these engines.
macro_rules! on {
    ($fault:ident: $($engine:ident),* $(,)?) => { $(crate::faults::on_one!($fault $engine);)* };
}

macro_rules! on_one {
    // The one engine without a server.
    ($fault:ident apalis_sqlite) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn apalis_sqlite() {
            $fault::<airlock::apalis::Sqlite>().await;
        }
    };
    ($fault:ident apalis_postgres) => {
        crate::faults::on_server!($fault apalis_postgres airlock::apalis::Postgres);
    };
    ($fault:ident apalis_redis) => {
        crate::faults::on_server!($fault apalis_redis airlock::apalis::Redis);
    };
    ($fault:ident graphile) => {
        crate::faults::on_server!($fault graphile airlock::graphile::Graphile);
    };
    ($fault:ident celery_rabbitmq) => {
        crate::faults::on_server!($fault celery_rabbitmq airlock::celery::RabbitMq);
    };
    ($fault:ident celery_redis) => {
        crate::faults::on_server!($fault celery_redis airlock::celery::Redis);
    };
    ($fault:ident dramatiq_rabbitmq) => {
        crate::faults::on_server!($fault dramatiq_rabbitmq airlock::dramatiq::RabbitMq);
    };
    ($fault:ident dramatiq_redis) => {
        crate::faults::on_server!($fault dramatiq_redis airlock::dramatiq::Redis);
    };
}

macro_rules! on_server {
    ($fault:ident $name:ident $engine:ty) => {
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "needs servers: run tests/live.sh"]
        async fn $name() {
            $fault::<$engine>().await;
        }
    };
}

use {on, on_one, on_server};

/// Where a test's messages are: a queue of its own, and a record of what ran.
struct Place {
    url: String,
    queue: String,
    folder: TempDir,
    own: Option<Arc<Own>>,
}

impl Place {
    /// On the server that all tests share.
    fn shared<S: Sender>() -> Self {
        let folder = TempDir::new().expect("a folder");
        let url = match S::SERVER {
            Server::File => format!("sqlite:{}", folder.path().join("jobs.db").display()),
            Server::Postgres => servers::postgres_url(),
            Server::Redis => servers::redis_url(),
            Server::RabbitMq => servers::amqp_url(),
        };
        Self { url, queue: unique::name("faults"), folder, own: None }
    }

    /// On a server of the test's own.
    fn own<S: Sender>() -> Self {
        let own = match S::SERVER {
            Server::File => return Self::shared::<S>(),
            Server::Postgres => Own::postgres(),
            Server::Redis => Own::redis(),
            Server::RabbitMq => Own::rabbitmq(),
        };
        let folder = TempDir::new().expect("a folder");
        let queue = unique::name("faults");
        Self { url: own.url(), queue, folder, own: Some(Arc::new(own)) }
    }

    fn server(&self) -> &Arc<Own> {
        self.own.as_ref().expect("a server of the test's own")
    }

    /// Starts the server anew: a broker has its queues on its disk then.
    fn restart(&self) {
        self.server().stop();
        self.server().start_again();
    }

    async fn open<S: Sender>(&self) -> S {
        S::on_queue(&self.url, &self.queue).await.expect("opened")
    }

    async fn held<S: Sender>(&self, sender: &S) -> u64 {
        sender.held(&self.url, &self.queue).await as u64
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn record(&self) -> Record {
        Record::at(self.path("record"))
    }

    /// Runs what the queue holds until these orders have run and nothing is left.
    async fn serve<E: Engine>(&self, engine: &E, orders: impl IntoIterator<Item = u64>) -> Served {
        self.serve_with(worker(self.record()).prefetch(1_000), engine, orders).await
    }

    async fn serve_with<E: Engine>(
        &self,
        worker: WorkerBuilder,
        engine: &E,
        orders: impl IntoIterator<Item = u64>,
    ) -> Served {
        let worker = worker.build().expect("a worker");
        let orders: Vec<_> = orders.into_iter().collect();
        let record = self.record();
        let all_ran = async || {
            let ran = record.count("ran");
            orders.iter().all(|order| ran.contains_key(order)) && self.held(engine).await == 0
        };
        let served = worker.run(engine.clone(), eventually("all ran", all_ran));
        timeout(2 * PATIENCE, served).await.expect("it stops").expect("served")
    }

    /// A program of its own on this queue.
    fn child<E: Engine>(&self, action: &str, rest: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_child"));
        command.args([action, E::NAME, &self.url, &self.queue]).args(rest);
        command
    }

    /// A worker in a process of its own.
    fn worker<E: Engine>(&self, concurrency: u32, prefetch: u32) -> Child {
        let path = self.path("record");
        let record = path.to_str().expect("a path in UTF-8");
        let (concurrency, prefetch) = (concurrency.to_string(), prefetch.to_string());
        let mut command = self.child::<E>("serve", &[record, &concurrency, &prefetch]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Child(child.spawn().expect("a worker"))
    }
}

/// A process that is killed when this is dropped.
struct Child(process::Child);

impl Child {
    /// `kill -9`.
    fn kill(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("ended");
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().expect("asked").is_none()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until something is so.
async fn eventually(what: &str, so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// What became of a flush.
struct Flushed {
    report: Report,
    handed_back: Vec<Intent>,
    error: Option<String>,
}

impl Flushed {
    /// The orders of intents that left.
    fn dispatched(&self) -> BTreeSet<u64> {
        let entries = self.report.entries().iter();
        let left = entries.filter(|entry| *entry.fate() == Fate::Dispatched);
        left.map(|entry| entry.arguments()["order_id"].as_u64().expect("an order")).collect()
    }

    fn error(&self) -> &str {
        self.error.as_deref().expect("the flush failed")
    }

    /// Fails where anything was handed back.
    fn all_left(&self) {
        assert_eq!(self.error, None);
    }
}

async fn flush(
    executor: &(impl Executor + Clone),
    intents: impl IntoIterator<Item = Intent>,
) -> Flushed {
    flush_in(airlock::scope().executor(executor.clone()), intents).await
}

/// Flushes intents; each left, was left out, or was handed back.
async fn flush_in(scope: Scope, intents: impl IntoIterator<Item = Intent>) -> Flushed {
    let (enqueued, sealed) = scope.seal(|| intents.into_iter().try_for_each(Intent::enqueue));
    enqueued.expect("enqueued");
    let flushed = match sealed.flush_async().await {
        Ok(report) => Flushed { report, handed_back: Vec::new(), error: None },
        Err(error) => {
            let said = error.to_string();
            let report = error.report().clone();
            Flushed { report, handed_back: error.into_intents(), error: Some(said) }
        }
    };
    let Flushed { report, handed_back, error } = &flushed;
    let counted = report.dispatched() + report.duplicates() + handed_back.len();
    assert_eq!(report.enqueued(), counted, "{error:?}");
    flushed
}

/// Intents of the orders from 1 on.
fn orders(count: u64) -> impl Iterator<Item = Intent> {
    (1..=count).map(ship::intent)
}

/// How many orders ran, for the line that a case prints.
struct Ran {
    once: u64,
    more_often: u64,
}

impl Ran {
    /// Fails where one of these orders did not run.
    fn all(record: &Record, orders: impl IntoIterator<Item = u64>) -> Self {
        let counts = record.count("ran");
        let missing: Vec<_> =
            orders.into_iter().filter(|order| !counts.contains_key(order)).collect();
        assert!(missing.is_empty(), "{} did not run: {missing:?}", missing.len());
        let once = counts.values().filter(|count| **count == 1).count();
        Self { once: once as u64, more_often: (counts.len() - once) as u64 }
    }

    /// Fails where one of these orders did not run, or one ran twice.
    fn all_once(record: &Record, orders: impl IntoIterator<Item = u64>) -> Self {
        let ran = Self::all(record, orders);
        assert_eq!(ran.more_often, 0, "ran more than once");
        ran
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ran once", self.once)?;
        if self.more_often > 0 {
            write!(f, ", {} more than once", self.more_often)?;
        }
        Ok(())
    }
}

/// The line of a case.
fn tell<S: Sender>(fault: &str, outcome: impl fmt::Display) {
    println!("{} {fault}: {outcome}", S::NAME);
}
