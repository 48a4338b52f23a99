//! Redis, in the layout of apalis-redis.

mod dead;
mod push;
mod queues;
mod script;
mod source;
mod subscription;

use std::fmt;
use std::time::Duration;

use ::redis::Client;

use crate::core::task::called::BoxError;
use crate::core::task::queue_name::{owned_queue_name, owned_queue_names};
use crate::engines::apalis::redis::queues::Queues;
use crate::engines::apalis::redis::subscription::Subscription;
use crate::engines::shared::per_worker::PerWorker;
use crate::engines::shared::redis::Server;
use crate::engines::shared::refusals::Refused;
use crate::engines::shared::worker_name::WorkerName;
use crate::worker::engine_error::EngineError;
use crate::worker::{ReceivedIds, duration_limits};

pub use source::RedisReceipt;

/// Queues in Redis, as apalis-redis keeps them. Clones share the connection.
///
/// Jobs are apalis-redis' own: its workers can run them, as `RedisStorage<Envelope>` with
/// [`Worker::perform`](crate::worker::Worker::perform), and [`Worker`](crate::worker::Worker) runs what
/// they push, where that is an [`Envelope`](crate::envelope::Envelope). It takes Redis 6.2 or later, and
/// one server: a cluster would spread a queue's keys.
///
/// # What it guarantees
///
/// - A flush of up to 10,000 intents and 64 MiB is one step: all leave, or none. A larger one is
///   several steps, and ends at the first that fails; those before it have left. Each queue keeps the
///   order.
/// - The next flush reestablishes a lost connection. A flush whose answer was lost is an error, although
///   its intents may be in the queue: sent again, they run twice.
/// - A task runs *at least* once. The messages of a killed worker are [taken over](Self::lost_after) by
///   others, within 38 seconds unless told otherwise. Of these, the attempts that have begun count.
/// - A message that is done is removed. A dead letter stays until it is retried or removed, by
///   [`DeadLetters`](crate::worker::DeadLetters) or by apalis' `vacuum`.
/// - How much of its data Redis keeps over a crash depends on its `appendonly` and `appendfsync`.
///
/// | option | |
/// | --- | --- |
/// | queue | yes |
/// | delay, at | yes, by the clock of Redis; an apalis worker starts it up to a second later |
/// | expires | yes, by `Worker`: it becomes a dead letter |
/// | priority | refused |
/// | max attempts | yes, by `Worker` |
/// | unique key | yes, within its queue: taken by the flush, free when the task is done or dead |
///
/// # Examples
///
/// ```no_run
/// use airlock::apalis::Redis;
/// use airlock::tasks;
///
/// #[airlock::task]
/// async fn send_mail(order_id: u64) {}
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), airlock::BoxError> {
/// let redis = Redis::connect("redis://127.0.0.1:6379").await?.queue("shop");
///
/// let scope = airlock::scope().executor(redis.clone());
/// scope.run_async(async { send_mail::enqueue(42) }).await??;
///
/// let worker = airlock::worker().serving(tasks![send_mail]).build()?;
/// let ctrl_c = tokio::time::sleep(std::time::Duration::from_secs(60));
/// println!("{}", worker.run(redis, ctrl_c).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    server: Server,
    /// Connects the workers' subscriptions.
    client: Client,
    queue: String,
    served: Queues,
    poll: Duration,
    lost_after: Duration,
    name: PerWorker<WorkerName>,
    received_ids: ReceivedIds<(Vec<u8>, String)>,
    subscription: PerWorker<Subscription>,
    /// Messages that stay unsettled, because the server refuses what has to be written first.
    refused: PerWorker<Refused<RedisReceipt>>,
}

impl Redis {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// Where the URL is invalid, or the server can't be reached.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let server = Server::connect(url).await?;
        let client = subscription::client(url).map_err(BoxError::from)?;
        Ok(Self {
            server,
            client,
            queue: "default".to_owned(),
            served: Queues::new(["default"]),
            poll: Duration::from_millis(250),
            lost_after: Duration::from_secs(30),
            name: PerWorker::default(),
            received_ids: ReceivedIds::default(),
            subscription: PerWorker::default(),
            refused: PerWorker::default(),
        })
    }

    /// Names the queue of intents that name none, which workers of this handle serve as well; `default`
    /// unless told otherwise.
    ///
    /// # Panics
    ///
    /// Where the name is empty.
    #[must_use]
    #[track_caller]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = owned_queue_name(queue);
        self.served = Queues::new([&*self.queue]);
        self
    }

    /// Names the queues that workers of this handle serve, in place of [`queue`](Self::queue). The messages of
    /// an earlier one come first.
    ///
    /// # Panics
    ///
    /// Where a name is empty.
    #[must_use]
    #[track_caller]
    pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
        let queues = owned_queue_names(queues);
        self.served = Queues::new(queues.iter().map(String::as_str));
        self
    }

    /// How often an idle worker polls for messages that have become due; every 250 ms unless told otherwise,
    /// at least every day and at most every millisecond. A flush wakes it at once.
    #[must_use]
    pub fn poll(mut self, interval: Duration) -> Self {
        self.poll = duration_limits::poll_interval(interval);
        self
    }

    /// After what time without a heartbeat a worker counts as lost, and others take over its messages; 30
    /// seconds unless told otherwise, at least 2 and at most a year. A worker sends four heartbeats in that
    /// time, and looks for lost workers as often.
    #[must_use]
    pub fn lost_after(mut self, time: Duration) -> Self {
        self.lost_after = duration_limits::lost_after(time, Duration::from_secs(2));
        self
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("server", &self.server)
            .field("queue", &self.queue)
            .field("serves", &self.served.names)
            .finish_non_exhaustive()
    }
}
