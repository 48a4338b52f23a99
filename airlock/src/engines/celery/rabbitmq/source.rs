//! RabbitMQ's queues as a worker's source.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::tokio::sync::Mutex;
use lapin::message::Delivery;
use lapin::types::ShortString;

use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::celery::rabbitmq::consumers::Consumers;
use crate::engines::celery::rabbitmq::{RabbitMqReceipt, table};
use crate::engines::celery::received::ReceivedMessage;
use crate::engines::shared::rabbitmq::short;
use crate::envelope::Envelope;
use crate::worker::{Message, Settled, Source, log};

/// How often the worker tries again to settle what the broker has refused.
const RETRY_REFUSED_EVERY: Duration = Duration::from_secs(5);

/// What a worker has in flight.
#[derive(Default)]
pub(super) struct RabbitMqConsumer {
    consumers: Mutex<Option<Consumers>>,
    /// The most messages that the worker has had room for.
    pub(super) prefetch: AtomicU16,
    /// Messages that stay unsettled, because the broker refuses what has to be published first.
    refused: StdMutex<Vec<Settled<RabbitMqReceipt>>>,
}

impl RabbitMqConsumer {
    pub(super) fn refused(&self) -> MutexGuard<'_, Vec<Settled<RabbitMqReceipt>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for RabbitMq {
    type Receipt = RabbitMqReceipt;

    async fn open(&self) -> Result<(), BoxError> {
        for queue in &self.serves {
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

    async fn settle(&self, settled: &[Settled<RabbitMqReceipt>]) -> Result<(), BoxError> {
        let refusals = self.settle_most(settled).await?;
        if let Some(reason) = &refusals.reason {
            // The others are settled: later messages don't wait for these.
            log::engine_trouble("settle", &refusals.describe(reason));
            let refused = refusals.indices.iter().map(|index| Settled {
                receipt: settled[*index].receipt.clone(),
                settlement: settled[*index].settlement.clone(),
            });
            self.consumer.refused().extend(refused);
        }
        Ok(())
    }

    /// AMQP has heartbeats of its own; this tries again to settle what the broker has refused.
    async fn keep_alive(&self) -> Result<(), BoxError> {
        self.retry_refused().await
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(RETRY_REFUSED_EVERY)
    }

    async fn close(&self) -> Result<(), BoxError> {
        // The broker delivers again what stays unsettled.
        let settled = self.retry_refused().await;
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
        let (envelope, attempt) = (raw.envelope(), raw.attempt());
        let due = envelope.as_ref().ok().and_then(Envelope::at);
        let receipt = RabbitMqReceipt { delivery: Arc::new(delivery), queue, attempt };
        Message::new(receipt, envelope).attempt(attempt).due(due)
    }
}
