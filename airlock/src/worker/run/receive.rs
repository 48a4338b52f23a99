//! Receiving messages, as many as the worker has places for.

use std::pin::pin;
use std::sync::Arc;

use crate::core::threads::tokio::select;
use crate::core::threads::tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use crate::core::threads::tokio::time::sleep;
use crate::worker::run::Run;
use crate::worker::run::engine::{OUTAGE_BACKOFF, call};
use crate::worker::run::lease::Term;
use crate::worker::run::shutdown::Phase;
use crate::worker::run::steady::until_steady;
use crate::worker::{Message, Source, Worker, log};

/// A message that was received.
pub(super) struct Received<R> {
    pub(super) message: Message<R>,
    /// Its place in the worker. A source that gives more than it was asked for leaves some without.
    pub(super) place: Option<OwnedSemaphorePermit>,
    /// The term of the worker's lease in which it was asked for.
    pub(super) term: Term,
}

/// The places of a worker: as many as its concurrency and its prefetch together.
pub(super) fn places(worker: &Worker) -> Arc<Semaphore> {
    let places = worker.inner.concurrency.saturating_add(worker.inner.prefetch);
    Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)))
}

/// Receives messages until the worker shuts down.
pub(super) async fn receive_messages<S: Source>(
    run: &Run<S>,
    received: mpsc::UnboundedSender<Received<S::Receipt>>,
) {
    let mut draining = pin!(run.shutdown.reached(Phase::Draining));
    let mut abandoning = pin!(run.shutdown.reached(Phase::Abandoning));
    let least = u32::try_from((run.worker.inner.prefetch / 2).max(1)).unwrap_or(u32::MAX);
    let places = places(&run.worker);
    let mut failures = 0;
    loop {
        let mut free = select! {
            biased;
            () = &mut draining => return,
            free = acquire(&places, least) => free,
        };
        take_all(&places, &mut free).await;
        // A worker whose heartbeat is late may count as lost: what it received would be taken over at once.
        let term = select! {
            biased;
            () = &mut draining => return,
            term = run.lease.renewed() => term,
        };
        let answer = select! {
            biased;
            answer = call(run.source.receive(free.num_permits())) => answer,
            () = &mut abandoning => return,
        };
        match answer {
            Ok(messages) => {
                failures = 0;
                let is_empty = messages.is_empty();
                log::taken_over(&messages);
                for message in messages {
                    let place = free.split(1);
                    if received.send(Received { message, place, term }).is_err() {
                        return;
                    }
                }
                if !is_empty {
                    continue;
                }
            }
            Err(error) => {
                failures += 1;
                log::engine_trouble("receive", &error);
            }
        }
        drop(free);
        let paused = async {
            match failures {
                0 => run.source.wait().await,
                _ => sleep(OUTAGE_BACKOFF.after(failures)).await,
            }
        };
        select! {
            biased;
            () = &mut draining => return,
            () = paused => {}
        }
    }
}

async fn acquire(places: &Arc<Semaphore>, least: u32) -> OwnedSemaphorePermit {
    match places.clone().acquire_many_owned(least).await {
        Ok(free) => free,
        Err(_) => unreachable!("nobody closes the semaphore"),
    }
}

/// Takes all other places as well, once no more become free at once.
async fn take_all(places: &Arc<Semaphore>, free: &mut OwnedSemaphorePermit) {
    until_steady(|| places.available_permits()).await;
    let more = u32::try_from(places.available_permits()).unwrap_or(u32::MAX);
    if more > 0
        && let Ok(more) = places.clone().try_acquire_many_owned(more)
    {
        free.merge(more);
    }
}
