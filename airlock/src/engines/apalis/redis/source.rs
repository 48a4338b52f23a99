//! Receiving, and telling what became of messages.

use std::time::Duration;

use ::tokio::time;

use crate::core::task::called::BoxError;
use crate::engines::apalis::redis::Redis;
use crate::engines::apalis::redis::script::{self, ALIVE, BEGIN, LEAVE, RECEIVE, SETTLE};
use crate::envelope::Envelope;
use crate::worker::{Message, Settled, Settlement, Source};

/// How many messages a script takes, at most: Lua's stack holds about 8,000 values.
const AT_ONCE: usize = 1_000;

/// How long to wait where there is no notification.
const UNHEARD: Duration = Duration::from_secs(1);

/// How many signs of life a worker gives before it is taken to be lost.
const BEATS: u32 = 4;

/// Which message of which of a handle's queues, at its how manyeth attempt.
#[derive(Clone, Debug)]
pub struct RedisReceipt {
    queue: usize,
    id: Vec<u8>,
    attempt: u32,
    taken_at: String,
}

/// The number of the queue, the id, the attempts made, the body, whether its worker died, and when it
/// was taken.
type Taken = (usize, Vec<u8>, u32, Vec<u8>, bool, String);

impl Source for Redis {
    type Receipt = RedisReceipt;

    async fn open(&self) -> Result<(), BoxError> {
        self.keep_alive().await
    }

    async fn wait(&self) {
        let rings = async {
            match self.bell.hang(&self.client, &self.served).await {
                Ok(()) => self.bell.rings().await,
                // The worker looks for itself then, and what is wrong it hears when it looks.
                Err(_) => time::sleep(UNHEARD).await,
            }
        };
        let _ = time::timeout(self.poll, rings).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<RedisReceipt>>, BoxError> {
        let mut invocation = script::of(&RECEIVE, &self.served);
        invocation.arg(&self.worker).arg(room.min(AT_ONCE));
        let taken = self.call(&self.served, &invocation);
        let taken = self.received_ids.receive(taken, |(_, id, ..): &Taken| id.clone()).await?;
        let message = |(queue, id, attempts, body, interrupted, taken_at): Taken| {
            let attempt = attempts.saturating_add(1);
            let receipt = RedisReceipt { queue, id, attempt, taken_at };
            Message::new(receipt, Envelope::from_json(&body))
                .attempt(attempt)
                .interrupted(interrupted)
        };
        Ok(taken.into_iter().map(message).collect())
    }

    async fn begin(&self, receipts: &[&RedisReceipt]) -> Result<(), BoxError> {
        let mut invocation = script::of(&BEGIN, &self.served);
        invocation.arg(&self.worker);
        for RedisReceipt { queue, id, attempt, .. } in receipts {
            invocation.arg(queue).arg(id).arg(attempt);
        }
        self.call(&self.served, &invocation).await
    }

    async fn settle(&self, settled: &[Settled<RedisReceipt>]) -> Result<(), BoxError> {
        let mut invocation = script::of(&SETTLE, &self.served);
        invocation.arg(&self.worker);
        for Settled { receipt, settlement } in settled {
            let made = receipt.attempt;
            let (kind, attempts, after, result) = match settlement {
                Settlement::Done => ("done", made, Duration::ZERO, String::new()),
                Settlement::Dead { reason } => ("dead", made, Duration::ZERO, failed(reason)),
                Settlement::Retry { after, reason: Some(reason) } => {
                    ("retry", made, *after, failed(reason))
                }
                Settlement::Retry { after, reason: None } => {
                    ("retry", made - 1, *after, String::new())
                }
                Settlement::Return => ("return", made - 1, Duration::ZERO, String::new()),
            };
            invocation
                .arg(receipt.queue)
                .arg(&receipt.id)
                .arg(&receipt.taken_at)
                .arg(kind)
                .arg(attempts)
                .arg(after.as_secs_f64().to_string())
                .arg(result);
        }
        self.call::<()>(&self.served, &invocation).await?;
        self.received_ids.forget(settled.iter().map(|settled| &settled.receipt.id));
        Ok(())
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        let say = async |held: Vec<Vec<u8>>| {
            let mut invocation = script::of(&ALIVE, &self.served);
            invocation.arg(&self.worker).arg(self.lost_after.as_secs_f64().to_string()).arg(held);
            self.call(&self.served, &invocation).await
        };
        self.received_ids.release_others(say).await
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.lost_after / BEATS)
    }

    async fn close(&self) -> Result<(), BoxError> {
        let mut invocation = script::of(&LEAVE, &self.served);
        invocation.arg(&self.worker);
        self.call(&self.served, &invocation).await
    }
}

/// The result of a failed job, as apalis writes it.
fn failed(reason: &str) -> String {
    serde_json::json!({ "Err": reason }).to_string()
}
