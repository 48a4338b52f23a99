//! What is left of a flush, and of a worker's messages, when something breaks for real.
//!
//! After each fault every intent has been dispatched, or was handed back in the error; every one that
//! was dispatched runs, and no more often than the engine's documentation says. Each case counts that
//! in the server itself and by what the tasks noted, and prints a line.

mod alarm;
mod busy_pool;
mod clock_set;
mod clocks;
mod connections_closed;
mod deadly_messages;
mod disk;
mod down_before_flush;
mod dropped_half_way;
mod duplicates;
mod failover;
mod full_server;
mod keys_of_dropped;
mod killed_half_way;
mod large_headers;
mod letters;
mod line_cut;
mod long_names;
mod many_letters;
mod mass_take_over;
mod odd_messages;
mod outage;
mod poison;
mod pooled;
mod queue_missing;
mod refused_commands;
mod serializable;
mod shared_keys;
mod slow_answers;
mod stopped;
mod too_large;
mod traces;
mod two_workers;
mod undriven;
mod unreadable_headers;
mod wire;
mod worker_killed;
mod wrapped;

use std::collections::BTreeSet;
use std::fmt;

use airlock::{Executor, Fate, Intent, Report, Scope};
use airlock_live::{Record, Sender, ship};

use crate::place::{Child, PATIENCE, Place, eventually};

/// How many intents one flush has.
const MANY: u64 = 10_000;

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

pub(crate) use {on, on_one, on_server};

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
