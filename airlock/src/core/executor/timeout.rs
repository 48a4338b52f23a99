//! A limit on how long a dispatch may take.

use std::fmt;
use std::time::Duration;

use crate::core::executor::ledger::MaybeSent;
use crate::core::executor::parts::Parts;
use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::timer::with_timer;

/// Gives up on a dispatch that takes longer than a limit.
///
/// The dispatch is dropped where it waits. What is known to have left counts as dispatched; the rest
/// fails with a text that says that it may have left, and is handed back. To send it again is to have
/// it run at least once.
///
/// An executor that does not await, such as one that runs sync tasks here, can't be interrupted.
///
/// In a runtime that was built without `enable_time`, a thread of airlock's keeps the time. That a runtime
/// is one of these Tokio tells with a panic, which is caught; a panic hook hears of it once. In a program that is built
/// with `panic = "abort"` it keeps the time for every runtime.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use airlock::{Batch, DispatchError, Executor, Timeout};
///
/// struct Unreachable;
///
/// impl Executor for Unreachable {
///     async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
///         std::future::pending().await
///     }
/// }
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let error = airlock::scope()
///     .executor(Timeout::new(Unreachable, Duration::from_millis(10)))
///     .run(|| send_mail::enqueue(42))
///     .unwrap_err();
/// assert!(error.to_string().contains("not done within 10ms: it may have left all the same"));
/// assert_eq!(error.into_intents().len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Timeout<E> {
    executor: E,
    limit: Duration,
}

impl<E: Executor> Timeout<E> {
    /// Gives `executor` so much time for each batch.
    pub fn new(executor: E, limit: Duration) -> Self {
        Self { executor, limit }
    }
}

impl<E: Executor> Executor for Timeout<E> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut parts = Parts::new(batch);
        let all = parts.rest(|_| true);
        let sent = parts.send(&self.executor, all);
        let timed = with_timer(|| tokio::time::timeout(self.limit, sent));
        if timed.map_err(DispatchError::refused)?.await.is_err() {
            let limit = self.limit;
            parts.explain(|index, known| {
                let known = known
                    .filter(|error| !matches!(error.downcast_ref(), Some(MaybeSent::Cancelled)));
                known.or_else(|| index.map(|_| Box::new(TimedOut { limit }).into()))
            });
        }
        parts.finish()
    }

    fn blocks(&self) -> bool {
        self.executor.blocks()
    }
}

/// A dispatch took too long.
#[derive(Debug)]
struct TimedOut {
    limit: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not done within {:?}: it may have left all the same", self.limit)
    }
}

impl std::error::Error for TimedOut {}
