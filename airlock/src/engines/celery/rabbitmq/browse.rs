//! Dead letters that are taken out of their queues to be read, and put back.

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::protocol::AMQPSoftError;
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};

use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::celery::rabbitmq::letter::id_of;
use crate::engines::celery::rabbitmq::queues::{dead_name, is};
use crate::engines::shared::rabbitmq::{NewDelivery, answered_in_time};

/// A dead letter that was taken out.
pub(super) struct TakenLetter {
    /// The served queue beside whose queue of dead letters it lay. What the letter itself says of its queue may be its
    /// sender's, where the broker made the letter.
    pub(super) queue: String,
    pub(super) delivery: Delivery,
}

impl TakenLetter {
    /// How often a quorum queue has delivered it before.
    const COUNT: &str = "x-delivery-count";

    /// The same letter with its copy, where its queue counts how often it was delivered.
    pub(super) fn copy_without_count(&self) -> Option<(&Self, NewDelivery)> {
        let headers = self.delivery.properties.headers().as_ref()?;
        headers.inner().get(Self::COUNT)?;
        let mut others = FieldTable::default();
        for (name, value) in headers.inner().iter().filter(|(name, _)| name.as_str() != Self::COUNT)
        {
            others.insert(name.clone(), value.clone());
        }
        let queue = dead_name(&self.queue).ok()?;
        let properties = self.delivery.properties.clone().with_headers(others);
        Some((self, NewDelivery { queue, body: self.delivery.data.clone(), properties }))
    }
}

/// Dead letters that were taken out, on a connection of their own.
pub(super) struct Browse {
    pub(super) letters: Vec<TakenLetter>,
    /// Each queue with the channel that holds its letters.
    channels: Vec<(ShortString, Channel)>,
    /// When it is closed, the broker puts all letters back.
    connection: Connection,
}

impl RabbitMq {
    /// Takes dead letters, at most so many of each served queue, until `wanted` says so or there is none
    /// left.
    pub(super) async fn browse(
        &self,
        at_most: usize,
        wanted: impl Fn(&Delivery) -> bool,
    ) -> Result<Browse, BoxError> {
        let connection = self.broker.new_connection().await?;
        let mut browse = Browse { letters: Vec::new(), channels: Vec::new(), connection };
        for queue in &self.serves {
            let taken = browse.take(queue, dead_name(queue)?, at_most, &wanted).await;
            taken.map_err(|error| self.broker.error(&error))?;
            if browse.has_last(&wanted) {
                break;
            }
        }
        Ok(browse)
    }

    /// Takes dead letters until one of this id; the letter is apart from the others.
    pub(super) async fn browse_for(
        &self,
        id: &str,
    ) -> Result<(Browse, Option<TakenLetter>), BoxError> {
        let is = |letter: &Delivery| id_of(letter) == id;
        let mut browse = self.browse(usize::MAX, is).await?;
        let found = browse.letters.pop_if(|letter| is(&letter.delivery));
        Ok((browse, found))
    }
}

impl Browse {
    async fn take(
        &mut self,
        queue: &str,
        dead: ShortString,
        at_most: usize,
        wanted: impl Fn(&Delivery) -> bool,
    ) -> lapin::Result<()> {
        let channel = self.answered(self.connection.create_channel()).await?;
        for _ in 0..at_most {
            let get = channel.basic_get(dead.clone(), BasicGetOptions::default());
            match self.answered(get).await {
                Ok(Some(message)) => {
                    let (queue, delivery) = (queue.to_owned(), message.delivery);
                    self.letters.push(TakenLetter { queue, delivery });
                }
                Ok(None) => break,
                // The queue is declared with the first dead letter.
                Err(error) if is(&error, AMQPSoftError::NOTFOUND) => return Ok(()),
                Err(error) => return Err(error),
            }
            if self.has_last(&wanted) {
                break;
            }
        }
        self.channels.push((dead, channel));
        Ok(())
    }

    fn has_last(&self, wanted: impl Fn(&Delivery) -> bool) -> bool {
        self.letters.last().is_some_and(|letter| wanted(&letter.delivery))
    }

    /// Removes a letter for good.
    pub(super) async fn acknowledge(&self, letter: &TakenLetter) -> lapin::Result<()> {
        self.answered(letter.delivery.acker.ack(BasicAckOptions::default())).await.map(drop)
    }

    /// Puts all letters back that were not acknowledged.
    pub(super) async fn put_back(self) -> lapin::Result<()> {
        for (dead, channel) in &self.channels {
            // The broker answers the passive declaration once it has requeued all that this channel holds.
            let all = BasicNackOptions { multiple: true, requeue: true };
            self.answered(channel.basic_nack(0, all)).await?;
            let there = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let declared = channel.queue_declare(dead.clone(), there, FieldTable::default());
            self.answered(declared).await?;
        }
        // All letters are back, so an error of closing means nothing.
        let _ = self.answered(self.connection.close(200, "looked".into())).await;
        Ok(())
    }

    async fn answered<T>(&self, asked: impl Future<Output = lapin::Result<T>>) -> lapin::Result<T> {
        answered_in_time(|| self.connection.status().connected(), asked).await
    }
}
