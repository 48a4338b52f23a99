//! A worker's messages from RabbitMQ.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ::tokio::sync::Mutex;
use futures_util::future::{FutureExt, join_all};
use futures_util::stream::{BoxStream, SelectAll, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection};
use uuid::Uuid;

use crate::core::task::called::BoxError;
use crate::engines::celery::rabbitmq::table;
use crate::engines::celery::received::Raw;
use crate::engines::celery::sent::iso8601;
use crate::engines::celery::{REASON, RabbitMq};
use crate::engines::shared::rabbitmq::{Outgoing, answered, short};
use crate::envelope::{Envelope, shortened};
use crate::worker::log;
use crate::worker::{Message, Settled, Settlement, Source};

/// How often what the broker refused is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// How much of a reason is kept: headers have to fit into one frame.
const REASON_LENGTH: usize = 8 * 1024;

/// What [`RabbitMq`] has to know of a message to settle it.
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
    delivery: Arc<Delivery>,
    queue: String,
    attempt: u32,
}

impl RabbitMqReceipt {
    /// The queue that the message came from.
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// The message for another queue, with headers added.
    fn forward(
        &self,
        queue: ShortString,
        add: Vec<(&str, AMQPValue)>,
    ) -> Result<Outgoing, BoxError> {
        forward(&self.delivery, queue, add)
    }
}

/// Says nothing of the message's arguments, some of which may be secret.
impl std::fmt::Debug for RabbitMqReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RabbitMqReceipt")
            .field("id", &message_id(&self.delivery.properties))
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// A message for another queue, with headers added.
pub(super) fn forward(
    delivery: &Delivery,
    queue: ShortString,
    add: Vec<(&str, AMQPValue)>,
) -> Result<Outgoing, BoxError> {
    let mut headers = own_headers(&delivery.properties);
    for (name, value) in add {
        headers.insert(name.into(), value);
    }
    let old = &delivery.properties;
    let id = message_id(old).unwrap_or_else(|| Uuid::now_v7().to_string());
    // Everything but `expiration`, which is a message's life in one queue: a dead letter would go.
    // When the task expires is said in the headers.
    let mut new = BasicProperties::default()
        .with_delivery_mode(2)
        .with_message_id(short("id", &id)?)
        .with_headers(headers);
    if let Some(content_type) = old.content_type() {
        new = new.with_content_type(content_type.clone());
    }
    if let Some(encoding) = old.content_encoding() {
        new = new.with_content_encoding(encoding.clone());
    }
    if let Some(correlation_id) = old.correlation_id() {
        new = new.with_correlation_id(correlation_id.clone());
    }
    if let Some(reply_to) = old.reply_to() {
        new = new.with_reply_to(reply_to.clone());
    }
    if let Some(priority) = old.priority() {
        new = new.with_priority(*priority);
    }
    Ok(Outgoing { queue, body: delivery.data.clone(), properties: new })
}

/// By what a message is known here.
pub(super) fn message_id(properties: &BasicProperties) -> Option<String> {
    let id = properties.message_id().as_ref().or(properties.correlation_id().as_ref());
    id.map(ToString::to_string)
}

/// Headers without what the broker adds on a message's way through its queues.
pub(super) fn own_headers(properties: &BasicProperties) -> FieldTable {
    let mut own = FieldTable::default();
    for (name, value) in properties.headers().iter().flatten() {
        let brokers = ["x-death", "x-delivery-count"].contains(&name.as_str());
        if !brokers && !name.as_str().starts_with("x-first-death-") {
            own.insert(name.clone(), value.clone());
        }
    }
    own
}

/// What a worker has under way. A clone has its own, so that two workers don't share one.
#[derive(Default)]
pub(super) struct Intake {
    consuming: Mutex<Option<Consuming>>,
    /// The most messages that the worker has had room for.
    prefetch: AtomicU16,
    /// Messages that the broker refuses to keep as what has become of them.
    refused: StdMutex<Vec<Settled<RabbitMqReceipt>>>,
}

