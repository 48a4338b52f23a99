//! Tasks that note what they do.

use std::process;
use std::time::Duration;

use airlock::worker::WorkerBuilder;
use airlock::{Backoff, Intent, tasks};
use tokio::time::sleep;

use crate::{Engine, Record};

/// Notes that it ran.
#[airlock::task(name = "live.ship")]
pub async fn ship(#[state] record: &Record, order_id: u64) {
    record.append("ran", order_id);
}

/// Notes that it has begun, takes a while, and notes that it ran.
#[airlock::task(name = "live.pack")]
pub async fn pack(#[state] record: &Record, order_id: u64, millis: u64) {
    record.append("begun", order_id);
    sleep(Duration::from_millis(millis)).await;
    record.append("ran", order_id);
}

/// Notes that it has begun, and panics.
///
/// # Panics
///
/// Always.
#[airlock::task(name = "live.panics")]
pub async fn panics(#[state] record: &Record, order_id: u64) {
    record.append("begun", order_id);
    panic!("order {order_id} can't be packed");
}

/// Notes that it has begun, and after a while ends its process as a crash would.
#[airlock::task(name = "live.aborts")]
pub async fn aborts(#[state] record: &Record, order_id: u64, millis: u64) {
    record.append("begun", order_id);
    sleep(Duration::from_millis(millis)).await;
    process::abort();
}

/// One of these tasks, as the order says: of a thousand one [ends its worker](ends_worker) and 50 panic, each time; the
/// others take up to 400 milliseconds.
pub fn any<E: Engine>(order_id: u64) -> Intent {
    match order_id % 1_000 {
        _ if ends_worker::<E>(order_id) => aborts::intent(order_id, 30),
        rest if rest % 20 == 7 => panics::intent(order_id),
        rest => pack::intent(order_id, rest % 400),
    }
}

/// Whether the task of this order ends its worker: one of a thousand, where that is given up at last.
pub fn ends_worker<E: Engine>(order_id: u64) -> bool {
    E::COUNTS_DEATHS && order_id.is_multiple_of(1_000)
}

/// How often a worker tries each.
pub const ATTEMPTS: u32 = 3;

/// A worker of these tasks, which tries each three times and doesn't wait long in between.
pub fn worker(record: Record) -> WorkerBuilder {
    airlock::worker()
        .state(record)
        .serving(tasks![ship, pack, panics, aborts])
        .max_attempts(ATTEMPTS)
        .backoff(Backoff::new(Duration::from_millis(10)))
        .grace(Duration::from_secs(10))
}
