//! Waiting for the flushes that are still pending, at shutdown.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tokio::sync::watch::{Receiver, Sender};

/// Each wait makes one, for the flushes after it; a flush that begins now belongs to the last.
static FLUSHES: Mutex<Vec<Sender<()>>> = Mutex::new(Vec::new());

/// Waits for the flushes of all requests that were handled before, and of all transactions that were committed,
/// on whatever runtime: also for those whose client has gone, and, with `after_response`, for those that have yet
/// to begin when the response has ended.
///
/// A server that shuts down gracefully waits for its responses, and so for no flush whose client has gone. Call
/// this when it has ended, and before the runtime does. It has no limit of its own: a response that goes on for
/// hours keeps what is to leave after it as long.
///
/// Whether they succeeded is in the log, as ever. What an executor has handed over is done when the executor says
/// so, such as [`Tasks::finished`](crate::tokio::Tasks::finished).
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
///
/// use airlock::tokio::wait_for_flushes;
/// use tokio::time::timeout;
///
/// # async fn example(server: impl Future<Output = std::io::Result<()>>) -> std::io::Result<()> {
/// server.await?;                                              // has shut down gracefully
/// if timeout(Duration::from_secs(10), wait_for_flushes()).await.is_err() {
///     eprintln!("some effects did not leave in time");
/// }
/// # Ok(())
/// # }
/// ```
pub async fn wait_for_flushes() {
    let before = {
        let mut flushes = flushes();
        flushes.retain(|flushes| flushes.receiver_count() > 0);
        let before = flushes.clone();
        // What begins from here on is not waited for: a server that goes on would never let this one end.
        flushes.push(Sender::new(()));
        before
    };
    for flushes in before {
        flushes.closed().await;
    }
}

/// A flush that was decided; it has ended when this is dropped.
pub(crate) fn decided() -> Receiver<()> {
    let mut flushes = flushes();
    if flushes.is_empty() {
        flushes.push(Sender::new(()));
    }
    flushes[flushes.len() - 1].subscribe()
}

fn flushes() -> MutexGuard<'static, Vec<Sender<()>>> {
    FLUSHES.lock().unwrap_or_else(PoisonError::into_inner)
}
