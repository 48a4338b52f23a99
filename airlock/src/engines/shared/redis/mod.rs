//! Redis: a connection that is reestablished when it is lost, and batches that are sent step by step.

#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
mod evictions;
mod failure;
#[cfg(feature = "_redis-list")]
mod push;
#[cfg(feature = "_redis-list")]
mod step;
mod steps;
#[cfg(feature = "_redis-list")]
mod unique_key;

use std::sync::Arc;
#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, RedisError};
use ::tokio::runtime::Handle;
use ::tokio::sync::Mutex;
#[cfg(feature = "apalis-redis")]
use ::tokio::sync::watch;

pub(crate) use failure::SharedFailure;
#[cfg(feature = "_redis-list")]
pub(crate) use step::{Layout, ListMessage, Steps};
pub(crate) use steps::{StepBudget, StepOutcome};
#[cfg(feature = "_redis-list")]
pub(crate) use unique_key::{UNIQUE_FOR, UniqueKey};

use crate::core::cut::cut;
use crate::core::task::called::BoxError;
use crate::engines::shared::{connect, connection_runtime, scheme};
#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
use crate::envelope::EnvelopeError;
use crate::worker::engine_error::{EngineError, unconfirmed};

const EXAMPLE: &str = "it is like redis://user:password@host:6379/0";
const SCHEMES: [&str; 7] =
    ["redis", "rediss", "redis+unix", "unix", "valkey", "valkeys", "valkey+unix"];

/// How long the server may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// After how long without use a connection is tested before it is used.
const TEST_AFTER: Duration = Duration::from_secs(1);

/// A server, with one connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Server {
    inner: Arc<Inner>,
}

/// A connection, with when it was last used.
type Slot = Mutex<Option<(MultiplexedConnection, Instant)>>;

struct Inner {
    client: Client,
    /// The runtime that connections are made in. A flush from a thread in no runtime uses it.
    runtime: Handle,
    connection: Slot,
    #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
    heartbeats: Slot,
    /// How often a connection was given up. What has one of its own connects anew as well.
    #[cfg(feature = "apalis-redis")]
    given_up: watch::Sender<u64>,
    #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
    evictions: evictions::Evictions,
    #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
    looking: AtomicBool,
}

impl Server {
    pub(crate) async fn connect(url: &str) -> Result<Self, EngineError> {
        scheme::check(url, "Redis", &SCHEMES, EXAMPLE)?;
        let client = Client::open(url).map_err(|error| {
            EngineError::new("read the URL of", "Redis", error).next_step(EXAMPLE)
        })?;
        let runtime = Handle::try_current().map_err(|error| {
            EngineError::new("connect to", "Redis", error)
                .next_step("connect inside a Tokio runtime")
        })?;
        let server = Self {
            inner: Arc::new(Inner {
                client,
                runtime,
                connection: Slot::default(),
                #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
                heartbeats: Slot::default(),
                #[cfg(feature = "apalis-redis")]
                given_up: watch::Sender::default(),
                #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
                evictions: evictions::Evictions::default(),
                #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
                looking: AtomicBool::new(false),
            }),
        };
        // So that a wrong URL is an error here, and not at the first flush.
        server.connection().await?;
        Ok(server)
    }

    /// Where the server is, without the password.
    pub(crate) fn address(&self) -> String {
        let info = self.inner.client.get_connection_info();
        format!("Redis at {} (database {})", info.addr(), info.redis_settings().db())
    }

    /// The connection, reestablished where it is lost.
    pub(crate) async fn connection(&self) -> Result<MultiplexedConnection, EngineError> {
        self.connection_in(&self.inner.connection).await
    }

    /// The connection of heartbeats. On the other one they would wait behind what is received, which may be long.
    #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
    pub(crate) async fn heartbeat_connection(&self) -> Result<MultiplexedConnection, EngineError> {
        self.connection_in(&self.inner.heartbeats).await
    }

    async fn connection_in(&self, slot: &Slot) -> Result<MultiplexedConnection, EngineError> {
        let mut slot = slot.lock().await;
        if let Some((connection, used)) = &mut *slot {
            // So that nothing is sent on a connection to a server that was restarted meanwhile.
            let good = used.elapsed() < TEST_AFTER || {
                let ping = ::redis::cmd("PING");
                connect::in_time(ping.query_async::<String>(connection)).await.is_ok()
            };
            if good {
                *used = Instant::now();
                return Ok(connection.clone());
            }
            self.give_up(&mut slot);
        }
        let connection = self.new_connection().await?;
        *slot = Some((connection.clone(), Instant::now()));
        Ok(connection)
    }

