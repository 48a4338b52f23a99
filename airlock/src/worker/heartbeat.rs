//! A worker's heartbeat, and what its interval bounds.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::tokio::time::timeout;

use crate::core::task::called::BoxError;

/// When a worker last sent a heartbeat.
///
/// A clone belongs to another worker, which has sent none.
#[derive(Default)]
pub(crate) struct LastHeartbeat {
    at: Mutex<Option<Instant>>,
}

impl LastHeartbeat {
    /// Notes that a heartbeat was sent, and returns whether the one before it was in time.
    ///
    /// If it was late, the engine did not answer, and other workers could not send theirs either. Before
    /// the worker takes over messages of lost workers, it leaves the others one more interval.
    pub(crate) fn sent(&self, interval: Duration) -> bool {
        let at = &mut *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = at.replace(Instant::now());
        before.is_none_or(|before| before.elapsed() < interval * 3 / 2)
    }
}

impl Clone for LastHeartbeat {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Waits for an answer until the next heartbeat is due: a slow call must not delay it.
pub(crate) async fn within_heartbeat<T>(
    interval: Duration,
    answer: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    match timeout(interval, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {interval:.0?}: it is asked again").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_in_time_if_the_one_before_was_not_long_ago() {
        let last = LastHeartbeat::default();
        assert!(last.sent(Duration::ZERO), "the first");
        assert!(last.sent(Duration::from_mins(1)));
        std::thread::sleep(Duration::from_millis(30));
        assert!(!last.sent(Duration::from_millis(10)));
        assert!(last.clone().sent(Duration::ZERO), "that of another worker");
    }
}
