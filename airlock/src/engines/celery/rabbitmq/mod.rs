//! Celery over RabbitMQ.

mod browse;
mod consumers;
mod dead;
mod forward;
mod forwarding;
#[cfg(feature = "_fuzz")]
pub(crate) mod fuzz;
mod letter;
mod queues;
mod receipt;
mod settle;
mod source;
mod table;

use lapin::BasicProperties;
use lapin::types::ShortString;

pub use receipt::RabbitMqReceipt;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::intent::Intent;
use crate::core::task::called::BoxError;
use crate::engines::celery::DEFAULT_QUEUE;
use crate::engines::celery::rabbitmq::source::RabbitMqConsumer;
use crate::engines::celery::sent::{self, Headers};
use crate::engines::celery::settings::settings;
use crate::engines::shared::per_worker::PerWorker;
use crate::engines::shared::rabbitmq::{Broker, NewDelivery, scaled, short};
use crate::envelope::{self, Envelope};
use crate::worker::engine_error::EngineError;

/// Celery over RabbitMQ: an executor that hands intents to its workers, the queues that an airlock
/// [worker](mod@crate::worker) serves, and their [dead letters](crate::worker::DeadLetters).
///
/// The broker confirms each message that it has taken, and up to 2,000 are in flight. A message that it can't
/// route to a queue is a failed intent, and so is a message without a confirmation when the connection breaks.
/// See the [module](crate::celery) for the options.
///
/// # As the queues of a worker
///
/// The worker declares its queues as Celery does, durable and with nothing else, and takes them as they are
/// where they were declared otherwise. Beside `celery` it declares `celery.dead`, for dead letters, and queues
/// such as `celery.delay.2000`, in which messages wait for their next attempt, two seconds at a time.
///
/// The broker redelivers a message that a worker has not acknowledged within the broker's `consumer_timeout`,
/// which is 30 minutes unless configured otherwise. That counts from the delivery, also while the message waits in the
/// worker: for longer tasks, configure it, or prefetch less.
///
/// # Examples
///
/// ```no_run
/// use airlock::celery::RabbitMq;
///
/// #[airlock::task(name = "mail.confirmation")]
/// async fn send_mail(order_id: u64) {}
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let celery = RabbitMq::connect("amqp://localhost").await?.queue("emails");
/// airlock::scope()
///     .executor(celery.clone())
///     .run_async(async { send_mail::enqueue(42) })
///     .await??;
///
/// let a_minute = tokio::time::sleep(std::time::Duration::from_secs(60));
/// airlock::worker().build()?.run(celery, a_minute).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RabbitMq {
    broker: Broker,
    queue: String,
    serves: Vec<String>,
    positional: bool,
    max_priority: Option<u8>,
    declares: bool,
    consumer: PerWorker<RabbitMqConsumer>,
}

const NAME: &str = "airlock::celery::RabbitMq";

impl RabbitMq {
    /// Connects to a broker: `amqp://user:password@host:5672/%2f`. A lost connection is reestablished.
    ///
    /// # Errors
    ///
    /// Where the URL is invalid, or the broker can't be reached.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        Ok(Self {
            broker: Broker::connect(url).await?,
            queue: DEFAULT_QUEUE.to_owned(),
            serves: vec![DEFAULT_QUEUE.to_owned()],
            positional: false,
            max_priority: None,
            declares: false,
            consumer: PerWorker::default(),
        })
    }

    settings!();

    /// Supports priorities, in queues that were declared with this `x-max-priority`. A priority of 255 becomes
    /// this one, and the others are in proportion.
    ///
    /// Each priority costs the broker a queue of its own: Celery's documentation advises 10. Queues that a
    /// worker or [`declare_queues`](Self::declare_queues) declares are declared with it.
    #[must_use]
    pub fn max_priority(mut self, priority: u8) -> Self {
        self.max_priority = Some(priority);
        self
    }

    /// Declares missing queues before it sends to them, as Celery's own clients do.
    ///
    /// Otherwise a message for a missing queue is a failed intent, which shows misspelt names.
    #[must_use]
    pub fn declare_queues(mut self) -> Self {
        self.declares = true;
        self
    }

    fn outgoing(&self, intent: &Intent, envelope: &Envelope) -> Result<NewDelivery, BoxError> {
        queues::check(envelope.queue().unwrap_or(&self.queue))?;
        let headers = Headers::of(intent, envelope, self.positional);
        let id = short("id", &envelope.id().to_string())?;
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_delivery_mode(2)
            .with_correlation_id(id.clone())
            .with_message_id(id)
            .with_headers(table::of(&headers)?);
        Ok(NewDelivery {
            queue: short("queue", envelope.queue().unwrap_or(&self.queue))?,
            body: sent::body(intent, envelope, self.positional)?.into_bytes(),
            properties: match scaled(envelope.priority(), self.max_priority) {
                Some(priority) => properties.with_priority(priority),
                None => properties,
            },
        })
    }

    /// The queues that a batch goes to, each once.
    fn queues_of(messages: &[NewDelivery]) -> Vec<ShortString> {
        let mut queues: Vec<_> = messages.iter().map(|message| message.queue.clone()).collect();
        queues.sort();
        queues.dedup();
        queues
    }
}

impl Executor for RabbitMq {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let mut honoured = vec!["queue", "delay", "at", "expires"];
        honoured.extend(self.max_priority.map(|_| "priority"));
        let envelopes = envelope::of_batch(batch, NAME, &honoured)?;
        let messages =
            batch.iter().zip(&envelopes).enumerate().map(|(index, (intent, envelope))| {
                self.outgoing(intent, envelope).map_err(|error| DispatchError::only(index, error))
            });
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        if self.declares {
            let (queues, this) = (Self::queues_of(&messages), self.clone());
            let declared = self.broker.spawn(async move {
                for queue in queues {
                    this.declare(&queue, this.arguments()).await?;
                }
                Ok::<_, BoxError>(())
            });
            declared.await.map_err(DispatchError::refused)?.map_err(DispatchError::refused)?;
        }
        self.broker.send(messages, batch).await
    }
}
