//! Celery over Redis.

mod dead;
#[cfg(feature = "_fuzz")]
pub(crate) mod fuzz;
mod keys;
mod letter;
mod message;
mod misplaced;
mod raw;
mod receipt;
mod receive;
mod script;
mod settle;
mod source;
mod wait;

use std::collections::HashSet;
use std::time::Duration;

pub use receipt::RedisReceipt;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::intent::Intent;
use crate::core::task::called::BoxError;
use crate::engines::celery::DEFAULT_QUEUE;
use crate::engines::celery::redis::keys::{Keys, check_steps};
use crate::engines::celery::redis::misplaced::Misplaced;
use crate::engines::celery::redis::source::RedisConsumer;
use crate::engines::celery::settings::settings;
use crate::engines::shared::per_worker::PerWorker;
use crate::engines::shared::redis::{Layout, ListMessage, Server, Steps, UNIQUE_FOR, UniqueKey};
use crate::envelope::{self, Envelope};
use crate::worker::duration_limits;
use crate::worker::engine_error::EngineError;

/// Celery over Redis: an executor that hands intents to its workers, the queues that an airlock
/// [worker](mod@crate::worker) serves, and their [dead letters](crate::worker::DeadLetters).
///
/// Up to 10,000 messages, or 64 MiB of them, are sent in one step. See the [module](crate::celery) for the
/// options. Celery has four priorities over Redis, unless its [`priority_steps`](Self::priority_steps) are
/// others: 255 to 192, 191 to 128, 127 to 64 and 63 to 0 are one each, and an intent that asks for none has the
/// highest, as with Celery's own clients.
///
/// Celery's transport options `global_keyprefix`, `sep` and `priority_steps` decide where messages lie. Set them
/// here as they are there. A worker at its start, and the first flush to a queue, warn where messages seem to lie
/// elsewhere.
///
/// # As the queues of a worker
///
/// A worker takes messages from the same lists as Celery's workers. It holds them under a lease, in
/// `celery.held`, and extends the lease with its heartbeat: see [`lost_after`](Self::lost_after). Messages wait
/// for their next attempt in `celery.delayed`, and dead letters are in `celery.dead`. Celery's own workers leave
/// these alone. It needs Redis 6.2 or later, and no cluster.
///
/// # Examples
///
/// ```no_run
/// use airlock::celery::Redis;
///
/// #[airlock::task(name = "mail.confirmation")]
/// async fn send_mail(order_id: u64) {}
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let celery = Redis::connect("redis://localhost").await?.queue("emails");
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
pub struct Redis {
    server: Server,
    queue: String,
    serves: Vec<String>,
    positional: bool,
    unique_for: Duration,
    lease: Duration,
    poll: Duration,
    keys: Keys,
    misplaced: Misplaced,
    consumer: PerWorker<RedisConsumer>,
}

const NAME: &str = "airlock::celery::Redis";

