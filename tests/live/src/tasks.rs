//! Tasks that note what they do.

use std::process;
use std::time::Duration;

use airlock::worker::WorkerBuilder;
use airlock::{Backoff, tasks};
use tokio::time::sleep;

use crate::Record;

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

/// A worker of these tasks, which tries each three times and doesn't wait long in between.
pub fn worker(record: Record) -> WorkerBuilder {
    airlock::worker()
        .state(record)
        .serving(tasks![ship, pack, panics, aborts])
        .max_attempts(3)
        .backoff(Backoff::new(Duration::from_millis(10)))
        .grace(Duration::from_secs(10))
}
