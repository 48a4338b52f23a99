//! A worker's signs of life, and what else it does from time to time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::tokio::time::timeout;

use crate::core::task::called::BoxError;

/// When a worker last gave a sign of life.
///
/// A clone is another worker, and has given none.
#[derive(Default)]
pub(crate) struct Signs {
    last: Mutex<Option<Instant>>,
}

impl Signs {
    /// Notes that one was given, and says whether the one before it was given in time.
    ///
    /// Where it was not, the engine did not answer, and other workers could give no sign either: whoever
    /// takes over what lost ones held has to leave them the time to, until the next round.
    pub(crate) fn given(&self, heartbeat: Duration) -> bool {
        let last = &mut *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(Instant::now());
        before.is_none_or(|before| before.elapsed() < heartbeat * 3 / 2)
    }
}

impl Clone for Signs {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Waits until the next sign is due at most: what else a worker has to do must not hold it up.
pub(crate) async fn until_next<T>(
    heartbeat: Duration,
    answer: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    match timeout(heartbeat, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {heartbeat:.0?}: it is asked again").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_in_time_where_the_one_before_was_not_long_ago() {
        let signs = Signs::default();
        assert!(signs.given(Duration::ZERO), "the first");
        assert!(signs.given(Duration::from_mins(1)));
        std::thread::sleep(Duration::from_millis(30));
        assert!(!signs.given(Duration::from_millis(10)));
        assert!(signs.clone().given(Duration::ZERO), "that of another worker");
    }
}
