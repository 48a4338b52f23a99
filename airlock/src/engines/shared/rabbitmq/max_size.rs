//! The broker's `max_message_size`: it closes the channel for a message that is larger, and confirms none of those before.

use std::sync::atomic::{AtomicUsize, Ordering};

use lapin::protocol::{AMQPErrorKind, AMQPSoftError};

use crate::core::task::called::BoxError;
use crate::engines::shared::rabbitmq::{Broker, NewDelivery};

/// No broker is expected to refuse what is smaller.
const SMALL: usize = 16 * 1024;

/// What is known of the sizes that the broker takes, until the connection is lost: an operator may have changed them then.
pub(super) struct Sizes {
    /// The broker takes what is no larger.
    taken: AtomicUsize,
    /// The broker refuses what is larger.
    max: AtomicUsize,
}

impl Sizes {
    pub(super) fn unknown() -> Self {
        Self { taken: AtomicUsize::new(SMALL), max: AtomicUsize::new(usize::MAX) }
    }

    pub(super) fn forget(&self) {
        self.taken.store(SMALL, Ordering::Relaxed);
        self.max.store(usize::MAX, Ordering::Relaxed);
    }
}

impl Broker {
    /// Whether the broker may refuse a message for its size: it is larger than all that it has taken so far.
    pub(super) fn may_be_too_large(&self, message: &NewDelivery) -> bool {
        message.body.len() > self.inner.sizes.taken.load(Ordering::Relaxed)
    }

    /// Notes that the broker has taken a message.
    pub(super) fn took(&self, message: &NewDelivery) {
        self.inner.sizes.taken.fetch_max(message.body.len(), Ordering::Relaxed);
    }

    /// Notes how many bytes a message may have.
    pub(super) fn takes_at_most(&self, max: usize) {
        self.inner.sizes.max.store(max, Ordering::Relaxed);
    }

    /// Refuses a message that the broker is known to refuse: each that it is asked about costs a channel.
    pub(super) fn check_max_size(&self, message: &NewDelivery) -> Result<(), BoxError> {
        let max = self.inner.sizes.max.load(Ordering::Relaxed);
        if message.body.len() > max { Err(self.too_large(message, max)) } else { Ok(()) }
    }

    pub(super) fn too_large(&self, message: &NewDelivery, max: usize) -> BoxError {
        let NewDelivery { queue, body, .. } = message;
        format!(
            "{} takes messages of at most {max} bytes (its `max_message_size`), and the one for the queue `{queue}` has {}: \
             keep what is large elsewhere and pass where it is, or raise the limit",
            self.address(),
            body.len()
        )
        .into()
    }
}

/// How many bytes a message may have, where the broker has closed the channel for one that is larger.
pub(super) fn max_size(error: &lapin::Error) -> Option<usize> {
    let lapin::ErrorKind::ProtocolError(error) = error.kind() else { return None };
    let is_refused = *error.kind() == AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED);
    max_in(error.get_message().as_str()).filter(|_| is_refused)
}

/// RabbitMQ says: message size 2000 is larger than configured max size 1000.
fn max_in(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("message size ")?;
    let (_, max) = rest.rsplit_once("max size ")?;
    let end = max.find(|c: char| !c.is_ascii_digit()).unwrap_or(max.len());
    max[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_what_the_broker_says() {
        let said =
            "PRECONDITION_FAILED - message size 2000 is larger than configured max size 1000";
        assert_eq!(max_in(said), Some(1000));
        let most = "PRECONDITION_FAILED - message size 536870913 is larger than max size 536870912";
        assert_eq!(max_in(most), Some(536_870_912));
        assert_eq!(max_in("PRECONDITION_FAILED - invalid expiration"), None);
    }
}
