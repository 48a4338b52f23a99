//! Channels with publisher confirms, which batches use in turn.

use std::sync::Arc;
use std::time::Duration;

use ::tokio::sync::OwnedSemaphorePermit;
use ::tokio::time::{Instant, sleep};
use lapin::options::ConfirmSelectOptions;
use lapin::protocol::AMQPErrorKind;
use lapin::{Channel, Connection, ErrorKind};

use crate::core::task::called::BoxError;
use crate::engines::shared::rabbitmq::{ANSWER_TIMEOUT, Broker, NewDelivery, answered, lock, size};

/// A channel with publisher confirms, used by one batch at a time.
pub(crate) struct PublishChannel {
    pub(crate) channel: Channel,
    broker: Broker,
    connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl PublishChannel {
    /// Whether an answer may still come.
    pub(crate) fn lives(&self) -> bool {
        self.channel.status().connected()
    }

    /// Refuses a message for which the broker would close the connection.
    pub(crate) fn check_size(&self, message: &NewDelivery) -> Result<(), BoxError> {
        let bytes = size::of_properties(&message.properties);
        let room = size::room(self.connection.configuration().frame_max());
        if bytes <= room {
            return Ok(());
        }
        let (broker, queue) = (self.broker.address(), &message.queue);
        Err(format!(
            "{broker}: the headers of the message for the queue `{queue}` take {bytes} bytes, and a frame has room for {room}"
        )
        .into())
    }

    /// Makes the channel available to the next batch. Call it when nothing is in flight any more.
    pub(crate) fn release(self) {
        if self.channel.status().connected() {
            lock(&self.broker.inner.idle).push(self.channel.clone());
        }
    }
}

impl Broker {
    /// An idle channel, or a new one. Waits while the most channels that there may be are in use.
    pub(crate) async fn channel(&self) -> Result<PublishChannel, BoxError> {
        let permit = self.inner.permits.clone().acquire_owned().await;
        let Ok(permit) = permit else { unreachable!("nothing closes the semaphore") };
        let (connection, channel) = self.free_channel().await?;
        Ok(PublishChannel { channel, broker: self.clone(), connection, _permit: permit })
    }

    /// A channel with its connection. Waits for one where the connection may have no more of them.
    async fn free_channel(&self) -> Result<(Arc<Connection>, Channel), BoxError> {
        const CHECK_INTERVAL: Duration = Duration::from_millis(20);
        let begun = Instant::now();
        loop {
            let connection = self.connection().await?;
            let idle = lock(&self.inner.idle).pop();
            if let Some(idle) = idle.filter(|channel| channel.status().connected()) {
                return Ok((connection, idle));
            }
            match new_channel(&connection).await {
                Ok(new) => return Ok((connection, new)),
                Err(error) if matches!(error.kind(), ErrorKind::ChannelsLimitReached) => {}
                // The client opens no channel by the number of one that the broker has closed, unless it connects anew.
                Err(error) if is_of_a_channel(&error) => self.leave(&connection).await,
                Err(error) => return Err(self.error(&error)),
            }
            if begun.elapsed() > ANSWER_TIMEOUT {
                return Err(format!(
                    "{}: none of the channels that it allows on a connection became free within {ANSWER_TIMEOUT:?}: raise its \
                     `channel_max`, which is {}",
                    self.address(),
                    connection.configuration().channel_max()
                )
                .into());
            }
            sleep(CHECK_INTERVAL).await;
        }
    }
}

/// Whether the broker has closed a channel, and not the connection.
fn is_of_a_channel(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Soft(_))
}

async fn new_channel(connection: &Connection) -> lapin::Result<Channel> {
    let lives = || connection.status().connected();
    let channel = answered(lives, connection.create_channel()).await?;
    answered(lives, channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}
