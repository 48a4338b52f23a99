//! RabbitMQ: a connection that is reestablished when it is lost, and batches with publisher confirms.

mod answers;
mod channel;
mod connecting;
mod frames;
mod max_size;
mod properties;
mod publish;
mod published;
mod readable;
pub(crate) mod size;
#[cfg(feature = "celery-rabbitmq")]
mod unreadable;

use std::collections::HashSet;
#[cfg(feature = "celery-rabbitmq")]
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::tokio::runtime::Handle;
use ::tokio::sync::Semaphore;
use lapin::types::ShortString;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};

pub(crate) use answers::answered;
#[cfg(feature = "celery-rabbitmq")]
pub(crate) use answers::answered_in_time;
pub(crate) use channel::PublishChannel;
pub(crate) use properties::{scaled, short};
pub(crate) use publish::NewDelivery;
#[cfg(feature = "celery-rabbitmq")]
pub(crate) use publish::Patience;
#[cfg(feature = "celery-rabbitmq")]
pub(crate) use unreadable::unreadable;

use crate::core::task::called::BoxError;
use crate::engines::shared::connection_runtime::{self, RuntimeUnavailable};
use crate::engines::shared::rabbitmq::max_size::Sizes;
use crate::engines::shared::{connect, scheme};
use crate::worker::engine_error::EngineError;

/// How many batches are published at the same time, each on a channel of its own.
const MAX_CHANNELS: usize = 64;

/// The size of a frame that RabbitMQ offers, unless configured otherwise.
#[cfg(feature = "celery-rabbitmq")]
const FRAME_MAX: u32 = 131_072;

/// How long the broker may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A broker, with one connection for publishing. Clones share it.
#[derive(Clone)]
pub(crate) struct Broker {
    inner: Arc<Inner>,
}

struct Inner {
    uri: AMQPUri,
    /// The runtime that connections are made in. A flush from a thread in no runtime uses it.
    runtime: Handle,
    connection: ::tokio::sync::Mutex<Option<Arc<Connection>>>,
    /// Channels that no batch uses at the moment.
    idle: Mutex<Vec<Channel>>,
    permits: Arc<Semaphore>,
    sizes: Sizes,
    /// The size of a frame, as the last connection has it.
    #[cfg(feature = "celery-rabbitmq")]
    frame_max: AtomicU32,
    /// The queues that are known to exist.
    known: Mutex<HashSet<ShortString>>,
}

impl Broker {
    pub(crate) async fn connect(url: &str) -> Result<Self, EngineError> {
        const EXAMPLE: &str = "it is like amqp://user:password@host:5672/%2f";
        scheme::require(url, "RabbitMQ", &["amqp", "amqps"], EXAMPLE)?;
        let uri: AMQPUri = url.parse().map_err(|error: String| {
            EngineError::new("read the URL of", "RabbitMQ", error).next_step(EXAMPLE)
        })?;
        let runtime = Handle::try_current().map_err(|error| {
            EngineError::new("connect to", "RabbitMQ", error)
                .next_step("connect inside a Tokio runtime")
        })?;
        let broker = Self::new(uri, runtime);
        // So that a wrong URL is an error here, and not at the first flush.
        broker.connection().await?;
        Ok(broker)
    }

    fn new(uri: AMQPUri, runtime: Handle) -> Self {
        let inner = Inner {
            uri,
            runtime,
            connection: ::tokio::sync::Mutex::default(),
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_CHANNELS)),
            sizes: Sizes::unknown(),
            #[cfg(feature = "celery-rabbitmq")]
            frame_max: AtomicU32::new(FRAME_MAX),
            known: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The same broker, over a connection of its own that is made when it is needed.
    #[cfg(feature = "celery-rabbitmq")]
    pub(crate) fn apart(&self) -> Self {
        Self::new(self.inner.uri.clone(), self.inner.runtime.clone())
    }

    /// Where the broker is, without the password.
    pub(crate) fn address(&self) -> String {
        let AMQPUri { authority, vhost, .. } = &self.inner.uri;
        format!("RabbitMQ at {}:{} (virtual host `{vhost}`)", authority.host, authority.port)
    }

    /// An error with the broker's address.
    pub(crate) fn error(&self, error: &lapin::Error) -> BoxError {
        format!("{}: {error}", self.address()).into()
    }

    /// Runs a future in the broker's own runtime, to its end, also if the caller is dropped half-way.
    pub(crate) async fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, RuntimeUnavailable> {
        connection_runtime::spawn(&self.inner.runtime, future).await
    }

    /// A connection of the caller's own.
    pub(crate) async fn new_connection(&self) -> Result<Connection, EngineError> {
        let properties = ConnectionProperties::default().with_connection_name("airlock".into());
        let connecting = connecting::connect(self.inner.uri.clone(), properties);
        connect::in_time(connecting).await.map_err(|error| {
            let step = connecting::no_tls(&error).unwrap_or_else(|| {
                connect::next_step(&error, "check the URL, and that the broker runs")
            });
            EngineError::new("connect to", self.address(), error).next_step(step)
        })
    }

    /// The connection for publishing, reestablished where it is lost.
    async fn connection(&self) -> Result<Arc<Connection>, EngineError> {
        let mut connection = self.inner.connection.lock().await;
        if let Some(connection) = &*connection
            && connection.status().connected()
        {
            return Ok(connection.clone());
        }
        let new = Arc::new(self.new_connection().await?);
        #[cfg(feature = "celery-rabbitmq")]
        self.inner.frame_max.store(new.configuration().frame_max(), Ordering::Relaxed);
        self.inner.sizes.forget();
        *connection = Some(new.clone());
        lock(&self.inner.idle).clear();
        lock(&self.inner.known).clear();
        Ok(new)
    }

    /// How many bytes the properties of a message may have.
    #[cfg(feature = "celery-rabbitmq")]
    pub(crate) fn room_for_properties(&self) -> usize {
        size::room(self.inner.frame_max.load(Ordering::Relaxed))
    }

    /// Closes the connection for publishing, with all that is still in flight.
    async fn disconnect(&self) {
        self.inner.connection.lock().await.take();
        lock(&self.inner.idle).clear();
    }

    /// Leaves this connection to the batches that use it: the next one makes another.
    async fn leave(&self, used: &Arc<Connection>) {
        let mut connection = self.inner.connection.lock().await;
        if connection.take_if(|current| Arc::ptr_eq(current, used)).is_some() {
            lock(&self.inner.idle).clear();
        }
    }

    /// The queues that are known to exist, until the connection is lost.
    pub(crate) fn known(&self) -> MutexGuard<'_, HashSet<ShortString>> {
        lock(&self.inner.known)
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
