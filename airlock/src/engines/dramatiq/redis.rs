//! Dramatiq over Redis.

use std::time::Duration;

use uuid::Uuid;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::core::task::queue_name::owned_queue_name;
use crate::engines::dramatiq::message::DramatiqMessage;
use crate::engines::dramatiq::{DEFAULT_QUEUE, queue_name};
use crate::engines::shared::redis::{Layout, ListMessage, Server, Steps, UNIQUE_FOR, UniqueKey};
use crate::envelope::{self, Envelope};
use crate::worker::engine_error::EngineError;

/// Hands intents to Dramatiq's workers over Redis.
///
/// Up to 10,000 messages, or 64 MiB of them, are sent in one step. See the [module](crate::dramatiq) for
/// the options.
///
/// # Examples
///
/// ```no_run
/// #[airlock::task(name = "send_mail", queue = "emails")]
/// fn send_mail(order_id: u64) {}
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let dramatiq = airlock::dramatiq::Redis::connect("redis://localhost").await?;
/// airlock::scope().executor(dramatiq).run_async(async { send_mail::enqueue(42) }).await??;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Redis {
    server: Server,
    queue: String,
    namespace: String,
    unique_for: Duration,
}

const NAME: &str = "airlock::dramatiq::Redis";

/// A message is two things, its id in a list and its body beside that: one without the other would be none.
static LAYOUT: Layout = Layout {
    commands: |list| {
        let mut push = ::redis::cmd("EVAL");
        push.arg(include_str!("lua/push_all.lua")).arg(1).arg(list);
        vec![push]
    },
    add: |commands, message| {
        let mut id = Uuid::encode_buffer();
        let id: &str = message.id.hyphenated().encode_lower(&mut id);
        for push in commands {
            push.arg(id).arg(message.body);
        }
    },
    script: include_str!("lua/push.lua"),
};

impl Redis {
    /// Connects to a server: `redis://user:password@host:6379/0`. A lost connection is reestablished.
    ///
    /// # Errors
    ///
    /// Where the URL is invalid, or the server can't be reached.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let server = Server::connect(url).await?;
        let (queue, namespace) = (DEFAULT_QUEUE.to_owned(), "dramatiq".to_owned());
        Ok(Self { server, queue, namespace, unique_for: UNIQUE_FOR })
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

    /// Sets the prefix of keys; `dramatiq` unless told otherwise, as in Dramatiq's broker.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How long a unique key is held, counted from when the intent may run; an hour unless told otherwise.
    /// Dramatiq's workers don't release it, so it is held for that long, however soon the job is done.
    #[must_use]
    pub fn unique_for(mut self, time: Duration) -> Self {
        self.unique_for = time;
        self
    }

    /// Adds a message to the steps. It is written into `body`, one buffer for all of a batch.
    fn add(
        &self,
        steps: &mut Steps,
        body: &mut Vec<u8>,
        envelope: &Envelope,
    ) -> Result<(), BoxError> {
        queue_name::check(envelope.queue().unwrap_or(&self.queue))?;
        let mut message = DramatiqMessage::of(envelope, &self.queue);
        message.options.redis_message_id = Some(envelope.id());
        body.clear();
        message.write(body);
        let list = [&*self.namespace, ":", &*message.queue_name].concat();
        // A delayed message is in a list of its own, and of the same queue.
        let unique = |key| {
            let queue = [&*self.namespace, ":", envelope.queue().unwrap_or(&self.queue)].concat();
            UniqueKey::of(UniqueKey::name(&queue, key), envelope.at(), self.unique_for)
        };
        let unique = envelope.unique_key().map(unique);
        steps.add(&ListMessage { list: &list, id: envelope.id(), body, unique });
        Ok(())
    }
}

impl Executor for Redis {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let honoured = ["queue", "delay", "at", "expires", "max_attempts", "unique_key"];
        let (mut steps, mut body) = (Steps::new(&LAYOUT), Vec::new());
        for made in envelope::each(batch, NAME, &honoured) {
            let (index, _, envelope) = made?;
            self.add(&mut steps, &mut body, &envelope)
                .map_err(|error| DispatchError::only(index, error))?;
        }
        self.server.push(steps, batch).await
    }
}