impl Intake {
    fn refused(&self) -> MutexGuard<'_, Vec<Settled<RabbitMqReceipt>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Intake {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

struct Consuming {
    streams: SelectAll<Numbered>,
    /// How many streams there were.
    queues: usize,
    /// What was looked at while waiting, to be received: each with the number of its queue.
    ready: VecDeque<(usize, Delivery)>,
    /// Why no more will come.
    lost: Option<BoxError>,
    channel: Channel,
    connection: Connection,
}

/// A consumer's messages with the number of its queue, which they don't say: a routing key need not
/// be the queue's name.
type Numbered = BoxStream<'static, (usize, lapin::Result<Delivery>)>;

impl Consuming {
    fn put(&mut self, next: Option<(usize, lapin::Result<Delivery>)>) {
        match next {
            Some((queue, Ok(delivery))) => self.ready.push_back((queue, delivery)),
            Some((_, Err(error))) => self.lost = Some(error.into()),
            // A consumer ends when its queue is deleted.
            None => self.lost = Some("its queues are gone".into()),
        }
        if self.streams.len() < self.queues && self.lost.is_none() {
            self.lost = Some("one of its queues is gone".into());
        }
    }
}

impl RabbitMq {
    async fn consume(&self) -> Result<Consuming, BoxError> {
        self.open().await?;
        let connection = self.broker.new_connection().await?;
        let begun = self.consume_on(&connection).await;
        let (channel, streams) = begun.map_err(|error| {
            self.forget_served();
            self.broker.trouble(&error)
        })?;
        let (queues, ready) = (self.serves.len(), VecDeque::new());
        Ok(Consuming { streams, queues, ready, lost: None, channel, connection })
    }

    /// Somebody may have deleted the served queues: they are declared again before they are consumed.
    fn forget_served(&self) {
        self.broker
            .known()
            .retain(|known| !self.serves.iter().any(|served| served == known.as_str()));
    }

