//! Redis' lists as a worker's source.

use std::time::Duration;

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;
use crate::engines::celery::redis::receive::HeldTags;
use crate::engines::celery::redis::script::BEGIN;
use crate::engines::celery::redis::wait::Waiting;
use crate::engines::celery::redis::{RedisReceipt, keys};
use crate::engines::shared::round_robin::RoundRobin;
use crate::worker::{Message, Settled, Source};

/// What a worker has in flight.
#[derive(Default)]
pub(super) struct RedisConsumer {
    pub(super) held: HeldTags,
    pub(super) waiting: Waiting,
    turns: RoundRobin,
}

impl Source for Redis {
    type Receipt = RedisReceipt;

    async fn wait(&self) {
        self.wait_for_messages().await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<RedisReceipt>>, BoxError> {
        let take = |index: usize, room| self.receive_from(&self.serves[index], room);
        self.consumer.turns.receive(self.serves.len(), room, take).await
    }

    async fn begin(&self, receipts: &[&RedisReceipt]) -> Result<(), BoxError> {
        for queue in &self.serves {
            let of_queue = receipts.iter().filter(|receipt| receipt.queue == *queue);
            let tags: Vec<_> = of_queue.map(|receipt| &*receipt.tag).collect();
            if !tags.is_empty() {
                let () = self
                    .run(&BEGIN, |script| {
                        script.key(keys::held(queue)).key(keys::begun(queue)).arg(tags);
                    })
                    .await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, settled: &[Settled<RedisReceipt>]) -> Result<(), BoxError> {
        for queue in &self.serves {
            self.settle_in(queue, settled).await?;
        }
        Ok(())
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        self.extend_leases().await
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.lease / 3)
    }
}
