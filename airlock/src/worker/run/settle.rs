//! Telling the engine what became of messages.

use std::iter::from_fn;
use std::pin::pin;
use std::sync::Arc;

use crate::core::threads::tokio::select;
use crate::core::threads::tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use crate::worker::run::Run;
use crate::worker::run::alone::RunGuard;
use crate::worker::run::engine::call_until_ok;
use crate::worker::run::receive::places;
use crate::worker::run::shutdown::Phase;
use crate::worker::run::steady::{receive_many, until_steady};
use crate::worker::{MessageName, Settled, Settlement, Source, Worker, log};

/// A message that has ended, with what it occupies until it is settled.
pub(super) struct EndedMessage<R> {
    name: MessageName,
    settled: Settled<R>,
    occupied: Occupied,
}

/// What a message occupies in its worker: its place, and the lock if it has begun.
pub(super) type Occupied = (Option<OwnedSemaphorePermit>, Option<RunGuard>);

/// Gives messages that have ended to [`settle_messages`].
pub(super) struct Settling<R> {
    worker: Worker,
    ended: mpsc::UnboundedSender<EndedMessage<R>>,
    /// As many places again as the worker has, for messages that have ended and are not settled: so the
    /// worker receives and settles at the same time.
    places: Arc<Semaphore>,
}

impl<R> Settling<R> {
    pub(super) fn new(worker: Worker, ended: mpsc::UnboundedSender<EndedMessage<R>>) -> Self {
        let places = places(&worker);
        Self { worker, ended, places }
    }

    /// A place among the messages that have ended, in exchange for the message's own. If none is free, it
    /// keeps its own.
    pub(super) fn exchange(
        &self,
        own: Option<OwnedSemaphorePermit>,
    ) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok().or(own)
    }

    /// Counts what became of a message, and settles it with those that end meanwhile.
    pub(super) fn settle(
        &self,
        name: MessageName,
        receipt: R,
        settlement: Settlement,
        occupied: Occupied,
    ) {
        self.worker.inner.counters.count(&settlement);
        let settled = Settled { receipt, settlement };
        // The loop that settles goes on for as long as there are senders.
        let _ = self.ended.send(EndedMessage { name, settled, occupied });
    }
}

/// Tells the engine what became of messages, of all that have ended meanwhile at once.
pub(super) async fn settle_messages<S: Source>(
    run: &Run<S>,
    mut ended: mpsc::UnboundedReceiver<EndedMessage<S::Receipt>>,
) {
    const MAX_BATCH: usize = 1_000;
    let mut abandoning = pin!(run.shutdown.reached(Phase::Abandoning));
    let mut abandoned = false;
    let mut batch = Vec::new();
    while receive_many(&mut ended, &mut batch, MAX_BATCH).await > 0 {
        until_steady(|| {
            let room = MAX_BATCH.saturating_sub(batch.len());
            batch.extend(from_fn(|| ended.try_recv().ok()).take(room));
            batch.len()
        })
        .await;
        let (mut names, mut settled, mut occupied) = (Vec::new(), Vec::new(), Vec::new());
        for one in batch.drain(..) {
            names.push(one.name);
            settled.push(one.settled);
            occupied.push(one.occupied);
        }
        select! {
            biased;
            (stale, failures) = call_until_ok("settle", || run.source.settle(&settled)), if !abandoned => {
                let stale: Vec<_> = stale.iter().filter_map(|index| names.get(*index)).collect();
                run.worker.inner.counters.stale(stale.len());
                log::stale(&stale, failures > 0);
            }
            () = &mut abandoning, if !abandoned => abandoned = true,
            else => {}
        }
        if abandoned {
            run.worker.inner.counters.untold(settled.len());
            log::untold(settled.len());
        }
        drop(occupied);
    }
}