/// New messages enter a list on the left, and Celery's workers take them on the right.
static LAYOUT: Layout = Layout {
    commands: |list| {
        let mut push = ::redis::cmd("LPUSH");
        push.arg(list);
        vec![push]
    },
    add: |commands, message| {
        for push in commands {
            push.arg(message.body);
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
        Ok(Self {
            server: Server::connect(url).await?,
            queue: DEFAULT_QUEUE.to_owned(),
            serves: vec![DEFAULT_QUEUE.to_owned()],
            positional: false,
            unique_for: UNIQUE_FOR,
            lease: Duration::from_mins(1),
            poll: Duration::from_millis(250),
            keys: Keys::default(),
            misplaced: Misplaced::default(),
            consumer: PerWorker::default(),
        })
    }

    settings!();

    /// How long a unique key is held at most, counted from when the intent may run; an hour unless told
    /// otherwise.
    ///
    /// A Rust worker releases the key when the task is done or has become a dead letter. Python's workers don't
    /// release it: there it is held for that long.
    #[must_use]
    pub fn unique_for(mut self, time: Duration) -> Self {
        self.unique_for = time;
        self
    }

    /// After what time without a heartbeat a worker counts as lost, and others take over its messages; a minute
    /// unless told otherwise, at least a second and at most a year. A worker sends three heartbeats in that
    /// time.
    #[must_use]
    pub fn lost_after(mut self, time: Duration) -> Self {
        self.lease = duration_limits::lost_after(time, Duration::from_secs(1));
        self
    }

    /// How often an idle worker polls for messages that have become due; every 250 ms unless told otherwise,
    /// at least every day and at most every millisecond. A new message of the highest priority wakes it at
    /// once.
    #[must_use]
    pub fn poll(mut self, interval: Duration) -> Self {
        self.poll = duration_limits::poll_interval(interval);
        self
    }

    /// Sets what Celery's transport option `global_keyprefix` is: what every key begins with; nothing unless told
    /// otherwise. What airlock keeps beside Celery's lists has it as well.
    #[must_use]
    pub fn global_keyprefix(mut self, prefix: impl Into<String>) -> Self {
        self.keys.global_keyprefix = prefix.into();
        self.misplaced = Misplaced::default();
        self
    }

    /// Sets what Celery's transport option `sep` is: what stands between a queue and a priority in a list's key;
    /// `"\u{6}\u{16}"` unless told otherwise. With another one, no queue's name may contain it.
    ///
    /// # Panics
    ///
    /// Where it is empty.
    #[must_use]
    #[track_caller]
    pub fn sep(mut self, sep: impl Into<String>) -> Self {
        self.keys.sep = sep.into();
        assert!(!self.keys.sep.is_empty(), "`sep` can't be empty: write Celery's, as \":\"");
        self.misplaced = Misplaced::default();
        self
    }

    /// Sets what Celery's transport option `priority_steps` is: its priorities that have a list of their own, the
    /// highest first; 0, 3, 6 and 9 unless told otherwise. An intent's priorities are spread evenly over them.
    ///
    /// # Panics
    ///
    /// Where there is none, one is above 9, or they don't ascend.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), airlock::BoxError> {
    /// let celery = airlock::celery::Redis::connect("redis://localhost").await?.sep(":").priority_steps(0..10);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn priority_steps(mut self, steps: impl IntoIterator<Item = u8>) -> Self {
        self.keys.priority_steps = steps.into_iter().collect();
        if let Err(error) = check_steps(&self.keys.priority_steps) {
            panic!("`priority_steps`: {error}");
        }
        self.misplaced = Misplaced::default();
        self
    }

    /// Adds a message to the steps. It is written into `body`, one buffer for all of a batch.
    fn add(
        &self,
        steps: &mut Steps,
        body: &mut Vec<u8>,
        intent: &Intent,
        envelope: &Envelope,
    ) -> Result<(), BoxError> {
        let queue = envelope.queue().unwrap_or(&self.queue);
        self.keys.check(queue)?;
        let step = self.keys.step_of(envelope.priority());
        body.clear();
        message::write(body, intent, envelope, self.positional, queue, step)?;
        let unique =
            |key| UniqueKey::of(self.keys.unique(queue, key), envelope.at(), self.unique_for);
        let unique = envelope.unique_key().map(unique);
        steps.add(&ListMessage {
            list: &self.keys.list(queue, step),
            id: envelope.id(),
            body,
            unique,
        });
        Ok(())
    }
}

impl Executor for Redis {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let honoured = ["queue", "delay", "at", "expires", "priority", "unique_key"];
        let (mut steps, mut body) = (Steps::new(&LAYOUT), Vec::new());
        let mut queues = HashSet::new();
        for made in envelope::each(batch, NAME, &honoured) {
            let (index, intent, envelope) = made?;
            self.add(&mut steps, &mut body, intent, &envelope)
                .map_err(|error| DispatchError::only(index, error))?;
            let queue = envelope.queue().unwrap_or(&self.queue);
            if !queues.contains(queue) {
                queues.insert(queue.to_owned());
            }
        }
        let pushed = self.server.push(steps, batch).await;
        self.look_beside(queues);
        pushed
    }
}
