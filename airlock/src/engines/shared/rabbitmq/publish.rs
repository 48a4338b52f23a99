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
use crate::engines::shared::home::Away;
use crate::engines::shared::rabbitmq::{Broker, Line, PATIENCE};
use crate::worker::engine_error::unconfirmed;

/// How many messages may be on their way at once: enough for the broker to write many at a time to
/// its disk, and few enough to need little memory.
const WINDOW: usize = 2_000;

/// A message for a queue. Its properties have a message id.
pub(crate) struct Outgoing {
    pub(crate) queue: ShortString,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BasicProperties,
}

/// What became of a batch.
pub(crate) struct Published {
    /// Those from here on were not sent.
    pub(crate) attempted: usize,
    /// Those that the broker has not confirmed, each with the reason.
    pub(crate) failures: Vec<(usize, BoxError)>,
    /// Why the rest was not sent.
    pub(crate) cause: Option<BoxError>,
}

impl Published {
    fn nothing(cause: BoxError) -> Self {
        Self { attempted: 0, failures: Vec::new(), cause: Some(cause) }
    }

    /// Nobody came back to say what became of `messages` of them.
    fn unknown(away: Away, messages: usize) -> Self {
        if !away.begun() {
            return Self::nothing(away.into());
        }
        let failures = (0..messages).map(|index| (index, away.into())).collect();
        Self { attempted: messages, failures, cause: Some(away.into()) }
    }

    /// What to say of a flush of which this became.
    pub(crate) fn into_result(self) -> Result<(), DispatchError> {
        let Self { attempted, failures, cause } = self;
        match cause {
            None => DispatchError::each(failures),
            Some(cause) if attempted == 0 => Err(DispatchError::refused(cause)),
            Some(_) => Err(DispatchError::until(attempted, failures)),
        }
    }
}

impl Broker {
    /// Publishes what a batch has become.
    pub(crate) async fn send(
        &self,
        messages: Vec<Outgoing>,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        batch.sending(0..batch.len());
        self.publish(messages).await.into_result()
    }

    /// Publishes a batch in order, with many messages on their way at once.
    ///
    /// It goes on in the broker's own runtime, also if the caller is dropped half-way.
    pub(crate) async fn publish(&self, messages: Vec<Outgoing>) -> Published {
        let (broker, all) = (self.clone(), messages.len());
        let publishing = self.spawn(async move {
            match broker.channel().await {
                Ok(line) => broker.publish_on(line, messages).await,
                Err(error) => Published::nothing(error),
            }
        });
        publishing.await.unwrap_or_else(|away| Published::unknown(away, all))
    }

    async fn publish_on(&self, line: Line, messages: Vec<Outgoing>) -> Published {
        let mut batch = Publishing::new(self, &messages);
        let mut flying: VecDeque<Flying<'_>> = VecDeque::new();
        for (index, message) in messages.iter().enumerate() {
            if flying.len() == WINDOW
                && let Some(first) = flying.pop_front()
            {
                batch.land(first).await;
            }
            if batch.lost.is_some() {
                break;
            }
            let mut sending = Box::pin(send(&line, message));
            batch.attempted = index + 1;
            // The first poll puts the message in line behind the ones before it.
            match poll_immediate(&mut sending).await {
                Some(confirmed) => batch.note(index, confirmed),
                None => flying.push_back(Flying { index, sending }),
            }
        }
        while let Some(next) = flying.pop_front() {
            batch.land(next).await;
        }
        drop(flying);
        match batch.finish() {
            published if published.cause.is_none() => {
                line.put_back();
                published
            }
            published => {
                // What was not sent yet is not to be, now that it is handed back.
                self.give_up().await;
                published
            }
        }
    }
}

type Confirmed = lapin::Result<Confirmation>;

/// A message that is not confirmed yet.
struct Flying<'a> {
    index: usize,
    sending: Pin<Box<dyn Future<Output = Confirmed> + Send + 'a>>,
}

async fn send(line: &Line, message: &Outgoing) -> Confirmed {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let (queue, properties) = (message.queue.clone(), message.properties.clone());
    let sent = line.channel.basic_publish("".into(), queue, options, &message.body, properties);
    sent.await?.await
}

struct Publishing<'a> {
    broker: &'a Broker,
    messages: &'a [Outgoing],
    attempted: usize,
    failures: Vec<(usize, BoxError)>,
    /// Messages that came back: the ids, each with what the broker said.
    returned: HashMap<String, String>,
    /// Why there is no use in sending more.
    lost: Option<String>,
}

impl<'a> Publishing<'a> {
    fn new(broker: &'a Broker, messages: &'a [Outgoing]) -> Self {
        let (failures, returned) = (Vec::new(), HashMap::new());
        Self { broker, messages, attempted: 0, failures, returned, lost: None }
    }

    /// Waits until the broker has confirmed a message.
    async fn land(&mut self, Flying { index, mut sending }: Flying<'_>) {
        if let Some(lost) = &self.lost {
            // What has been confirmed meanwhile is known already.
            match poll_immediate(&mut sending).await {
                Some(confirmed @ Ok(_)) => self.note(index, confirmed),
                _ => self.failures.push((index, unconfirmed(lost))),
            }
            return;
        }
        if let Ok(confirmed) = timeout(PATIENCE, sending).await {
            self.note(index, confirmed);
        } else {
            let lost = format!("{} did not answer within {PATIENCE:?}", self.broker.place());
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
                        self.broker.place()
                    );
                    self.failures.push((index, refused.into()));
                }
                // A message that came back is not always with its own confirmation: the client
                // gives it to the one that it hears of next.
                if let Some(message) = confirmation.take_message() {
                    let id = message.properties.message_id().as_ref().map(ToString::to_string);
                    self.returned.insert(id.unwrap_or_default(), message.reply_text.to_string());
                }
            }
            Err(error) => {
                let lost = format!("{}: {error}", self.broker.place());
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
            if let Some(said) = returned.get(id.unwrap_or_default()) {
                self.broker.known().remove(&message.queue);
                self.failures.push((index, self.unroutable(&message.queue, said)));
            }
        }
        self.failures.sort_by_key(|(index, _)| *index);
        let cause = self.lost.map(Into::into);
        Published { attempted: self.attempted, failures: self.failures, cause }
    }

    fn unroutable(&self, queue: &ShortString, said: &str) -> BoxError {
        format!(
            "{} has no queue `{queue}` ({said}): start a worker that declares it, or declare it first",
            self.broker.place()
        )
        .into()
    }
}
