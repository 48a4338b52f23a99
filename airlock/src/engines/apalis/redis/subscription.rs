//! A worker's subscription to what apalis publishes about its queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::redis::aio::{MultiplexedConnection, SendError};
use ::redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind,
    RedisError,
};
use ::tokio::sync::Mutex;

use crate::engines::apalis::redis::queues::Queues;
use crate::engines::shared::wakeup::Wakeup;

/// How long the server may take to answer; the crate's half a second is short for a busy one.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A subscription on a connection of its own, opened by the first wait: a handle that only sends needs none.
#[derive(Default)]
pub(super) struct Subscription {
    wakeup: Wakeup,
    connection: Mutex<Option<Subscribed>>,
}

struct Subscribed {
    _connection: MultiplexedConnection,
    lost: Arc<AtomicBool>,
    /// How often a connection was given up before this one was made.
    given_up: u64,
}

/// A client whose connections get notifications beside their answers.
pub(super) fn client(url: &str) -> Result<Client, RedisError> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
}

impl Subscription {
    /// Subscribes where that is not done yet, or the connection is lost, or another connection to the server was given
    /// up since: after a failover the old server may go on without a message.
    pub(super) async fn open(
        &self,
        client: &Client,
        queues: &Queues,
        given_up: u64,
    ) -> Result<(), RedisError> {
        let mut slot = self.connection.lock().await;
        let is_good = |current: &Subscribed| {
            current.given_up == given_up && !current.lost.load(Ordering::Relaxed)
        };
        if slot.as_ref().is_some_and(is_good) {
            return Ok(());
        }
        *slot = None;
        let lost = Arc::new(AtomicBool::new(false));
        let (notifier, is_lost) = (self.wakeup.notifier(), lost.clone());
        let notify = move |push: PushInfo| {
            is_lost.fetch_or(push.kind == PushKind::Disconnection, Ordering::Relaxed);
            // The answer to a subscription notifies too: what was published before it did not arrive here.
            notifier.notify();
            Ok::<_, SendError>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT))
            .set_push_sender(notify);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        for channel in queues.channels() {
            connection.subscribe(channel).await?;
        }
        *slot = Some(Subscribed { _connection: connection, lost, given_up });
        Ok(())
    }

    /// Returns when there was a notification since the last time.
    pub(super) async fn notified(&self) {
        self.wakeup.notified().await;
    }
}
