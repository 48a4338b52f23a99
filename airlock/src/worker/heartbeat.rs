//! What the interval of a worker's heartbeats bounds.

use std::time::Duration;

use crate::core::task::called::BoxError;
use crate::core::threads::tokio::time::timeout;

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
