//! Redis: a connection that is made anew when it is gone, and batches that leave in one step.

#[cfg(any(feature = "celery-redis", feature = "dramatiq-redis"))]
mod push;
mod steps;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, RedisError};
use ::tokio::runtime::Handle;
use ::tokio::sync::Mutex;

#[cfg(any(feature = "celery-redis", feature = "dramatiq-redis"))]
pub(crate) use push::{Layout, Outgoing, Steps, UNIQUE_FOR, UniqueKey};
pub(crate) use steps::{Answer, Room};

use crate::core::task::called::BoxError;
use crate::engines::shared::home;
use crate::worker::engine_error::{EngineError, unconfirmed};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a connection counts as good after it was used.
const FRESH: Duration = Duration::from_secs(1);

/// A server, reached by one connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    /// Connections belong to the runtime that they were made in, also where a flush is in none.
    runtime: Handle,
    connection: Mutex<Option<(MultiplexedConnection, Instant)>>,
}

impl Server {
    pub(crate) async fn connect(url: &str) -> Result<Self, EngineError> {
        let client = Client::open(url).map_err(|error| {
            EngineError::new("read the URL of", "Redis", error)
                .next_step("it is like redis://user:password@host:6379/0")
        })?;
        let runtime = Handle::try_current().map_err(|error| {
            EngineError::new("connect to", "Redis", error)
                .next_step("connect inside a Tokio runtime")
        })?;
        let server =
            Self { inner: Arc::new(Inner { client, runtime, connection: Mutex::default() }) };
        // What is wrong with the URL is said here, and not at the first flush.
        server.connection().await?;
        Ok(server)
    }

    /// Where the server is, without the password.
    pub(crate) fn place(&self) -> String {
        let info = self.inner.client.get_connection_info();
        format!("Redis at {} (database {})", info.addr(), info.redis_settings().db())
    }

    /// The connection, made anew where it is gone.
    pub(crate) async fn connection(&self) -> Result<MultiplexedConnection, EngineError> {
        let mut slot = self.inner.connection.lock().await;
        if let Some((connection, used)) = &mut *slot {
            // A server that was restarted meanwhile is found out before anything is sent.
            let good = used.elapsed() < FRESH || {
                let pong: Result<String, _> = ::redis::cmd("PING").query_async(connection).await;
                pong.is_ok()
            };
            if good {
                *used = Instant::now();
                return Ok(connection.clone());
            }
        }
        *slot = None;
        let connection = self.new_connection().await?;
        *slot = Some((connection.clone(), Instant::now()));
        Ok(connection)
    }

    /// Runs a future in the server's own runtime, to its end, also if the caller is dropped half-way.
    pub(crate) async fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, BoxError>> + Send + 'static,
    ) -> Result<T, BoxError> {
        home::spawn(&self.inner.runtime, future).await?
    }

    /// A connection of the caller's own.
    pub(crate) async fn new_connection(&self) -> Result<MultiplexedConnection, EngineError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connecting = self.inner.client.get_multiplexed_async_connection_with_config(&config);
        connecting.await.map_err(|error| {
            EngineError::new("connect to", self.place(), error)
                .next_step("check the URL, and that the server runs")
        })
    }

    /// An error with the place it happened at; after it the next one gets a new connection.
    pub(crate) async fn trouble(&self, error: &RedisError) -> BoxError {
        if error.is_io_error() || error.is_unrecoverable_error() {
            self.inner.connection.lock().await.take();
        }
        format!("{}: {error}", self.place()).into()
    }

    /// The same of what was sent, which may have arrived where nobody answered.
    pub(crate) async fn unanswered(&self, error: &RedisError) -> BoxError {
        let said = self.trouble(error).await;
        if error.is_io_error() { unconfirmed(said) } else { said }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}
