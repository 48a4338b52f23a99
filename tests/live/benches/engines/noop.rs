//! The task that does nothing, and who counts how often it did.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

/// Counts down to the last of the tasks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Countdown(Arc<Left>);

#[derive(Debug, Default)]
struct Left {
    tasks: AtomicU64,
    none: Notify,
}

impl Countdown {
    pub(crate) fn from(tasks: u64) -> Self {
        let countdown = Self::default();
        countdown.0.tasks.store(tasks, Ordering::Relaxed);
        countdown
    }

    pub(crate) fn count(&self) {
        if self.0.tasks.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.none.notify_waiters();
            self.0.none.notify_one();
        }
    }

    /// How long it took from now on until the last task ran.
    ///
    /// # Panics
    ///
    /// Where that takes more than two minutes.
    pub(crate) async fn time(&self) -> Duration {
        let begun = Instant::now();
        let in_time = timeout(Duration::from_mins(2), self.0.none.notified()).await;
        in_time.unwrap_or_else(|_| {
            panic!("{} tasks did not run", self.0.tasks.load(Ordering::Relaxed))
        });
        begun.elapsed()
    }
}

/// Does nothing but count.
#[airlock::task(name = "bench.noop")]
pub(crate) async fn noop(#[state] countdown: &Countdown, order_id: u64) {
    let _ = order_id;
    countdown.count();
}
