//! A batch of messages, published in order and confirmed one by one.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;

use ::tokio::time::timeout;
use futures_util::future::poll_immediate;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation};

use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;
use crate::engines::shared::rabbitmq::published::Published;
use crate::engines::shared::rabbitmq::{ANSWER_TIMEOUT, Broker, PublishChannel};
use crate::worker::engine_error::unconfirmed;

/// How many messages of a batch may be in flight: enough for the broker to write many at a time to its
/// disk, and few enough to need little memory.
const MAX_IN_FLIGHT: usize = 2_000;

/// A message for a queue. Its properties have a message id.
pub(crate) struct NewDelivery {
    pub(crate) queue: ShortString,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BasicProperties,
}

impl Broker {
    /// Publishes the messages of a batch.
    pub(crate) async fn send(
        &self,
        messages: Vec<NewDelivery>,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        batch.sending(0..batch.len());
        self.publish(messages).await.into_result()
    }

    /// Publishes messages in order, with many of them in flight.
    ///
    /// It goes on in the broker's own runtime, also if the caller is dropped half-way.
    pub(crate) async fn publish(&self, messages: Vec<NewDelivery>) -> Published {
        let (broker, all) = (self.clone(), messages.len());
        let publishing = self.spawn(async move {
            match broker.channel().await {
                Ok(channel) => broker.publish_on(channel, messages).await,
                Err(error) => Published::nothing(error),
            }
        });
        publishing.await.unwrap_or_else(|error| Published::unknown(error, all))
    }

    async fn publish_on(&self, channel: PublishChannel, messages: Vec<NewDelivery>) -> Published {
        let mut batch = Publishing::new(self, &messages);
        let mut in_flight: VecDeque<Unconfirmed<'_>> = VecDeque::new();
        for (index, message) in messages.iter().enumerate() {
            if in_flight.len() == MAX_IN_FLIGHT
                && let Some(first) = in_flight.pop_front()
            {
                batch.confirm(first).await;
            }
            if batch.lost.is_some() {
                break;
            }
            let mut sending = Box::pin(send(&channel, message));
            batch.attempted = index + 1;
            // The first poll sends the message, behind those before it.
            match poll_immediate(&mut sending).await {
                Some(confirmed) => batch.note(index, confirmed),
                None => in_flight.push_back(Unconfirmed { index, sending }),
            }
        }
        while let Some(next) = in_flight.pop_front() {
            batch.confirm(next).await;
        }
        drop(in_flight);
        match batch.finish() {
            published if published.cause.is_none() => {
                channel.release();
                published
            }
            published => {
                // The caller gets back what was not sent, so it must not be sent any more.
                self.disconnect().await;
                published
            }
        }
    }
}

type Confirmed = lapin::Result<Confirmation>;

/// A message that is in flight: sent, and not confirmed yet.
struct Unconfirmed<'a> {
    index: usize,
    sending: Pin<Box<dyn Future<Output = Confirmed> + Send + 'a>>,
}

async fn send(channel: &PublishChannel, message: &NewDelivery) -> Confirmed {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let (queue, properties) = (message.queue.clone(), message.properties.clone());
    let sent = channel.channel.basic_publish("".into(), queue, options, &message.body, properties);
    sent.await?.await
}

struct Publishing<'a> {
    broker: &'a Broker,
    messages: &'a [NewDelivery],
    attempted: usize,
    failures: Vec<(usize, BoxError)>,
    /// Messages that the broker returned: the ids, each with the broker's reason.
    returned: HashMap<String, String>,
    /// Why the connection is lost. No more is sent then.
    lost: Option<String>,
}

impl<'a> Publishing<'a> {
    fn new(broker: &'a Broker, messages: &'a [NewDelivery]) -> Self {
        let (failures, returned) = (Vec::new(), HashMap::new());
        Self { broker, messages, attempted: 0, failures, returned, lost: None }
    }

    /// Waits until the broker has confirmed a message.
    async fn confirm(&mut self, Unconfirmed { index, mut sending }: Unconfirmed<'_>) {
        if let Some(lost) = &self.lost {
            // A confirmation that has arrived meanwhile still counts.
            match poll_immediate(&mut sending).await {
                Some(confirmed @ Ok(_)) => self.note(index, confirmed),
                _ => self.failures.push((index, unconfirmed(lost))),
            }
            return;
        }
        if let Ok(confirmed) = timeout(ANSWER_TIMEOUT, sending).await {
            self.note(index, confirmed);
        } else {
            let lost =
                format!("{} did not answer within {ANSWER_TIMEOUT:?}", self.broker.address());
            self.lose(index, lost);
        }
    }

    fn note(&mut self, index: usize, confirmed: Confirmed) {
        match confirmed {
            Ok(confirmation) => {
                if confirmation.is_nack() {
                    let queue = &self.messages[index].queue;
                    let refused = format!(
                        "{} did not take the message for the queue `{queue}`: is the queue full?",
                        self.broker.address()
                    );
                    self.failures.push((index, refused.into()));
                }
                // A returned message is not always with its own confirmation: the client attaches it to the
                // confirmation that arrives next.
                if let Some(message) = confirmation.take_message() {
                    let id = message.properties.message_id().as_ref().map(ToString::to_string);
                    self.returned.insert(id.unwrap_or_default(), message.reply_text.to_string());
                }
            }
            Err(error) => {
                let lost = format!("{}: {error}", self.broker.address());
                self.lose(index, lost);
            }
        }
    }

    fn lose(&mut self, index: usize, lost: String) {
        self.failures.push((index, unconfirmed(&lost)));
        self.lost.get_or_insert(lost);
    }

    fn finish(mut self) -> Published {
        let returned = std::mem::take(&mut self.returned);
        let messages = if returned.is_empty() { &[] } else { self.messages };
        for (index, message) in messages.iter().enumerate() {
            let id = message.properties.message_id().as_ref().map(ShortString::as_str);
            if let Some(reason) = returned.get(id.unwrap_or_default()) {
                self.broker.known().remove(&message.queue);
                self.failures.push((index, self.unroutable(&message.queue, reason)));
            }
        }
        self.failures.sort_by_key(|(index, _)| *index);
        let cause = self.lost.map(Into::into);
        Published { attempted: self.attempted, failures: self.failures, cause }
    }

    fn unroutable(&self, queue: &ShortString, reason: &str) -> BoxError {
        format!(
            "{} has no queue `{queue}` ({reason}): start a worker that declares it, or declare it first",
            self.broker.address()
        )
        .into()
    }
}
