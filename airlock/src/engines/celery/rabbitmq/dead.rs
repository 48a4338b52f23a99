//! Dead letters in RabbitMQ: messages in a queue beside the one that they came from.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::protocol::AMQPSoftError;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection};
use serde_json::Value;

use crate::core::task::called::BoxError;
use crate::engines::celery::rabbitmq::queues::{dead_name, is};
use crate::engines::celery::rabbitmq::source::{forward, message_id, own_headers};
use crate::engines::celery::rabbitmq::table;
use crate::engines::celery::{REASON, RabbitMq};
use crate::engines::shared::rabbitmq::{answered_in_time, short};
use crate::worker::engine_error::EngineError;
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
    /// Takes dead letters, at most so many of each served queue, until `wanted` says so or there is none
    /// left.
    async fn look(
        &self,
        at_most: usize,
        wanted: impl Fn(&Delivery) -> bool,
    ) -> Result<Look, BoxError> {
        let connection = self.broker.new_connection().await?;
        let mut look = Look { letters: Vec::new(), channels: Vec::new(), connection };
        for queue in &self.serves {
            let taken = look.take(dead_name(queue)?, at_most, &wanted).await;
            taken.map_err(|error| self.broker.trouble(&error))?;
            if look.letters.last().is_some_and(&wanted) {
                break;
            }
        }
        Ok(look)
    }

    async fn look_for(&self, id: &str) -> Result<(Look, Option<Delivery>), BoxError> {
        let is = |letter: &Delivery| id_of(letter) == id;
        let mut look = self.look(usize::MAX, is).await?;
        let found = look.letters.pop_if(|letter| is(letter));
        Ok((look, found))
    }
}

impl Look {
    async fn take(
        &mut self,
        dead: ShortString,
        at_most: usize,
        wanted: impl Fn(&Delivery) -> bool,
    ) -> lapin::Result<()> {
        let channel = self.answered(self.connection.create_channel()).await?;
        for _ in 0..at_most {
            let get = channel.basic_get(dead.clone(), BasicGetOptions::default());
            match self.answered(get).await {
                Ok(Some(message)) => self.letters.push(message.delivery),
                Ok(None) => break,
                // Nothing has died there yet.
                Err(error) if is(&error, AMQPSoftError::NOTFOUND) => return Ok(()),
                Err(error) => return Err(error),
            }
            if self.letters.last().is_some_and(&wanted) {
                break;
            }
        }
        self.channels.push((dead, channel));
        Ok(())
    }

    async fn acknowledge(&self, letter: &Delivery) -> lapin::Result<()> {
        self.answered(letter.acker.ack(BasicAckOptions::default())).await.map(drop)
    }

    /// Puts everything back but what was acknowledged.
    async fn end(self) -> lapin::Result<()> {
        for (dead, channel) in &self.channels {
            // All that this channel holds. The question after it is answered when that is done.
            let all = BasicNackOptions { multiple: true, requeue: true };
            self.answered(channel.basic_nack(0, all)).await?;
            let there = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let declared = channel.queue_declare(dead.clone(), there, FieldTable::default());
            self.answered(declared).await?;
        }
        // All is where it was, whatever becomes of the connection.
        let _ = self.answered(self.connection.close(200, "looked".into())).await;
        Ok(())
    }

    async fn answered<T>(&self, asked: impl Future<Output = lapin::Result<T>>) -> lapin::Result<T> {
        answered_in_time(|| self.connection.status().connected(), asked).await
    }
}

/// By what a letter is known. One that the broker gave up may have no id: then it is what it says, and
/// letters that say the same need not be told apart.
fn id_of(letter: &Delivery) -> String {
    /// FNV-1a, which is the same in every process.
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let made_up = || {
        let headers = table::json(&own_headers(&letter.properties));
        let headers = Value::Object(headers).to_string();
        let digest = headers
            .bytes()
            .chain(letter.data.iter().copied())
            .fold(BASIS, |digest, byte| (digest ^ u128::from(byte)).wrapping_mul(PRIME));
        format!("{digest:032x}")
    };
    message_id(&letter.properties).filter(|id| !id.is_empty()).unwrap_or_else(made_up)
}

fn letter(delivery: &Delivery) -> DeadLetter {
    let headers = delivery.properties.headers().as_ref().map(table::json).unwrap_or_default();
    let text = |name: &str| headers.get(name).and_then(Value::as_str).map(str::to_owned);
    // Where the broker itself gave it up, as a queue's policy may say; the time is in whole seconds.
    let death = headers.get("x-death").and_then(|deaths| deaths.as_array()?.first()).cloned();
    let death = |name: &str| death.as_ref()?.get(name).cloned();
    let death_text = |name: &str| Some(death(name)?.as_str()?.to_owned());
    let brokers = || Some(format!("RabbitMQ gave it up: {}", death_text("reason")?));
    let since = text(SINCE).and_then(|since| since.parse::<Timestamp>().ok());
    let since = since.and_then(|since| SystemTime::try_from(since).ok());
    let died = || SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(death("time")?.as_u64()?));
    let attempts = headers.get(ATTEMPTS).and_then(Value::as_u64);
    DeadLetter {
        id: id_of(delivery),
        queue: text(QUEUE).or_else(|| death_text("queue")).unwrap_or_default(),
        task: text("task"),
        body: delivery.data.clone(),
        reason: text(REASON).or_else(brokers).unwrap_or_default(),
        attempts: attempts.and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or_default(),
        since: since.or_else(died).unwrap_or(SystemTime::UNIX_EPOCH),
    }
}

/// Whoever looks takes the letters out for a moment and puts them back where they were: two who look
/// at the same time don't see the same ones.
impl DeadLetters for RabbitMq {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        // Those of one queue are in order, and any queue may have the oldest.
        let look = self.look(at_most, |_| false).await?;
        let mut letters: Vec<_> = look.letters.iter().map(letter).collect();
        self.put_back(look).await?;
        letters.sort_by_key(|letter| letter.since);
        letters.truncate(at_most);
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
            let again = vec![
                ("retries", AMQPValue::LongLongInt(0)),
                ("eta", AMQPValue::Void),
                // What is to be tried again is still worth running.
                ("expires", AMQPValue::Void),
            ];
            let published = self.broker.publish(vec![forward(found, queue, again)?]).await;
            published.into_result().map_err(BoxError::from)?;
            self.acknowledge(&look, found).await?;
        }
        self.put_back(look).await?;
        Ok(found.is_some())
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        let (look, found) = self.look_for(id).await?;
        if let Some(found) = &found {
            self.acknowledge(&look, found).await?;
        }
        self.put_back(look).await?;
        Ok(found.is_some())
    }
}

impl RabbitMq {
    async fn acknowledge(&self, look: &Look, letter: &Delivery) -> Result<(), BoxError> {
        look.acknowledge(letter).await.map_err(|error| self.broker.trouble(&error))
    }

    async fn put_back(&self, look: Look) -> Result<(), BoxError> {
        look.end().await.map_err(|error| self.broker.trouble(&error))
    }
}
