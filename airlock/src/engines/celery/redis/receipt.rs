//! What a worker needs to settle a message.

use std::sync::Arc;

/// What [`Redis`](crate::celery::Redis) needs to settle a message.
///
/// # Examples
///
/// ```
/// use airlock::celery::RedisReceipt;
///
/// fn queue_of(receipt: &RedisReceipt) -> &str {
///     receipt.queue()
/// }
/// ```
#[derive(Clone)]
pub struct RedisReceipt {
    pub(super) queue: String,
    /// Under which the message is held.
    pub(super) tag: String,
    /// Which of the queue's lists it came from, counted from 1.
    pub(super) list: usize,
    pub(super) raw: Arc<[u8]>,
    pub(super) id: String,
    pub(super) unique_key: String,
    /// Whether no worker is given the message any more: its id and its unique key are in the server alone.
    pub(super) unread: bool,
    pub(super) attempt: u32,
}

impl RedisReceipt {
    /// The queue that the message came from.
    pub fn queue(&self) -> &str {
        &self.queue
    }
}

/// Shows none of the message's arguments, some of which may be secret.
impl std::fmt::Debug for RedisReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisReceipt")
            .field("id", &self.id)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
