//! The engines: how a test makes a queue, what it may ask behind airlock's back, and what each promises.
//!
//! The behaviours in `it/engines`, the faults, the programs that are killed and the benchmarks know an engine
//! by these traits. A new one is an implementation here and a line in `it/engines`; the lists of faults and of
//! benchmarks name the engines that they are about.

mod apalis_postgres;
mod apalis_redis;
mod apalis_sqlite;
mod ask;
mod celery_rabbitmq;
mod celery_redis;
mod dramatiq;
mod graphile;

use std::fmt::Debug;
use std::time::Duration;

use airlock::worker::{DeadLetters, Source};
use airlock::{Batch, BoxError, DispatchError, Executor};

/// What an engine keeps its messages in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// A file.
    File,
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// RabbitMQ.
    RabbitMq,
}

/// Where there may be one task of a unique key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// In each queue.
    Queue,
    /// In all queues together.
    AllQueues,
}

/// What becomes of the unique key of a dead letter that is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetriedKey {
    /// It is held again. Where another task holds it, the retry fails and the letter stays.
    Required,
    /// It is held again, unless another task holds it.
    IfFree,
    /// It is not held again.
    Dropped,
}

/// How a worker of several queues takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueOrder {
    /// From each queue first, in turn.
    InTurn,
    /// From an earlier queue before a later one.
    EarlierFirst,
    /// By age, whichever queue it is.
    OldestFirst,
    /// As the server hands them out.
    Any,
}

/// How soon a worker that says nothing is lost, where an engine asks.
pub const LOST_AFTER: Duration = Duration::from_secs(3);

/// So long that only a notification can be what wakes a worker.
const SELDOM: Duration = Duration::from_hours(1);

/// An engine that can be sent to, and be asked behind airlock's back what it holds.
pub trait Sender: Executor + Clone {
    /// How it is called here.
    const NAME: &'static str;

    /// Where it keeps its messages.
    const SERVER: Server;

    /// The options that it refuses, by name.
    const REFUSES: &'static [&'static str] = &[];

    /// Whether a flush of 10,000 is there whole or not at all, whatever breaks.
    const ATOMIC: bool = true;

    /// Whether the error of a flush that may have arrived says so.
    const SAYS_WHEN_UNSURE: bool = true;

    /// A handle on one queue, which is ready to be used.
    fn on_queue(url: &str, queue: &str) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// How many messages of the queue are to be run, as the server itself says.
    fn held(&self, url: &str, queue: &str) -> impl Future<Output = usize> + Send;
}

/// An engine that Rust workers serve.
pub trait Engine: Sender + Source<Receipt: Clone + Debug> + DeadLetters {
    /// Whether its messages may be anything, and not only JSON.
    const TAKES_ANYTHING: bool = true;

    /// Whether its messages are airlock's envelopes, and not in a format of its own.
    const ENVELOPES: bool = true;

    /// Whether a worker is lost that gives no sign of life, and not only one whose connection is gone.
    const LEASES: bool = true;

    /// Whether a task that ends its worker each time is given up.
    const COUNTS_DEATHS: bool = true;

    /// Where there may be one task of a unique key.
    const KEY_SCOPE: KeyScope = KeyScope::Queue;

    /// What becomes of the unique key of a dead letter that is retried.
    const RETRIED_KEY: RetriedKey = RetriedKey::Required;

    /// Whether a dead letter that is retried, and dies again, has the same id.
    const LETTERS_KEEP_THEIR_IDS: bool = true;

    /// Whether messages that become due at one time are run in the order in which they were sent.
    const DUE_IN_ORDER: bool = true;

    /// How a worker of several queues takes messages.
    const QUEUE_ORDER: QueueOrder = QueueOrder::InTurn;

    /// What stands for a NUL in the reason of a dead letter, which is one line without controls.
    const NUL: &'static str = "\\u{0}";

    /// The same handle for a worker of these queues.
    #[must_use]
    fn serving(self, queues: &[&str]) -> Self;

    /// The same handle for a worker that by itself looks for messages once an hour.
    #[must_use]
    fn looking_seldom(self) -> Self;

    /// Puts a message into the queue that airlock did not write.
    fn put(&self, url: &str, queue: &str, body: &[u8]) -> impl Future<Output = ()> + Send;
}

/// An engine whose queues are tables in a database of the program's.
pub trait Tables: Engine {
    /// A handle on one queue whose tables nobody may have made.
    fn without_tables(
        url: &str,
        queue: &str,
    ) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// Makes the tables, where they are not there.
    fn make_tables(&self) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Sends a batch in a transaction, goes on with that, and ends it.
    fn dispatch_within(
        &self,
        batch: &mut Batch,
        commits: bool,
    ) -> impl Future<Output = Result<(), DispatchError>> + Send;
}
