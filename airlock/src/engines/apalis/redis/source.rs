//! Redis as a worker's source.

use std::time::Duration;

use ::tokio::{select, time};

use crate::core::task::called::BoxError;
use crate::engines::apalis::failed_result;
use crate::engines::apalis::redis::Redis;
use crate::engines::apalis::redis::script::{self, ALIVE, BEGIN, LEAVE, RECEIVE, SETTLE};
use crate::engines::shared::redis::gone;
use crate::engines::shared::refusals::Refusals;
use crate::engines::shared::settling::attempts_made;
use crate::envelope::Envelope;
use crate::worker::{Message, Settled, Settlement, Source, within_heartbeat};

/// How many messages a script takes at most: Lua's stack holds about 8,000 values.
const MAX_RECEIVED: usize = 1_000;

/// How long to wait without a subscription.
const UNSUBSCRIBED_WAIT: Duration = Duration::from_secs(1);

/// How many heartbeats are missed before a worker counts as lost.
const MISSED_HEARTBEATS: u32 = 4;

/// Which message of which served queue, and which attempt it is.
#[derive(Clone, Debug)]
pub struct RedisReceipt {
    queue: usize,
    id: Vec<u8>,
    attempt: u32,
    taken_at: String,
}

/// The number of the queue, the id, the attempts made, the body, what became of its worker, and when it was taken.
type Taken = (usize, Vec<u8>, u32, Vec<u8>, String, String);

/// As a worker notes what it has received.
fn key((_, id, .., taken_at): &Taken) -> (Vec<u8>, String) {
    (id.clone(), taken_at.clone())
}

impl RedisReceipt {
    fn key(&self) -> (Vec<u8>, String) {
        (self.id.clone(), self.taken_at.clone())
    }
}

impl Source for Redis {
    type Receipt = RedisReceipt;

    fn served_queues(&self) -> Option<Vec<String>> {
        Some(self.served.names.clone())
    }

    fn default_queue(&self) -> Option<String> {
        Some(self.queue.clone())
    }

    async fn open(&self) -> Result<(), BoxError> {
        self.keep_alive().await
    }

    async fn wait(&self) {
        let mut given_up = self.server.given_up();
        let times = *given_up.borrow_and_update();
        let notified = async {
            match self.subscription.open(&self.client, &self.served, times).await {
                Ok(()) => select! {
                    () = self.subscription.notified() => {}
                    // The next wait subscribes anew.
                    _ = given_up.changed() => {}
                },
                // The worker polls then, and `receive` reports what is wrong.
                Err(_) => time::sleep(UNSUBSCRIBED_WAIT).await,
            }
        };
        let _ = time::timeout(self.poll, notified).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<RedisReceipt>>, BoxError> {
        let mut invocation = script::of(&RECEIVE, &self.served);
        invocation.arg(self.name.as_str()).arg(room.min(MAX_RECEIVED));
        let taken = self.call(&self.served, &invocation);
        let taken = self.received_ids.receive(taken, key).await?;
        let message = |(queue, id, attempts, body, lost, taken_at): Taken| {
            let attempt = attempts.saturating_add(1);
            let receipt = RedisReceipt { queue, id, attempt, taken_at };
            let envelope = if body.is_empty() { Err(gone()) } else { Envelope::from_json(&body) };
            Message::new(receipt, envelope)
                .attempt(attempt)
                .interrupted(!lost.is_empty())
                .waited(lost == "0")
        };
        Ok(taken.into_iter().map(message).collect())
    }

    async fn begin(&self, receipts: &[&RedisReceipt]) -> Result<Vec<usize>, BoxError> {
        let mut invocation = script::of(&BEGIN, &self.served);
        invocation.arg(self.name.as_str());
        for RedisReceipt { queue, id, attempt, taken_at } in receipts {
            invocation.arg(queue).arg(id).arg(taken_at).arg(attempt);
        }
        let lost: Vec<usize> = self.call(&self.served, &invocation).await?;
        let receipts = lost.iter().filter_map(|index| receipts.get(*index));
        self.received_ids.forget(receipts.map(|receipt| receipt.key()));
        Ok(lost)
    }

    async fn settle(&self, settled: &[Settled<RedisReceipt>]) -> Result<Vec<usize>, BoxError> {
        let refusals = self.settle_most(settled).await?;
        Ok(self.refused.keep(settled, refusals))
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        let alive = async |held: Option<Vec<(Vec<u8>, String)>>| {
            let mut invocation = script::of(&ALIVE, &self.served);
            invocation.arg(self.name.as_str()).arg(self.lost_after.as_secs_f64().to_string());
            invocation.arg(u8::from(held.is_some())).arg(held.unwrap_or_default());
            self.call_alive(&invocation).await
        };
        let interval = self.lost_after / MISSED_HEARTBEATS;
        within_heartbeat(interval, self.received_ids.release_others_now(alive)).await?;
        let settle = async |again: Vec<_>| self.settle_most(&again).await;
        self.refused.retry_beside_heartbeat(interval, settle).await;
        let server = self.server.clone();
        self.server.look(async move { server.warn_of_evictions().await });
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.lost_after / MISSED_HEARTBEATS)
    }

    async fn close(&self) -> Result<(), BoxError> {
        let settle = async |again: Vec<_>| self.settle_most(&again).await;
        let settled = self.refused.retry(settle).await;
        let mut invocation = script::of(&LEAVE, &self.served);
        invocation.arg(self.name.as_str());
        let left = self.call(&self.served, &invocation).await;
        settled.and(left)
    }
}

impl Redis {
    /// Settles messages, other than those that the server refuses.
    async fn settle_most(&self, settled: &[Settled<RedisReceipt>]) -> Result<Refusals, BoxError> {
        let mut invocation = script::of(&SETTLE, &self.served);
        invocation.arg(self.name.as_str());
        for Settled { receipt, settlement } in settled {
            let (kind, after, result) = match settlement {
                Settlement::Done => ("done", Duration::ZERO, String::new()),
                Settlement::Dead { reason } => ("dead", Duration::ZERO, failed_result(reason)),
                Settlement::Retry { after, reason } => {
                    ("retry", *after, reason.as_deref().map(failed_result).unwrap_or_default())
                }
                Settlement::Return => ("return", Duration::ZERO, String::new()),
            };
            invocation
                .arg(receipt.queue)
                .arg(&receipt.id)
                .arg(&receipt.taken_at)
                .arg(kind)
                .arg(attempts_made(receipt.attempt, settlement))
                .arg(after.as_secs_f64().to_string())
                .arg(result);
        }
        let (refused, reason, lost): (Vec<usize>, String, Vec<usize>) =
            self.call(&self.served, &invocation).await?;
        let mut refusals = Refusals::default();
        refusals.lost = lost;
        for index in refused {
            refusals.add(index, format!("{}: {reason}", self.served));
        }
        let settled = settled.iter().enumerate();
        let settled = settled.filter(|(index, _)| !refusals.indices.contains(index));
        self.received_ids.forget(settled.map(|(_, settled)| settled.receipt.key()));
        Ok(refusals)
    }
}
