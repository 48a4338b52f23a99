//! Dramatiq over RabbitMQ.

use lapin::BasicProperties;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::core::task::queue_name::owned_queue_name;
use crate::engines::dramatiq::message::DramatiqMessage;
use crate::engines::dramatiq::{DEFAULT_QUEUE, queue_name};
use crate::engines::shared::rabbitmq::{Broker, NewDelivery, scaled, short};
use crate::envelope::{self, Envelope};
use crate::worker::engine_error::EngineError;

/// Hands intents to Dramatiq's workers over RabbitMQ.
///
/// The broker confirms each message that it has taken. A message that it can't route to a queue is a failed
/// intent: Dramatiq's workers declare the queues, so start one first. See the [module](crate::dramatiq) for
/// the options.
///
/// # Examples
///
/// ```no_run
/// #[airlock::task(name = "send_mail", queue = "emails")]
/// fn send_mail(order_id: u64) {}
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let dramatiq = airlock::dramatiq::RabbitMq::connect("amqp://localhost").await?;
/// airlock::scope().executor(dramatiq).run_async(async { send_mail::enqueue(42) }).await??;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RabbitMq {
    broker: Broker,
    queue: String,
    max_priority: Option<u8>,
}

const NAME: &str = "airlock::dramatiq::RabbitMq";

impl RabbitMq {
    /// Connects to a broker: `amqp://user:password@host:5672/%2f`. A lost connection is reestablished.
    ///
    /// # Errors
    ///
    /// Where the URL is invalid, or the broker can't be reached.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let broker = Broker::connect(url).await?;
        Ok(Self { broker, queue: DEFAULT_QUEUE.to_owned(), max_priority: None })
    }

    /// Names the queue of intents that name none; `default` unless told otherwise.
    ///
    /// # Panics
    ///
    /// Where the name is empty.
    #[must_use]
    #[track_caller]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = owned_queue_name(queue);
        self
    }

    /// Supports priorities, in queues that Dramatiq's broker declared with this `max_priority`. A priority of
    /// 255 becomes this one, and the others are in proportion.
    #[must_use]
    pub fn max_priority(mut self, priority: u8) -> Self {
        self.max_priority = Some(priority);
        self
    }

    fn outgoing(&self, envelope: &Envelope) -> Result<NewDelivery, BoxError> {
        queue_name::check(envelope.queue().unwrap_or(&self.queue))?;
        let mut message = DramatiqMessage::of(envelope, &self.queue);
        let mut body = Vec::new();
        let priority = scaled(envelope.priority(), self.max_priority);
        message.options.broker_priority = priority;
        message.write(&mut body);
        let properties = BasicProperties::default()
            .with_delivery_mode(2)
            .with_message_id(short("id", &envelope.id().to_string())?);
        Ok(NewDelivery {
            queue: short("queue", &message.queue_name)?,
            body,
            properties: match priority {
                Some(priority) => properties.with_priority(priority),
                None => properties,
            },
        })
    }
}

impl Executor for RabbitMq {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let mut honoured = vec!["queue", "delay", "at", "expires", "max_attempts"];
        honoured.extend(self.max_priority.map(|_| "priority"));
        let envelopes = envelope::of_batch(batch, NAME, &honoured)?;
        let messages = envelopes.iter().enumerate().map(|(index, envelope)| {
            self.outgoing(envelope).map_err(|error| DispatchError::only(index, error))
        });
        let messages = messages.collect::<Result<_, _>>()?;
        self.broker.send(messages, batch).await
    }
}
