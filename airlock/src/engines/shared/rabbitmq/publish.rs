//! A batch of messages, published in order and confirmed one by one.

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::pin::Pin;

use ::tokio::time::timeout;
use futures_util::future::poll_immediate;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation};

use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;
use crate::engines::shared::rabbitmq::max_size::max_size;
use crate::engines::shared::rabbitmq::published::Published;
use crate::engines::shared::rabbitmq::{ANSWER_TIMEOUT, Broker, PublishChannel, answered};
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
        self.publish(messages, Patience::Bounded).await.into_result()
    }

    /// Publishes messages in order, with many of them in flight.
    ///
    /// It goes on in the broker's own runtime, also if the caller is dropped half-way.
    pub(crate) async fn publish(
        &self,
        messages: Vec<NewDelivery>,
        patience: Patience,
    ) -> Published {
        let (broker, all) = (self.clone(), messages.len());
        // Boxed, because a future of lapin's is large.
        let publishing = Box::pin(async move {
            match broker.channel().await {
                Ok(channel) => broker.publish_on(channel, messages, patience).await,
                Err(error) => Published::nothing(error),
            }
        });
        self.spawn(publishing).await.unwrap_or_else(|error| Published::unknown(error, all))
    }

    async fn publish_on(
        &self,
        mut channel: PublishChannel,
        messages: Vec<NewDelivery>,
        patience: Patience,
    ) -> Published {
        let mut batch = Publishing::new(self, &messages, patience);
        while batch.publish_until_refused(&channel).await {
            drop(channel);
            channel = match self.channel().await {
                Ok(channel) => channel,
                Err(error) => return batch.finish(Some(error)),
            };
        }
        match batch.finish(None) {
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

/// How long the broker may take to confirm a message.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Patience {
    /// Half a minute: somebody waits for it.
    Bounded,
    /// As long as the connection lives. A broker whose memory or disk is nearly full takes as long as that lasts, and a
    /// message that is published anew meanwhile is there twice then.
    #[cfg(feature = "celery-rabbitmq")]
    WhileConnected,
}

type Confirmed = lapin::Result<Confirmation>;

/// A message that is in flight: sent, and not confirmed yet.
struct Unconfirmed<'a> {
    index: usize,
    sending: Sending<'a>,
}

type Sending<'a> = Pin<Box<dyn Future<Output = Confirmed> + Send + 'a>>;

async fn send(channel: &PublishChannel, message: &NewDelivery) -> Confirmed {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let (queue, properties) = (message.queue.clone(), message.properties.clone());
    let sent = channel.channel.basic_publish("".into(), queue, options, &message.body, properties);
    sent.await?.await
}

struct Publishing<'a> {
    broker: &'a Broker,
    patience: Patience,
    messages: &'a [NewDelivery],
    attempted: usize,
    failures: Vec<(usize, BoxError)>,
    /// Messages that the broker returned: the ids, each with the broker's reason.
    returned: HashMap<String, String>,
    /// Why the connection is lost. No more is sent then.
    lost: Option<String>,
    /// The message for whose size the broker has closed the channel. It takes none of those behind.
    refused: Option<usize>,
}

impl<'a> Publishing<'a> {
    fn new(broker: &'a Broker, messages: &'a [NewDelivery], patience: Patience) -> Self {
        Self {
            broker,
            patience,
            messages,
            attempted: 0,
            failures: Vec::new(),
            returned: HashMap::new(),
            lost: None,
            refused: None,
        }
    }

    /// Publishes the messages that were not attempted so far. Returns whether the broker has refused one for its size, and
    /// the rest is to be published on another channel.
    async fn publish_until_refused(&mut self, channel: &PublishChannel) -> bool {
        let mut in_flight: VecDeque<Unconfirmed<'_>> = VecDeque::new();
        let messages = self.messages;
        for (index, message) in messages.iter().enumerate().skip(self.attempted) {
            // The broker confirms none of those before a message that is too large, so they are not in flight with it.
            let at_most = if self.broker.may_be_too_large(message) { 0 } else { MAX_IN_FLIGHT - 1 };
            while in_flight.len() > at_most
                && let Some(first) = in_flight.pop_front()
            {
                self.confirm(channel, first).await;
            }
            if self.lost.is_some() || self.refused.is_some() {
                break;
            }
            self.attempted = index + 1;
            if let Err(error) =
                channel.check_size(message).and_then(|()| self.broker.check_max_size(message))
            {
                self.failures.push((index, error));
                continue;
            }
            let mut sending: Sending<'_> = Box::pin(send(channel, message));
            // The first poll sends the message, behind those before it.
            match poll_immediate(&mut sending).await {
                Some(Ok(confirmation)) => self.note(index, Ok(confirmation)),
                Some(Err(error)) => {
                    // Those before it may say why.
                    in_flight
                        .push_back(Unconfirmed { index, sending: Box::pin(ready(Err(error))) });
                    break;
                }
                None => in_flight.push_back(Unconfirmed { index, sending }),
            }
        }
        while let Some(next) = in_flight.pop_front() {
            self.confirm(channel, next).await;
        }
        match self.refused.take() {
            Some(refused) if self.lost.is_none() => {
                self.attempted = refused + 1;
                self.attempted < self.messages.len()
            }
            _ => false,
        }
    }

