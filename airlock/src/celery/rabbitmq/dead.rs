//! Dead letters in RabbitMQ: messages in a queue beside the one that they came from.

use std::time::SystemTime;

use jiff::Timestamp;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::protocol::AMQPSoftError;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection};
use serde_json::Value;

use crate::celery::rabbitmq::queues::{dead_name, is};
use crate::celery::rabbitmq::source::{forward, message_id};
use crate::celery::rabbitmq::table;
use crate::celery::{REASON, RabbitMq};
use crate::engine_error::EngineError;
use crate::private::BoxError;
use crate::rabbitmq::short;
use crate::worker::{DeadLetter, DeadLetters};

/// Headers that a dead letter has besides those of its message.
pub(super) const ATTEMPTS: &str = "airlock-attempts";
pub(super) const SINCE: &str = "airlock-since";
pub(super) const QUEUE: &str = "airlock-queue";

/// Dead letters that were taken out to be looked at.
struct Look {
    letters: Vec<Delivery>,
    /// Each queue with the channel that holds its letters.
    channels: Vec<(ShortString, Channel)>,
    /// When this is gone, all letters are where they were.
    connection: Connection,
}

impl RabbitMq {
    /// Takes dead letters of all served queues, until `enough` says so or there is none left.
    async fn look(&self, enough: impl Fn(&[Delivery]) -> bool) -> Result<Look, BoxError> {
        let connection = self.broker.new_connection().await?;
        let mut look = Look { letters: Vec::new(), channels: Vec::new(), connection };
        for queue in &self.serves {
            let taken = look.take(dead_name(queue)?, &enough).await;
            taken.map_err(|error| self.broker.trouble(&error))?;
        }
        Ok(look)
    }

    async fn look_for(&self, id: &str) -> Result<(Look, Option<Delivery>), BoxError> {
        let is = |letter: &Delivery| message_id(&letter.properties).as_deref() == Some(id);
        let mut look = self.look(|letters| letters.last().is_some_and(is)).await?;
        let found = look.letters.pop_if(|letter| is(letter));
        Ok((look, found))
    }
}

impl Look {
    async fn take(
        &mut self,
        dead: ShortString,
        enough: impl Fn(&[Delivery]) -> bool,
    ) -> lapin::Result<()> {
        let channel = self.connection.create_channel().await?;
        while !enough(&self.letters) {
            match channel.basic_get(dead.clone(), BasicGetOptions::default()).await {
                Ok(Some(message)) => self.letters.push(message.delivery),
                Ok(None) => break,
                // Nothing has died there yet.
                Err(error) if is(&error, AMQPSoftError::NOTFOUND) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.channels.push((dead, channel));
        Ok(())
    }

    /// Puts everything back but what was acknowledged.
    async fn end(self) -> lapin::Result<()> {
        for (dead, channel) in self.channels {
            // All that this channel holds. The question after it is answered when that is done.
            channel.basic_nack(0, BasicNackOptions { multiple: true, requeue: true }).await?;
            let there = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(dead, there, FieldTable::default()).await?;
        }
        // All is where it was, whatever becomes of the connection.
        let _ = self.connection.close(200, "looked".into()).await;
        Ok(())
    }
}

fn letter(delivery: &Delivery) -> DeadLetter {
    let headers = delivery.properties.headers().as_ref().map(table::json).unwrap_or_default();
    let text = |name: &str| headers.get(name).and_then(Value::as_str).map(str::to_owned);
    let since = text(SINCE).and_then(|since| since.parse::<Timestamp>().ok());
    let since = since.and_then(|since| SystemTime::try_from(since).ok());
    // Where the broker itself gave it up, as a queue's policy may say.
    let death = headers.get("x-death").and_then(|deaths| deaths.as_array()?.first()).cloned();
    let death = |name: &str| Some(death.as_ref()?.get(name)?.as_str()?.to_owned());
    let brokers = || Some(format!("RabbitMQ gave it up: {}", death("reason")?));
    let attempts = headers.get(ATTEMPTS).and_then(Value::as_u64);
    DeadLetter {
        id: message_id(&delivery.properties).unwrap_or_default(),
        queue: text(QUEUE).or_else(|| death("queue")).unwrap_or_default(),
        task: text("task"),
        body: delivery.data.clone(),
        reason: text(REASON).or_else(brokers).unwrap_or_default(),
        attempts: attempts.and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or_default(),
        since: since.unwrap_or(SystemTime::UNIX_EPOCH),
    }
}

/// Whoever looks takes the letters out for a moment and puts them back where they were: two who look
/// at the same time don't see the same ones.
impl DeadLetters for RabbitMq {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        let look = self.look(|letters| letters.len() >= at_most).await?;
        let mut letters: Vec<_> = look.letters.iter().map(letter).collect();
        self.put_back(look).await?;
        letters.sort_by_key(|letter| letter.since);
        Ok(letters)
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        let (look, found) = self.look_for(id).await?;
        self.put_back(look).await?;
        Ok(found.as_ref().map(letter))
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        let (look, found) = self.look_for(id).await?;
        if let Some(found) = &found {
            let queue = short("queue", &letter(found).queue)?;
            let again = vec![("retries", AMQPValue::LongLongInt(0)), ("eta", AMQPValue::Void)];
            let published = self.broker.publish(vec![forward(found, queue, again)?]).await;
            published.into_result().map_err(BoxError::from)?;
            self.acknowledge(found).await?;
        }
        self.put_back(look).await?;
        Ok(found.is_some())
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        let (look, found) = self.look_for(id).await?;
        if let Some(found) = &found {
            self.acknowledge(found).await?;
        }
        self.put_back(look).await?;
        Ok(found.is_some())
    }
}

impl RabbitMq {
    async fn acknowledge(&self, letter: &Delivery) -> Result<(), BoxError> {
        let acknowledged = letter.acker.ack(BasicAckOptions::default()).await;
        acknowledged.map(drop).map_err(|error| self.broker.trouble(&error))
    }

    async fn put_back(&self, look: Look) -> Result<(), BoxError> {
        look.end().await.map_err(|error| self.broker.trouble(&error))
    }
}
