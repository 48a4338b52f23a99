//! The engine as a worker and an executor see it.

use std::collections::VecDeque;
use std::time::Duration;

use airlock::envelope::{Envelope, of_batch};
use airlock::worker::{Message, Settled, Source};
use airlock::{Batch, BoxError, DispatchError, Executor};
use tokio::time::Instant;

use super::Memory;
use super::state::Delivery;

impl Source for Memory {
    type Receipt = u64;

    async fn open(&self) -> Result<(), BoxError> {
        self.call("open").await
    }

    async fn wait(&self) {
        let a_while = tokio::time::sleep(Duration::from_millis(5));
        futures::future::select(std::pin::pin!(self.0.changed.notified()), std::pin::pin!(a_while))
            .await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<u64>>, BoxError> {
        self.call("receive").await?;
        let mut state = self.state();
        let state = &mut *state;
        let now = Instant::now();
        let (mut ready, later): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut state.queue)
            .into_iter()
            .partition(|delivery| delivery.not_before.is_none_or(|time| time <= now));
        let taken: Vec<_> = ready.drain(..room.min(ready.len())).collect();
        state.queue = ready;
        state.queue.extend(later);
        let message = |delivery: &Delivery| {
            Message::new(delivery.number, Envelope::from_json(&delivery.body))
                .attempt(delivery.attempt)
                .due(delivery.due)
                .interrupted(delivery.interrupted)
                .waited(delivery.waited)
        };
        let messages = taken.iter().map(message).collect();
        state.held.extend(taken.into_iter().map(|delivery| (delivery.number, delivery)));
        state.most_held = state.most_held.max(state.held.len());
        self.0.changed.notify_waiters();
        Ok(messages)
    }

    async fn begin(&self, receipts: &[&u64]) -> Result<Vec<usize>, BoxError> {
        self.call("begin").await?;
        let mut state = self.state();
        state.begun.push(receipts.iter().map(|receipt| **receipt).collect());
        let receipts = receipts.iter().enumerate();
        let lost = receipts.filter(|(_, receipt)| state.taken_over.contains(**receipt));
        Ok(lost.map(|(index, _)| index).collect())
    }

    fn is_held(&self, receipt: &u64) -> bool {
        !self.state().disconnected.contains(receipt)
    }

    async fn settle(&self, settled: &[Settled<u64>]) -> Result<Vec<usize>, BoxError> {
        self.state().settled.push(settled.iter().map(|settled| settled.receipt).collect());
        self.call("settle").await?;
        let mut lost = Vec::new();
        for (index, Settled { receipt, settlement }) in settled.iter().enumerate() {
            let mut state = self.state();
            if state.taken_over.contains(receipt) {
                lost.push(index);
            } else {
                state.settle(*receipt, settlement);
            }
        }
        self.0.changed.notify_waiters();
        Ok(lost)
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        self.call("keep_alive").await
    }

    fn heartbeat(&self) -> Option<Duration> {
        self.state().heartbeat
    }

    async fn close(&self) -> Result<(), BoxError> {
        self.call("close").await
    }
}

/// What is flushed to it waits in the queue, so that cascades go through the worker.
impl Executor for Memory {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        for envelope in of_batch(batch, "Memory", &["queue", "max_attempts"])? {
            self.send_envelope(&envelope);
        }
        Ok(())
    }
}
