//! Channels with publisher confirms, which batches use in turn.

use std::sync::Arc;

use ::tokio::sync::OwnedSemaphorePermit;
use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection};

use crate::core::task::called::BoxError;
use crate::engines::shared::rabbitmq::{Broker, answered, lock};

/// A channel with publisher confirms, used by one batch at a time.
pub(crate) struct PublishChannel {
    pub(crate) channel: Channel,
    broker: Broker,
    _connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl PublishChannel {
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
        let connection = self.connection().await?;
        let idle = lock(&self.inner.idle).pop();
        let channel = match idle.filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => new_channel(&connection).await.map_err(|error| self.error(&error))?,
        };
        Ok(PublishChannel {
            channel,
            broker: self.clone(),
            _connection: connection,
            _permit: permit,
        })
    }
}

async fn new_channel(connection: &Connection) -> lapin::Result<Channel> {
    let lives = || connection.status().connected();
    let channel = answered(lives, connection.create_channel()).await?;
    answered(lives, channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}