    async fn consume_on(
        &self,
        connection: &Connection,
    ) -> lapin::Result<(Channel, SelectAll<Numbered>)> {
        let lives = || connection.status().connected();
        let channel = answered(lives, connection.create_channel()).await?;
        let prefetch = self.intake.prefetch.load(Ordering::Relaxed);
        answered(lives, channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let mut streams = SelectAll::new();
        for (number, queue) in self.serves.iter().enumerate() {
            let (name, options) = (queue.as_str().into(), BasicConsumeOptions::default());
            let consumer = channel.basic_consume(name, "".into(), options, FieldTable::default());
            let consumer = answered(lives, consumer).await?;
            streams.push(consumer.map(move |delivery| (number, delivery)).boxed());
        }
        Ok((channel, streams))
    }

    fn message(&self, number: usize, delivery: Delivery) -> Message<RabbitMqReceipt> {
        let properties = &delivery.properties;
        let headers = properties.headers().as_ref().map(table::json).unwrap_or_default();
        let text = |text: &Option<ShortString>| text.as_ref().map(ToString::to_string);
        let queue = self.serves[number].clone();
        let raw = Raw {
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

    /// What has to be published before a message may be acknowledged.
    async fn successor(
        &self,
        receipt: &RabbitMqReceipt,
        settlement: &Settlement,
    ) -> Result<Option<Outgoing>, BoxError> {
        let text = |text: String| AMQPValue::LongString(text.into());
        match settlement {
            Settlement::Done | Settlement::Return => Ok(None),
            Settlement::Retry { after, reason } => {
                let queue = self.delay_queue(&receipt.queue, *after).await?;
                let mut add = Vec::new();
                if let Some(reason) = reason {
                    let eta = SystemTime::now() + (*after).min(Duration::from_hours(24 * 365));
                    add.push(("eta", text(iso8601(eta))));
                    add.push(("retries", AMQPValue::LongLongInt(receipt.attempt.into())));
                    add.push((REASON, text(shortened(reason.clone(), REASON_LENGTH))));
                }
                receipt.forward(queue, add).map(Some)
            }
            Settlement::Dead { reason } => {
                let queue = self.dead_queue(&receipt.queue).await?;
                let add = vec![
                    (REASON, text(shortened(reason.clone(), REASON_LENGTH))),
                    (super::dead::ATTEMPTS, AMQPValue::LongLongInt(receipt.attempt.into())),
                    (super::dead::SINCE, text(iso8601(SystemTime::now()))),
                    (super::dead::QUEUE, text(receipt.queue.clone())),
                ];
                receipt.forward(queue, add).map(Some)
            }
        }
    }
}

impl RabbitMq {
    /// Settles messages; the indices of those for which the broker refuses what has to be published
    /// first, and what it says of one.
    ///
    /// # Errors
    ///
    /// Where the broker can't be reached, or is gone half-way.
    async fn settle_most(
        &self,
        settled: &[Settled<RabbitMqReceipt>],
    ) -> Result<(Vec<usize>, Option<BoxError>), BoxError> {
        let (mut outgoing, mut of) = (Vec::new(), Vec::new());
        let mut kept = vec![false; settled.len()];
        let mut refusal = None;
        let forwarded = |one: &&Settled<_>| {
            matches!(one.settlement, Settlement::Retry { .. } | Settlement::Dead { .. })
        };
        if settled.iter().any(|one| forwarded(&one)) {
            // What goes wrong with a single message from here on is about that message.
            self.broker.channel().await?.put_back();
        }
        for (index, Settled { receipt, settlement }) in settled.iter().enumerate() {
            // One that is of no use is settled already, or its connection is gone and the broker
            // delivers the message again.
            if !receipt.delivery.acker.usable() {
                continue;
            }
            match self.successor(receipt, settlement).await {
                Ok(None) => {}
                Ok(Some(message)) => {
                    outgoing.push(message);
                    of.push(index);
                }
                Err(error) => {
                    kept[index] = true;
                    refusal.get_or_insert(error);
                }
            }
        }
        let mut lost = None;
        if !outgoing.is_empty() {
            let published = self.broker.publish(outgoing).await;
            for (index, error) in published.failures {
                kept[of[index]] = true;
                refusal.get_or_insert(error);
            }
            for index in of.drain(published.attempted..) {
                kept[index] = true;
            }
            lost = published.cause;
        }
        // Many acknowledgements go out together.
        let told = settled.iter().zip(&kept).filter(|(_, kept)| !**kept);
        let told = told.map(|(settled, _)| async {
            let acker = &settled.receipt.delivery.acker;
            match settled.settlement {
                Settlement::Return => {
                    acker.nack(BasicNackOptions { requeue: true, multiple: false }).await
                }
                _ => acker.ack(BasicAckOptions::default()).await,
            }
        });
        // One that fails has lost its connection: the broker delivers the message again.
        let lives = || settled.iter().all(|settled| !settled.receipt.delivery.acker.poisoned());
        drop(answered(lives, join_all(told).map(Ok)).await);
        if let Some(lost) = lost {
            return Err(lost);
        }
        let refused = (0..settled.len()).filter(|index| kept[*index]).collect();
        Ok((refused, refusal))
    }
}

fn unsettled(messages: usize, why: &BoxError) -> BoxError {
    let messages =
        if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
    format!("{messages} can't be put where they belong, and stay unsettled: {why}").into()
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
        let mut consuming = self.intake.consuming.lock().await;
        if let Some(consuming) = &mut *consuming
            && consuming.ready.is_empty()
            && consuming.lost.is_none()
        {
            let next = consuming.streams.next().await;
            consuming.put(next);
        }
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<RabbitMqReceipt>>, BoxError> {
        let most = u16::try_from(room).unwrap_or(u16::MAX);
        self.intake.prefetch.fetch_max(most, Ordering::Relaxed);
        let mut slot = self.intake.consuming.lock().await;
        let consuming = match &mut *slot {
            Some(consuming) => consuming,
            None => slot.insert(self.consume().await?),
        };
        while consuming.ready.len() < room && consuming.lost.is_none() {
            let Some(next) = consuming.streams.next().now_or_never() else { break };
            consuming.put(next);
        }
        if let Some(lost) = &consuming.lost {
            // The broker gives to others what this worker has not acknowledged.
            let error = format!("{}: {lost}", self.broker.place());
            *slot = None;
            self.forget_served();
            return Err(error.into());
        }
        let room = room.min(consuming.ready.len());
        let taken = consuming.ready.drain(..room);
        Ok(taken.map(|(number, delivery)| self.message(number, delivery)).collect())
    }

    async fn settle(&self, settled: &[Settled<RabbitMqReceipt>]) -> Result<(), BoxError> {
        let (refused, error) = self.settle_most(settled).await?;
        if let Some(error) = error {
            // The others are settled: those that come after them don't wait for these.
            log::engine_trouble("settle", &unsettled(refused.len(), &error));
            let refused = refused.into_iter().map(|index| Settled {
                receipt: settled[index].receipt.clone(),
                settlement: settled[index].settlement.clone(),
            });
            self.intake.refused().extend(refused);
        }
        Ok(())
    }

    /// The broker hears of the worker by itself; this tries again what it has refused.
    async fn keep_alive(&self) -> Result<(), BoxError> {
        let again = std::mem::take(&mut *self.intake.refused());
        if again.is_empty() {
            return Ok(());
        }
        let (still, error) = match self.settle_most(&again).await {
            Ok(tried) => tried,
            Err(error) => ((0..again.len()).collect(), Some(error)),
        };
        let refused = again.into_iter().enumerate();
        let refused = refused.filter(|(index, _)| still.contains(index)).map(|(_, one)| one);
        self.intake.refused().extend(refused);
        error.map_or(Ok(()), |error| Err(unsettled(still.len(), &error)))
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(AGAIN)
    }

    async fn close(&self) -> Result<(), BoxError> {
        // What stays unsettled the broker delivers again.
        let settled = self.keep_alive().await;
        let Some(consuming) = self.intake.consuming.lock().await.take() else { return settled };
        let lives = || consuming.connection.status().connected();
        let closed = answered(lives, consuming.channel.close(200, "done".into())).await;
        // Where both fail, the first one says more.
        settled.and(closed.map_err(|error| self.broker.trouble(&error)))
    }
}
