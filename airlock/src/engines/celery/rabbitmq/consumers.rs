//! A worker's consumers: one for each queue that it serves, on a connection of their own.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use futures_util::future::FutureExt;
use futures_util::stream::{BoxStream, SelectAll, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};

use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::shared::rabbitmq::{answered, answered_in_time};
use crate::worker::Source;

/// The number of a served queue, with a delivery from it. A delivery doesn't say which queue it is from: a
/// routing key need not be the queue's name.
type Numbered = (usize, lapin::Result<Delivery>);

pub(super) struct Consumers {
    streams: SelectAll<BoxStream<'static, Numbered>>,
    /// How many streams there were.
    queues: usize,
    /// Deliveries that have arrived and were not received yet, each with the number of its queue.
    arrived: VecDeque<(usize, Delivery)>,
    /// Why no more deliveries will arrive.
    lost: Option<BoxError>,
    channel: Channel,
    connection: Connection,
}

impl Consumers {
    async fn start(
        connection: Connection,
        queues: &[String],
        prefetch: u16,
    ) -> lapin::Result<Self> {
        let lives = || connection.status().connected();
        let channel = answered(lives, connection.create_channel()).await?;
        answered(lives, channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let mut streams = SelectAll::new();
        for (number, queue) in queues.iter().enumerate() {
            let (name, options) = (queue.as_str().into(), BasicConsumeOptions::default());
            let consumer = channel.basic_consume(name, "".into(), options, FieldTable::default());
            let consumer = answered(lives, consumer).await?;
            streams.push(consumer.map(move |delivery| (number, delivery)).boxed());
        }
        let (queues, arrived) = (queues.len(), VecDeque::new());
        Ok(Self { streams, queues, arrived, lost: None, channel, connection })
    }

    /// Returns when a delivery has arrived, or when none will.
    pub(super) async fn wait(&mut self) {
        if self.arrived.is_empty() && self.lost.is_none() {
            let next = self.streams.next().await;
            self.note(next);
        }
    }

    /// Takes at most so many of the deliveries that have arrived.
    ///
    /// # Errors
    ///
    /// Where no more will arrive: then the broker gives to others what this worker has not acknowledged.
    pub(super) fn take(&mut self, room: usize) -> Result<Vec<(usize, Delivery)>, BoxError> {
        while self.arrived.len() < room && self.lost.is_none() {
            let Some(next) = self.streams.next().now_or_never() else { break };
            self.note(next);
        }
        match self.lost.take() {
            Some(lost) => Err(lost),
            None => Ok(self.arrived.drain(..room.min(self.arrived.len())).collect()),
        }
    }

    fn note(&mut self, next: Option<Numbered>) {
        match next {
            Some((queue, Ok(delivery))) => self.arrived.push_back((queue, delivery)),
            Some((_, Err(error))) => self.lost = Some(error.into()),
            // A consumer ends when its queue is deleted.
            None => self.lost = Some("its queues are gone".into()),
        }
        if self.streams.len() < self.queues && self.lost.is_none() {
            self.lost = Some("one of its queues is gone".into());
        }
    }

    pub(super) async fn close(self) -> lapin::Result<()> {
        let lives = || self.connection.status().connected();
        answered(lives, self.channel.close(200, "done".into())).await
    }
}

impl RabbitMq {
    /// Starts consumers of the served queues.
    pub(super) async fn consume(&self) -> Result<Consumers, BoxError> {
        self.open().await?;
        let connection = self.broker.new_connection().await?;
        let prefetch = self.consumer.prefetch.load(Ordering::Relaxed);
        let started = Consumers::start(connection, &self.serves, prefetch).await;
        let consumers = started.map_err(|error| {
            self.forget_served();
            self.broker.error(&error)
        })?;
        *self.consumer.channel() = Some((consumers.channel.clone(), prefetch));
        Ok(consumers)
    }

    /// Makes sure that the client knows if the channel is gone on which messages came. To set the prefetch once more
    /// changes nothing, and is answered.
    ///
    /// # Errors
    ///
    /// Where the broker does not answer.
    pub(super) async fn test_channel(&self) -> Result<(), BoxError> {
        let Some((channel, prefetch)) = self.consumer.channel().clone() else { return Ok(()) };
        let lives = || channel.status().connected();
        let answer = channel.basic_qos(prefetch, BasicQosOptions::default());
        match answered_in_time(lives, answer).await {
            Err(error) if lives() => Err(self.broker.error(&error)),
            // Where it is gone, `receive` says why, and connects anew.
            _ => Ok(()),
        }
    }

    /// Forgets that the served queues are declared. Somebody may have deleted them, so they are declared
    /// again before they are consumed.
    pub(super) fn forget_served(&self) {
        self.broker
            .known()
            .retain(|known| !self.serves.iter().any(|served| served == known.as_str()));
    }
}
