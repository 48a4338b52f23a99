//! The queues of a worker: the served ones, those of dead letters, and those in which messages wait.

use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::shared::rabbitmq::{answered, short};
use crate::engines::shared::reserved;

/// How long messages wait in the delay queues, in milliseconds: each is four times the one before.
///
/// All messages of one queue wait equally long, because RabbitMQ only expires a queue's head. A longer wait
/// is several of these, one after another.
const STEPS: [u64; 10] =
    [125, 500, 2_000, 8_000, 32_000, 128_000, 512_000, 2_048_000, 8_192_000, 32_768_000];

impl RabbitMq {
    /// The arguments that queues are declared with.
    pub(super) fn arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        if let Some(most) = self.max_priority {
            arguments.insert("x-max-priority".into(), AMQPValue::LongInt(most.into()));
        }
        arguments
    }

    /// Declares a queue that is not known to exist.
    pub(super) async fn declare(
        &self,
        queue: &ShortString,
        arguments: FieldTable,
    ) -> Result<(), BoxError> {
        if self.broker.known().contains(queue) {
            return Ok(());
        }
        let asks = !arguments.inner().is_empty();
        let prioritized = arguments.inner().contains_key("x-max-priority");
        let publishing = self.broker.channel().await?;
        let durable = QueueDeclareOptions::durable();
        let lives = || publishing.channel.status().connected();
        let declared = publishing.channel.queue_declare(queue.clone(), durable, arguments);
        match answered(lives, declared).await {
            Ok(_) => publishing.release(),
            // It exists, and was declared with other arguments.
            Err(error) if is_otherwise(&error) && !asks => {}
            Err(error) if is_otherwise(&error) => {
                let instead = if prioritized { ", or leave out `.max_priority(…)`" } else { "" };
                return Err(format!(
                    "{}: the queue `{queue}` was declared otherwise: {error}. Delete it{instead}",
                    self.broker.address()
                )
                .into());
            }
            Err(error) => return Err(self.broker.error(&error)),
        }
        self.broker.known().insert(queue.clone());
        Ok(())
    }

    /// The queue of dead letters of a queue, declared.
    pub(super) async fn dead_queue(&self, queue: &str) -> Result<ShortString, BoxError> {
        let dead = dead_name(queue)?;
        self.declare(&dead, FieldTable::default()).await?;
        Ok(dead)
    }

    /// The queue in which a message waits that long, or a part of it, until it comes back to its own queue.
    pub(super) async fn delay_queue(
        &self,
        queue: &str,
        wait: Duration,
    ) -> Result<ShortString, BoxError> {
        let Some(step) = step(wait) else { return short("queue", queue) };
        let delay = short("queue", &format!("{queue}.delay.{step}"))?;
        let mut arguments = FieldTable::default();
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(step));
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
        let back = AMQPValue::LongString(queue.into());
        arguments.insert("x-dead-letter-routing-key".into(), back);
        self.declare(&delay, arguments).await?;
        Ok(delay)
    }
}

/// Refuses a queue that is the worker's queue of dead letters or of waiting messages beside another one.
pub(super) fn check(queue: &str) -> Result<(), BoxError> {
    reserved::check(queue, &[".dead"])?;
    STEPS.iter().try_for_each(|step| reserved::check(queue, &[&format!(".delay.{step}")]))
}

pub(super) fn dead_name(queue: &str) -> Result<ShortString, BoxError> {
    short("queue", &format!("{queue}.dead"))
}

/// The longest step that is no longer than a wait; the shortest for what is shorter.
fn step(wait: Duration) -> Option<u64> {
    let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let step = STEPS.into_iter().rev().find(|step| *step <= wait);
    (wait > 0).then_some(step.unwrap_or(STEPS[0]))
}

fn is_otherwise(error: &lapin::Error) -> bool {
    is(error, AMQPSoftError::PRECONDITIONFAILED)
}

/// Whether the error is this one of the broker.
pub(super) fn is(error: &lapin::Error, soft: AMQPSoftError) -> bool {
    matches!(
        error.kind(),
        lapin::ErrorKind::ProtocolError(error) if *error.kind() == AMQPErrorKind::Soft(soft)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_made_of_steps_that_are_never_too_long() {
        let step = |millis| step(Duration::from_millis(millis));
        assert_eq!(step(0), None);
        assert_eq!(step(1), Some(125));
        assert_eq!(step(499), Some(125));
        assert_eq!(step(500), Some(500));
        assert_eq!(step(3_600_000), Some(2_048_000));
        assert_eq!(step(u64::MAX), Some(32_768_000));
    }
}
