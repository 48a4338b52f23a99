//! RabbitMQ's queues as a worker's source.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::tokio::sync::Mutex;
use ::tokio::time::timeout;
use lapin::Channel;
use lapin::message::Delivery;
use lapin::types::ShortString;

use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::celery::rabbitmq::consumers::Consumers;
use crate::engines::celery::rabbitmq::forwarding::Forwarding;
use crate::engines::celery::rabbitmq::{RabbitMqReceipt, queues, table};
use crate::engines::celery::received::ReceivedMessage;
use crate::engines::shared::rabbitmq::{short, unreadable};
use crate::envelope::{Envelope, EnvelopeError};
use crate::worker::{Message, Settled, Source, log};

/// How often the worker asks whether its channel is still there, and tries again to settle what the broker has refused.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long it waits for what the broker has refused. By the next heartbeat the last one must not be late.
const REFUSED_PATIENCE: Duration = Duration::from_secs(1);

/// What a worker has in flight.
#[derive(Default)]
pub(super) struct RabbitMqConsumer {
    consumers: Mutex<Option<Consumers>>,
    /// The channel of the consumers, with its prefetch.
    pub(super) channel: StdMutex<Option<(Channel, u16)>>,
    /// The most messages that the worker has had room for.
    pub(super) prefetch: AtomicU16,
    pub(super) forwarding: Arc<Forwarding>,
}

impl RabbitMqConsumer {
    pub(super) fn channel(&self) -> MutexGuard<'_, Option<(Channel, u16)>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for RabbitMq {
    type Receipt = RabbitMqReceipt;

    fn served_queues(&self) -> Option<Vec<String>> {
        Some(self.serves.clone())
    }

    fn default_queue(&self) -> Option<String> {
        Some(self.queue.clone())
    }

    async fn open(&self) -> Result<(), BoxError> {
        for queue in &self.serves {
            queues::check(queue)?;
            self.declare(&short("queue", queue)?, self.arguments()).await?;
            self.dead_queue(queue).await?;
        }
        Ok(())
    }

    async fn wait(&self) {
        if let Some(consumers) = &mut *self.consumer.consumers.lock().await {
            consumers.wait().await;
        }
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<RabbitMqReceipt>>, BoxError> {
        let prefetch = u16::try_from(room).unwrap_or(u16::MAX);
        self.consumer.prefetch.fetch_max(prefetch, Ordering::Relaxed);
        let mut slot = self.consumer.consumers.lock().await;
        let consumers = match &mut *slot {
            Some(consumers) => consumers,
            None => slot.insert(self.consume().await?),
        };
        match consumers.take(room) {
            Ok(taken) => Ok(taken
                .into_iter()
                .map(|(queue, delivery)| self.message(queue, delivery))
                .collect()),
            Err(lost) => {
                *slot = None;
                self.forget_served();
                Err(format!("{}: {lost}", self.broker.address()).into())
            }
        }
    }

    /// The broker gives to others what came on a connection that is lost.
    fn is_held(&self, receipt: &RabbitMqReceipt) -> bool {
        receipt.delivery.acker.usable()
    }

    async fn settle(&self, settled: &[Settled<RabbitMqReceipt>]) -> Result<Vec<usize>, BoxError> {
        self.settle_all(settled).await
    }

    /// AMQP has heartbeats of its own. This asks whether the broker still knows the channel, which a worker that was
    /// stopped for a while has to know before anything begins; and it tries again to settle what the broker has refused.
    async fn keep_alive(&self) -> Result<(), BoxError> {
        self.test_channel().await?;
        // It goes on by itself, where the broker confirms nothing for a while.
        if let Ok(Err(refused)) = timeout(REFUSED_PATIENCE, self.retry_refused()).await {
            log::engine_trouble("settle", &refused);
        }
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(HEARTBEAT)
    }

    async fn close(&self) -> Result<(), BoxError> {
        // The broker delivers again what stays unsettled.
        let settled = self.forward_the_rest().await;
        let Some(consumers) = self.consumer.consumers.lock().await.take() else { return settled };
        let closed = consumers.close().await;
        // Where both fail, the first error says more.
        settled.and(closed.map_err(|error| self.broker.error(&error)))
    }
}

impl RabbitMq {
    fn message(&self, queue: usize, delivery: Delivery) -> Message<RabbitMqReceipt> {
        let properties = &delivery.properties;
        let headers = properties.headers().as_ref().map(table::json).unwrap_or_default();
        let text = |text: &Option<ShortString>| text.as_ref().map(ToString::to_string);
        let queue = self.serves[queue].clone();
        let raw = ReceivedMessage {
            queue: &queue,
            headers: &headers,
            content_type: &text(properties.content_type()).unwrap_or_default(),
            content_encoding: &text(properties.content_encoding()).unwrap_or_default(),
            body: &delivery.data,
        };
        let envelope = match unreadable(properties) {
            None => raw.envelope(),
            Some(why) => Err(EnvelopeError::new(why)),
        };
        let attempt = raw.attempt();
        let due = envelope.as_ref().ok().and_then(Envelope::at);
        let receipt = RabbitMqReceipt { delivery: Arc::new(delivery), queue, attempt };
        Message::new(receipt, envelope).attempt(attempt).due(due)
    }
}
