//! The worker's loops: receive messages, run their tasks, settle them, shut down.
//!
//! Messages go from [`receive`] to [`dispatch`], which runs each in a Tokio task of its own, and from
//! there to [`settle`]; [`begin`] reports to the engine which tasks run for long.

mod alone;
mod begin;
mod dispatch;
mod engine;
mod lease;
mod message;
mod receive;
mod settle;
mod shutdown;
mod start;
mod steady;

use std::pin::pin;
use std::sync::Arc;

use crate::core::panics::Panic;
use crate::core::threads::tokio::sync::{mpsc, watch};
use crate::core::threads::tokio::task::JoinError;
use crate::core::threads::tokio::{select, spawn};
use crate::worker::run::dispatch::Dispatcher;
use crate::worker::run::lease::{Lease, Moment};
use crate::worker::run::shutdown::{Phase, Shutdown, ShutdownOnDrop};
use crate::worker::{Served, Source, Worker, WorkerError};

impl Worker {
    /// Receives messages and runs their tasks until `shutdown` is ready, then shuts down gracefully.
    ///
    /// A worker that shuts down receives nothing more and returns what waits. What runs may finish within
    /// the [grace](crate::worker::WorkerBuilder::grace); what doesn't is returned too. An engine that does
    /// not answer delays this until 5 seconds after the grace at most. A worker whose future is dropped
    /// shuts down in the same way, in the background.
    ///
    /// An engine that does not answer is asked again, with backoff, until it does.
    ///
    /// # Errors
    ///
    /// [`WorkerError`] if the engine can't be opened. Nothing was received from it then.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, and where the source's `wait` does.
    pub async fn run<S: Source>(
        &self,
        source: S,
        shutdown: impl Future<Output = ()>,
    ) -> Result<Served, WorkerError> {
        let mut shutdown = pin!(shutdown);
        let opening = Moment::now();
        select! {
            biased;
            () = &mut shutdown => return Ok(self.served()),
            // Boxed, because it may be large, and is over soon.
            opened = Box::pin(source.open()) => opened.map_err(WorkerError::new)?,
        }
        start::log_served(self, &source);
        let running = ShutdownOnDrop::new();
        let mut loops = spawn(run_loops(self.clone(), source, opening, running.phase()));
        let ended = select! {
            biased;
            () = &mut shutdown => {
                drop(running);
                loops.await
            }
            ended = &mut loops => ended,
        };
        match ended.map_err(JoinError::try_into_panic) {
            // Whatever is unsettled is delivered again.
            Err(Ok(panic)) => Panic::from(panic).resume(),
            _ => Ok(self.served()),
        }
    }
}

/// One run of a worker: what its loops share.
struct Run<S> {
    worker: Worker,
    source: S,
    lease: Lease,
    shutdown: Shutdown,
}

/// Runs all loops until the worker has shut down.
async fn run_loops<S: Source>(
    worker: Worker,
    source: S,
    opened: Moment,
    phase: watch::Sender<Phase>,
) {
    let grace = worker.inner.grace;
    let lease = Lease::new(source.heartbeat(), opened);
    let run = Arc::new(Run { worker, source, lease, shutdown: Shutdown::of(&phase) });
    let loops = async {
        let (received, to_dispatch) = mpsc::unbounded_channel();
        let (ended, to_settle) = mpsc::unbounded_channel();
        let settling = spawn({
            let run = run.clone();
            async move {
                select! {
                    () = settle::settle_messages(&run, to_settle) => {}
                    () = engine::keep_alive(&run) => {}
                }
            }
        });
        let dispatcher = Dispatcher::new(run.clone(), ended);
        let dispatching = spawn(dispatcher.dispatch(to_dispatch));
        receive::receive_messages(&run, received).await;
        let _ = dispatching.await;
        let _ = settling.await;
        engine::close(&run).await;
    };
    select! {
        biased;
        () = loops => {}
        () = shutdown::advance(&phase, grace) => {}
    }
}
