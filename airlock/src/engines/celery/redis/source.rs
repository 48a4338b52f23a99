//! Redis' lists as a worker's source.

use std::time::Duration;

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;
use crate::engines::celery::redis::RedisReceipt;
use crate::engines::celery::redis::receive::HeldTags;
use crate::engines::celery::redis::script::BEGIN;
use crate::engines::celery::redis::wait::Waiting;
use crate::engines::shared::refusals::Refused;
use crate::engines::shared::round_robin::RoundRobin;
use crate::worker::{Message, Settled, Source, within_heartbeat};

/// What a worker has in flight.
#[derive(Default)]
pub(super) struct RedisConsumer {
    pub(super) held: HeldTags,
    pub(super) waiting: Waiting,
    /// Messages that stay unsettled, because the server refuses what has to be written first.
    refused: Refused<RedisReceipt>,
    turns: RoundRobin,
}

impl Source for Redis {
    type Receipt = RedisReceipt;

    fn served_queues(&self) -> Option<Vec<String>> {
        Some(self.serves.clone())
    }

    fn default_queue(&self) -> Option<String> {
        Some(self.queue.clone())
    }

    async fn open(&self) -> Result<(), BoxError> {
        self.serves.iter().try_for_each(|queue| self.keys.check(queue))?;
        self.warn_of_misplaced(&self.serves, true).await;
        self.server.warn_of_evictions().await;
        Ok(())
    }

    async fn wait(&self) {
        self.wait_for_messages().await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<RedisReceipt>>, BoxError> {
        let take = |index: usize, room| self.receive_from(&self.serves[index], room);
        self.consumer.turns.receive(self.serves.len(), room, take).await
    }

    async fn begin(&self, receipts: &[&RedisReceipt]) -> Result<Vec<usize>, BoxError> {
        let mut lost = Vec::new();
        for queue in &self.serves {
            let of_queue = receipts.iter().enumerate().filter(|(_, one)| one.queue == *queue);
            let (places, tags): (Vec<_>, Vec<_>) =
                of_queue.map(|(place, receipt)| (place, &*receipt.tag)).unzip();
            if !tags.is_empty() {
                let not_held: Vec<usize> = self
                    .run(&BEGIN, |script| {
                        script.key(self.keys.held(queue)).key(self.keys.begun(queue)).arg(&tags);
                    })
                    .await?;
                self.consumer.held.forget(not_held.iter().map(|index| tags[*index]));
                lost.extend(not_held.iter().map(|index| places[*index]));
            }
        }
        Ok(lost)
    }

    async fn settle(&self, settled: &[Settled<RedisReceipt>]) -> Result<Vec<usize>, BoxError> {
        let refusals = self.settle_most(settled).await?;
        Ok(self.consumer.refused.keep(settled, refusals))
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        let interval = self.lease / 3;
        within_heartbeat(interval, self.extend_leases()).await?;
        let settle = async |again: Vec<_>| self.settle_most(&again).await;
        self.consumer.refused.retry_beside_heartbeat(interval, settle).await;
        let celery = self.clone();
        self.server.look(async move {
            celery.warn_of_misplaced(&celery.serves, false).await;
            celery.server.warn_of_evictions().await;
        });
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.lease / 3)
    }

    async fn close(&self) -> Result<(), BoxError> {
        let settle = async |again: Vec<_>| self.settle_most(&again).await;
        self.consumer.refused.retry(settle).await
    }
}
