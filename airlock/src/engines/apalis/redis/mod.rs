//! Redis, in the layout of apalis-redis.

mod bell;
mod dead;
mod push;
mod script;
mod source;

use std::fmt;
use std::time::Duration;

use ::redis::Client;
use ::tokio::runtime::Handle;
use apalis_redis::Config;
use uuid::Uuid;

use crate::core::task::called::BoxError;
use crate::engines::apalis::redis::bell::Bell;
use crate::engines::shared::redis::Server;
use crate::worker::engine_error::EngineError;
use crate::worker::{ReceivedIds, duration_limits};

pub use source::RedisReceipt;

/// Queues in Redis, as apalis-redis keeps them.
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
/// - A connection that is cut is made anew by the next flush. A flush whose answer was lost is an error,
///   although its intents may be in the queue: sent again, they run twice.
/// - A task runs *at least* once. What a worker held that was killed is
///   [taken over](Self::lost_after) by others, within 38 seconds unless told otherwise. An attempt
///   counts where it has begun.
/// - What is done is forgotten. A dead letter stays until it is retried or removed, by
///   [`DeadLetters`](crate::worker::DeadLetters) or by apalis' `vacuum`.
/// - What Redis itself keeps over a crash is up to its `appendonly` and `appendfsync`.
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
pub struct Redis {
    server: Server,
    /// Connections belong to the runtime that they were made in, also where a flush is in none.
    runtime: Handle,
    /// What the bells of workers are connected with.
    client: Client,
    queue: String,
    served: Queues,
    poll: Duration,
    lost_after: Duration,
    /// This handle's own name, messages and bell, should it serve a worker.
    worker: String,
    received_ids: ReceivedIds<Vec<u8>>,
    bell: Bell,
}

impl Redis {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// Where the URL is none, or nobody answers there.
    pub async fn connect(url: &str) -> Result<Self, EngineError> {
        let server = Server::connect(url).await?;
        let client = bell::client(url).map_err(BoxError::from)?;
        Ok(Self::with(server, Handle::current(), client, "default"))
    }

    fn with(server: Server, runtime: Handle, client: Client, queue: &str) -> Self {
        Self {
            server,
            runtime,
            client,
            queue: queue.to_owned(),
            served: Queues::new([queue]),
            poll: Duration::from_millis(250),
            lost_after: Duration::from_secs(30),
            worker: format!("airlock-{}", Uuid::now_v7()),
            received_ids: ReceivedIds::default(),
            bell: Bell::default(),
        }
    }

    /// Uses this queue for intents that name none, and serves it; `default` unless told otherwise.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = queue.into();
        self.served = Queues::new([&*self.queue]);
        self
    }

    /// Serves these queues, in place of the one that [`queue`](Self::queue) names. A message of an
    /// earlier one goes first.
    #[must_use]
    pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
        let queues: Vec<String> = queues.into_iter().map(Into::into).collect();
        self.served = Queues::new(queues.iter().map(String::as_str));
        self
    }

    /// Looks this often for messages that have become due, while there is nothing else to do; every
    /// 250 milliseconds unless told otherwise, at least every day and at most every millisecond. Of a flush a worker hears at once.
    #[must_use]
    pub fn poll(mut self, interval: Duration) -> Self {
        self.poll = duration_limits::poll_interval(interval);
        self
    }

    /// Takes a worker that has said nothing for this long to be lost, and what it holds to be anybody's;
    /// 30 seconds unless told otherwise, at least 2 and at most a year. A worker gives a sign of life four times in
    /// that time, and looks after the others as often.
    #[must_use]
    pub fn lost_after(mut self, time: Duration) -> Self {
        self.lost_after = duration_limits::lost_after(time, Duration::from_secs(2));
        self
    }
}

/// A clone shares the connection. As a worker's source it is another worker.
impl Clone for Redis {
    fn clone(&self) -> Self {
        Self {
            served: self.served.clone(),
            poll: self.poll,
            lost_after: self.lost_after,
            ..Self::with(
                self.server.clone(),
                self.runtime.clone(),
                self.client.clone(),
                &self.queue,
            )
        }
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

/// Queues with the names of their parts, as the scripts take them.
#[derive(Clone, Default)]
struct Queues {
    names: Vec<String>,
    keys: Vec<String>,
}

impl Queues {
    fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut queues = Self::default();
        for name in names {
            queues.number(name);
        }
        queues
    }

    /// The number of a queue, which is added where it is not there yet.
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.names.iter().position(|known| known == name) {
            return number;
        }
        let config = Config::default().queue(name);
        self.keys.extend([
            config.active_jobs_list(),
            config.job_data_hash(),
            config.job_meta_hash(),
            config.scheduled_jobs_set(),
            config.signal_list(),
            config.idempotency_key_set(),
            config.workers_set(),
            config.inflight_jobs_set(),
            config.dead_jobs_set(),
        ]);
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// Where apalis says that there is something in them.
    fn channels(&self) -> impl Iterator<Item = String> {
        let names = self.names.iter().map(|name| Config::default().queue(name));
        names.map(|config| format!("tasks:{}:available", config.active_jobs_list()))
    }
}

impl fmt::Display for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "queue {}", names.join(", "))
    }
}
