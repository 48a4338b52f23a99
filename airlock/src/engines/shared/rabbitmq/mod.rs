//! RabbitMQ: connections that are made anew when they are gone, and batches that it confirms.

mod publish;

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::tokio::runtime::Handle;
use ::tokio::select;
use ::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use ::tokio::time::{sleep, timeout};
use lapin::options::ConfirmSelectOptions;
use lapin::types::ShortString;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};

pub(crate) use publish::Outgoing;

use crate::core::task::called::BoxError;
use crate::engines::shared::home::{self, Away};
use crate::worker::engine_error::EngineError;

/// How many batches are published at the same time, each on a channel of its own.
const CHANNELS: usize = 64;

/// How long the broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A broker, reached by one connection for publishing. Clones share it.
#[derive(Clone)]
pub(crate) struct Broker {
    inner: Arc<Inner>,
}

struct Inner {
    uri: AMQPUri,
    /// Connections belong to the runtime that they were made in, also where a flush is in none.
    runtime: Handle,
    connection: ::tokio::sync::Mutex<Option<Arc<Connection>>>,
    /// Channels that nobody publishes on at the moment.
    idle: Mutex<Vec<Channel>>,
    places: Arc<Semaphore>,
    /// The queues that are known to be there.
    known: Mutex<HashSet<ShortString>>,
}

impl Broker {
    pub(crate) async fn connect(url: &str) -> Result<Self, EngineError> {
        let uri: AMQPUri = url.parse().map_err(|error: String| {
            EngineError::new("read the URL of", "RabbitMQ", error)
                .next_step("it is like amqp://user:password@host:5672/%2f")
        })?;
        let runtime = Handle::try_current().map_err(|error| {
            EngineError::new("connect to", "RabbitMQ", error)
                .next_step("connect inside a Tokio runtime")
        })?;
        let broker = Self {
            inner: Arc::new(Inner {
                uri,
                runtime,
                connection: ::tokio::sync::Mutex::default(),
                idle: Mutex::default(),
                places: Arc::new(Semaphore::new(CHANNELS)),
                known: Mutex::default(),
            }),
        };
        // What is wrong with the URL is said here, and not at the first flush.
        broker.connection().await?;
        Ok(broker)
    }

    /// Where the broker is, without the password.
    pub(crate) fn place(&self) -> String {
        let AMQPUri { authority, vhost, .. } = &self.inner.uri;
        format!("RabbitMQ at {}:{} (virtual host `{vhost}`)", authority.host, authority.port)
    }

    /// Runs a future in the broker's own runtime, to its end, also if the caller is dropped half-way.
    pub(crate) async fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Away> {
        home::spawn(&self.inner.runtime, future).await
    }

    /// An error with the place it happened at.
    pub(crate) fn trouble(&self, error: &lapin::Error) -> BoxError {
        format!("{}: {error}", self.place()).into()
    }

    /// A connection of the caller's own.
    pub(crate) async fn new_connection(&self) -> Result<Connection, EngineError> {
        let properties = ConnectionProperties::default().with_connection_name("airlock".into());
        let connecting = Connection::connect_uri(self.inner.uri.clone(), properties);
        let error: BoxError = match timeout(PATIENCE, connecting).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error.into(),
            Err(_) => format!("it did not answer within {PATIENCE:?}").into(),
        };
        Err(EngineError::new("connect to", self.place(), error)
            .next_step("check the URL, and that the broker runs"))
    }

    /// The connection for publishing, made anew where it is gone.
    async fn connection(&self) -> Result<Arc<Connection>, EngineError> {
        let mut connection = self.inner.connection.lock().await;
        if let Some(connection) = &*connection
            && connection.status().connected()
        {
            return Ok(connection.clone());
        }
        let new = Arc::new(self.new_connection().await?);
        *connection = Some(new.clone());
        lock(&self.inner.idle).clear();
        lock(&self.inner.known).clear();
        Ok(new)
    }

    /// A channel with confirms, used by nobody else until it is dropped.
    pub(crate) async fn channel(&self) -> Result<Line, BoxError> {
        let place = self.inner.places.clone().acquire_owned().await;
        let Ok(place) = place else { unreachable!("nobody closes the semaphore") };
        let connection = self.connection().await?;
        let idle = lock(&self.inner.idle).pop();
        let channel = match idle.filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => self.new_channel(&connection).await.map_err(|error| self.trouble(&error))?,
        };
        Ok(Line { channel, broker: self.clone(), _connection: connection, _place: place })
    }

    async fn new_channel(&self, connection: &Connection) -> lapin::Result<Channel> {
        let lives = || connection.status().connected();
        let channel = answered(lives, connection.create_channel()).await?;
        answered(lives, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(channel)
    }

    /// Ends the connection for publishing, with all that is still on its way.
    async fn give_up(&self) {
        self.inner.connection.lock().await.take();
        lock(&self.inner.idle).clear();
    }

    /// Queues that are known to be there, for as long as nothing says otherwise.
    pub(crate) fn known(&self) -> MutexGuard<'_, HashSet<ShortString>> {
        lock(&self.inner.known)
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

/// A channel in use.
pub(crate) struct Line {
    pub(crate) channel: Channel,
    broker: Broker,
    _connection: Arc<Connection>,
    _place: OwnedSemaphorePermit,
}

impl Line {
    /// Leaves the channel to the next one, if nothing is on its way any more.
    pub(crate) fn put_back(self) {
        if self.channel.status().connected() {
            lock(&self.broker.inner.idle).push(self.channel.clone());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the broker answers, for as long as the connection lives.
///
/// The client forgets what it is asked in the moment in which its connection goes: without a look at
/// the connection one would wait for ever.
pub(crate) async fn answered<T>(
    lives: impl Fn() -> bool,
    asked: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    const GLANCE: Duration = Duration::from_millis(100);
    let gone = async {
        while lives() {
            sleep(GLANCE).await;
        }
        // What the broker did answer is there by then.
        sleep(GLANCE).await;
    };
    select! {
        biased;
        answer = asked => answer,
        () = gone => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
    }
}

/// The same, where nobody else gives up a broker that is silent.
#[cfg(feature = "celery-rabbitmq")]
pub(crate) async fn answered_in_time<T>(
    lives: impl Fn() -> bool,
    asked: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    let Ok(answer) = timeout(PATIENCE, answered(lives, asked)).await else {
        let late = format!("it did not answer within {PATIENCE:?}");
        return Err(io::Error::new(io::ErrorKind::TimedOut, late).into());
    };
    answer
}

/// A text that AMQP can carry as a name.
///
/// # Errors
///
/// Where it is longer than 255 bytes.
pub(crate) fn short(what: &str, text: &str) -> Result<ShortString, BoxError> {
    ShortString::try_new(text).map_err(|_| {
        let begin: String = text.chars().take(20).collect();
        format!("the {what} `{begin}…` is longer than the 255 bytes that RabbitMQ takes").into()
    })
}

/// A priority of 0 to 255 in a queue that has as many as `most`.
pub(crate) fn scaled(priority: Option<u8>, most: Option<u8>) -> Option<u8> {
    let (priority, most) = (u16::from(priority?), u16::from(most?));
    u8::try_from((priority * most + 127) / 255).ok()
}