    /// Waits until the broker has confirmed a message.
    async fn confirm(
        &mut self,
        channel: &PublishChannel,
        Unconfirmed { index, mut sending }: Unconfirmed<'_>,
    ) {
        if let Some(refused) = self.refused {
            match poll_immediate(&mut sending).await {
                Some(confirmed @ Ok(_)) => self.note(index, confirmed),
                _ if index < refused => self.failures.push((index, self.before_refused())),
                // It is refused, or published again.
                _ => {}
            }
            return;
        }
        if let Some(lost) = &self.lost {
            // A confirmation that has arrived meanwhile still counts.
            match poll_immediate(&mut sending).await {
                Some(confirmed @ Ok(_)) => self.note(index, confirmed),
                _ => self.failures.push((index, unconfirmed(lost))),
            }
            return;
        }
        let answer = answered(|| channel.lives(), sending);
        let confirmed = match self.patience {
            Patience::Bounded => timeout(ANSWER_TIMEOUT, answer).await.ok(),
            #[cfg(feature = "celery-rabbitmq")]
            Patience::WhileConnected => Some(answer.await),
        };
        if let Some(confirmed) = confirmed {
            self.note(index, confirmed);
        } else {
            let lost =
                format!("{} did not answer within {ANSWER_TIMEOUT:?}", self.broker.address());
            self.lose(index, lost);
        }
    }

    /// Why a message was not confirmed that was sent before the refused one.
    fn before_refused(&self) -> BoxError {
        let address = self.broker.address();
        unconfirmed(format_args!(
            "{address} closed the channel for a message behind it that is too large"
        ))
    }

    /// Notes that the broker has closed the channel for the size of this message, or of one behind it. Returns whether
    /// there is such a message.
    fn refuse(&mut self, index: usize, max: usize) -> bool {
        let mut sent = self.messages[..self.attempted].iter().enumerate().skip(index);
        // What has failed already is not what the broker refuses now.
        let is_open = |place: usize| self.failures.iter().all(|(failed, _)| *failed != place);
        let too_large =
            |(place, message): &(usize, &NewDelivery)| message.body.len() > max && is_open(*place);
        let Some((refused, message)) = sent.find(too_large) else { return false };
        self.refused = Some(refused);
        self.broker.takes_at_most(max);
        self.failures.push((refused, self.broker.too_large(message, max)));
        if index < refused {
            self.failures.push((index, self.before_refused()));
        }
        true
    }

    fn note(&mut self, index: usize, confirmed: Confirmed) {
        match confirmed {
            Ok(confirmation) => {
                let message = &self.messages[index];
                if confirmation.is_nack() {
                    let refused = format!(
                        "{} did not take the message for the queue `{}`: is the queue full?",
                        self.broker.address(),
                        message.queue
                    );
                    self.failures.push((index, refused.into()));
                } else {
                    self.broker.took(message);
                }
                // A returned message is not always with its own confirmation: the client attaches it to the
                // confirmation that arrives next.
                if let Some(message) = confirmation.take_message() {
                    let id = message.properties.message_id().as_ref().map(ToString::to_string);
                    self.returned.insert(id.unwrap_or_default(), message.reply_text.to_string());
                }
            }
            Err(error) if max_size(&error).is_some_and(|max| self.refuse(index, max)) => {}
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

    /// What became of all messages. The cause is why the rest was not sent; that the connection is lost comes first.
    fn finish(mut self, cause: Option<BoxError>) -> Published {
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
        let cause = self.lost.map(Into::into).or(cause);
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
