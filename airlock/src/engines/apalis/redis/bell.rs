//! What wakes an idle worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::redis::aio::{MultiplexedConnection, SendError};
use ::redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind,
    RedisError,
};
use ::tokio::sync::{Mutex, Notify};

use crate::engines::apalis::redis::Queues;

/// How long the server may take to answer; the crate's half a second is short for a busy one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Rings when something arrives in a queue.
///
/// It has a connection of its own, opened by the first wait: a handle that only sends needs none.
#[derive(Default)]
pub(super) struct Bell {
    rung: Arc<Notify>,
    line: Mutex<Option<Line>>,
}

/// A subscription, which lives as long as its connection.
struct Line {
    _connection: MultiplexedConnection,
    cut: Arc<AtomicBool>,
}

/// A client whose connections are told of messages beside their answers.
pub(super) fn client(url: &str) -> Result<Client, RedisError> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
}

impl Bell {
    /// Subscribes where that is not done yet, or its connection is gone.
    pub(super) async fn hang(&self, client: &Client, queues: &Queues) -> Result<(), RedisError> {
        let mut line = self.line.lock().await;
        if line.as_ref().is_some_and(|line| !line.cut.load(Ordering::Relaxed)) {
            return Ok(());
        }
        let cut = Arc::new(AtomicBool::new(false));
        let (rung, is_cut) = (self.rung.clone(), cut.clone());
        let tell = move |news: PushInfo| {
            is_cut.fetch_or(news.kind == PushKind::Disconnection, Ordering::Relaxed);
            // The answer to a subscription rings too: what came before it was not announced to us.
            rung.notify_one();
            Ok::<_, SendError>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_push_sender(tell);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        for channel in queues.channels() {
            connection.subscribe(channel).await?;
        }
        *line = Some(Line { _connection: connection, cut });
        Ok(())
    }

    /// Returns once it has rung since the last time.
    pub(super) async fn rings(&self) {
        self.rung.notified().await;
    }
}
