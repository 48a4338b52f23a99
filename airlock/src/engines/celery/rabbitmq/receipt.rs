//! What a worker needs to settle a message.

use std::sync::Arc;

use lapin::message::Delivery;

use crate::engines::celery::rabbitmq::forward::message_id;

/// What [`RabbitMq`](crate::celery::RabbitMq) needs to settle a message.
///
/// # Examples
///
/// ```
/// use airlock::celery::RabbitMqReceipt;
///
/// fn queue_of(receipt: &RabbitMqReceipt) -> &str {
///     receipt.queue()
/// }
/// ```
#[derive(Clone)]
pub struct RabbitMqReceipt {
    pub(super) delivery: Arc<Delivery>,
    pub(super) queue: String,
    pub(super) attempt: u32,
}

impl RabbitMqReceipt {
    /// The queue that the message came from.
    pub fn queue(&self) -> &str {
        &self.queue
    }
}

/// Shows none of the message's arguments, some of which may be secret.
impl std::fmt::Debug for RabbitMqReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RabbitMqReceipt")
            .field("id", &message_id(&self.delivery.properties))
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