    /// Runs a future in the server's own runtime, to its end, also if the caller is dropped half-way.
    pub(crate) async fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, BoxError>> + Send + 'static,
    ) -> Result<T, BoxError> {
        connection_runtime::spawn(&self.inner.runtime, future).await?
    }

    /// Runs a future in the server's own runtime, beside the caller.
    #[cfg(feature = "celery-redis")]
    pub(crate) fn detach(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.inner.runtime.spawn(future);
    }

    /// Looks at the server beside the caller, whose heartbeats wait for nothing else; one look at a time.
    #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
    pub(crate) fn look(&self, look: impl Future<Output = ()> + Send + 'static) {
        if self.inner.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let server = self.clone();
        self.inner.runtime.spawn(async move {
            look.await;
            server.inner.looking.store(false, Ordering::Release);
        });
    }

    /// A connection of the caller's own.
    pub(crate) async fn new_connection(&self) -> Result<MultiplexedConnection, EngineError> {
        let config = AsyncConnectionConfig::new()
            // Below all its steps are bounded together.
            .set_connection_timeout(None)
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        let connecting = self.inner.client.get_multiplexed_async_connection_with_config(&config);
        connect::in_time(connecting).await.map_err(|error| {
            let step = connect::next_step(&error, "check the URL, and that the server runs");
            EngineError::new("connect to", self.address(), error).next_step(step)
        })
    }

    /// An error with the server's address. If the connection is lost, or leads to a server that takes no writes, the next
    /// call makes a new one: after a failover, the address leads to another server.
    pub(crate) async fn error(&self, error: &RedisError) -> BoxError {
        // Of a transaction it has what the server said of each command.
        let said = cut(error).to_string();
        if error.is_io_error() || error.is_unrecoverable_error() {
            self.disconnect().await;
        }
        self.note(&said).await;
        format!("{}: {said}", self.address()).into()
    }

    /// Notes what the server said of a command that it did not carry out.
    pub(crate) async fn note(&self, said: &str) {
        if takes_no_writes(said) {
            self.disconnect().await;
        }
    }

    async fn disconnect(&self) {
        self.give_up(&mut *self.inner.connection.lock().await);
        #[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
        self.give_up(&mut *self.inner.heartbeats.lock().await);
    }

    #[cfg_attr(
        not(feature = "apalis-redis"),
        expect(clippy::unused_self, reason = "apalis' workers have connections of their own")
    )]
    fn give_up(&self, slot: &mut Option<(MultiplexedConnection, Instant)>) {
        *slot = None;
        #[cfg(feature = "apalis-redis")]
        self.inner.given_up.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// How often a connection was given up.
    #[cfg(feature = "apalis-redis")]
    pub(crate) fn given_up(&self) -> watch::Receiver<u64> {
        self.inner.given_up.subscribe()
    }

    /// An error of what was sent. If no answer came, it may have arrived.
    pub(crate) async fn send_error(&self, error: &RedisError) -> BoxError {
        let described = self.error(error).await;
        if error.is_io_error() { unconfirmed(described) } else { described }
    }
}

/// Whether a server says that it takes no writes, and not that one can't be carried out: it became a replica, or lost its
/// replicas, or is full or about to end. Scripts of Redis 6 quote it.
fn takes_no_writes(said: &str) -> bool {
    const SAYINGS: [&str; 9] = [
        "READONLY",
        "NOREPLICAS",
        "MASTERDOWN",
        "LOADING",
        "OOM",
        "MISCONF",
        "CLUSTERDOWN",
        "UNBLOCKED",
        "ReadOnly",
    ];
    SAYINGS.iter().any(|saying| said.contains(saying))
}

/// What is said of a message of which Redis has only kept that it was there.
#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
pub(crate) const BODY_GONE: &str = "its body is gone from Redis, and nothing of airlock removed it: set `maxmemory-policy noeviction`, so that a full \
     server refuses new messages in place of removing old ones";

#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
pub(crate) fn gone() -> EnvelopeError {
    EnvelopeError::new(BODY_GONE)
}

/// An error of a dead letter that can't be retried, because Redis has removed its body.
#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
pub(crate) fn letter_gone(id: &str) -> EngineError {
    EngineError::new("retry the dead letter", id, BODY_GONE)
        .next_step("remove it, and send its task again")
}

/// Whether there was a dead letter, by what a script answers: its body may have been removed since it was found.
#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
pub(crate) fn was_there(id: &str, answer: i64) -> Result<bool, EngineError> {
    if answer < 0 { Err(letter_gone(id)) } else { Ok(answer > 0) }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address())
    }
}
