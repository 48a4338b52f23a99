//! Connecting to a server that may never answer: one that is stopped, or another program on its port.

use std::fmt;

use ::tokio::time::timeout;

use crate::core::task::called::BoxError;
use crate::engines::shared::connect_timeout::CONNECT_TIMEOUT;

/// Connects within [`CONNECT_TIMEOUT`], over all steps that a library bounds one by one or not at all.
pub(crate) async fn in_time<T, E: Into<BoxError>>(
    connecting: impl Future<Output = Result<T, E>>,
) -> Result<T, BoxError> {
    match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected.map_err(Into::into),
        Err(_) => Err(NoAnswer.into()),
    }
}

/// A server did not answer in time.
#[derive(Debug)]
struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it did not answer within {} s", CONNECT_TIMEOUT.as_secs())
    }
}

impl std::error::Error for NoAnswer {}

/// The next step where the server did not answer.
pub(crate) fn no_answer(error: &BoxError) -> Option<&'static str> {
    error.is::<NoAnswer>().then_some(
        "check that this host and port are the server's, that no firewall is between, and that the server is not \
         stopped or overloaded",
    )
}

/// That, or another one.
#[cfg(feature = "_broker")]
pub(crate) fn next_step(error: &BoxError, otherwise: &'static str) -> &'static str {
    no_answer(error).unwrap_or(otherwise)
}
