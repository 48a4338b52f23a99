//! Reporting to the engine which tasks have begun.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::core::threads::tokio::select;
use crate::core::threads::tokio::sync::{mpsc, oneshot};
use crate::worker::run::Run;
use crate::worker::run::engine::call_until_ok;
use crate::worker::run::shutdown::Phase;
use crate::worker::run::steady::receive_many;
use crate::worker::{Message, Source, Worker};

/// How long a task runs before the engine is told that it has begun. Most end sooner, and are settled
/// without.
pub(super) const REPORT_DELAY: Duration = Duration::from_millis(50);

/// Whether the engine is told before the task begins, because it might never know otherwise: the message's
/// worker died, and it may kill this one at once; or there is no further attempt.
pub(super) fn is_reported_first<R>(worker: &Worker, message: &Message<R>) -> bool {
    let Message { envelope, attempt, interrupted, due, .. } = message;
    let Ok(envelope) = envelope else { return false };
    (*interrupted || worker.inner.attempts(envelope) <= *attempt)
        && due.is_none_or(|due| due <= SystemTime::now())
}

/// A message whose task has been running for a while.
pub(super) struct BegunMessage<R> {
    pub(super) receipt: Arc<R>,
    /// Answers once the engine has been told.
    pub(super) reported: oneshot::Sender<()>,
}

/// Tells the engine which tasks have begun, of many at once.
pub(super) async fn report_begun<S: Source>(
    run: Arc<Run<S>>,
    mut begun: mpsc::UnboundedReceiver<BegunMessage<S::Receipt>>,
) {
    const MAX_BATCH: usize = 1_000;
    let mut batch = Vec::new();
    while receive_many(&mut begun, &mut batch, MAX_BATCH).await > 0 {
        let receipts: Vec<&S::Receipt> = batch.iter().map(|begun| &*begun.receipt).collect();
        select! {
            biased;
            // This worker lives, and settles them itself.
            () = run.shutdown.reached(Phase::Draining) => {}
            // They run: if one of them is not this worker's any more, that is said when it is settled.
            _ = call_until_ok("begin", || run.source.begin(&receipts)) => {}
        }
        for BegunMessage { receipt, reported } in batch.drain(..) {
            // The task that hears of it takes the receipt back.
            drop(receipt);
            let _ = reported.send(());
        }
    }
}
