//! Running one message's task, and reporting that it has begun.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::SystemTime;

use crate::core::threads::tokio::select;
use crate::core::threads::tokio::sync::{mpsc, oneshot};
use crate::core::threads::tokio::time::sleep;
use crate::worker::run::Run;
use crate::worker::run::begin::{BegunMessage, REPORT_DELAY, is_reported_first};
use crate::worker::run::shutdown::Phase;
use crate::worker::{Message, MessageName, Settlement, log};

/// Runs the task of a message. Returns its name and receipt, and what became of it.
pub(super) async fn run_message<S, R>(
    run: &Run<S>,
    message: Message<R>,
    begun: &mpsc::UnboundedSender<BegunMessage<R>>,
) -> (MessageName, R, Settlement) {
    let reported_first = is_reported_first(&run.worker, &message);
    let Message { receipt, envelope, attempt, due, interrupted, .. } = message;
    let envelope = match envelope {
        Ok(envelope) => envelope,
        Err(error) => {
            let settlement = match error.due_since() {
                // A later version of the program may be on its way.
                Some(since) => run.worker.inner.unknown(Some(since), error.to_string()),
                None => Settlement::Dead { reason: error.to_string() },
            };
            if let Settlement::Dead { .. } = settlement {
                log::undecodable(&error);
            }
            return (MessageName::unknown(), receipt, settlement);
        }
    };
    let early = due.and_then(|due| due.duration_since(SystemTime::now()).ok());
    if let Some(after) = early.filter(|early| !early.is_zero()) {
        return (envelope.into(), receipt, Settlement::Retry { after, reason: None });
    }
    let (receipt, settlement) = {
        let attempted = pin!(async {
            select! {
                biased;
                settlement = run.worker.perform_one(&envelope, attempt, interrupted) => settlement,
                () = run.shutdown.reached(Phase::Aborting) => Settlement::Return,
            }
        });
        if reported_first {
            (receipt, attempted.await)
        } else {
            report_if_long(receipt, attempted, begun).await
        }
    };
    log::settled(&envelope, attempt, &settlement);
    (envelope.into(), receipt, settlement)
}

/// Runs an attempt, and reports that it has begun if it takes long.
async fn report_if_long<R>(
    receipt: R,
    mut attempted: Pin<&mut impl Future<Output = Settlement>>,
    begun: &mpsc::UnboundedSender<BegunMessage<R>>,
) -> (R, Settlement) {
    select! {
        biased;
        settlement = &mut attempted => return (receipt, settlement),
        () = sleep(REPORT_DELAY) => {}
    }
    let shared = Arc::new(receipt);
    let (reported, heard) = oneshot::channel();
    let _ = begun.send(BegunMessage { receipt: shared.clone(), reported });
    let settlement = attempted.await;
    // The engine is told of one thing after the other.
    let _ = heard.await;
    match Arc::into_inner(shared) {
        Some(receipt) => (receipt, settlement),
        None => unreachable!("the loop that reports has dropped it before"),
    }
}
