//! Dispatching again what did not leave.

use std::fmt;
use std::time::Duration;

use crate::core::backoff::Backoff;
use crate::core::cut::cut;
use crate::core::executor::parts::Parts;
use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::core::timer::with_timer;

/// Dispatches again what did not leave, after waits that grow.
///
/// What left is not sent again. What failed and what was not attempted is, in order and as one batch.
/// In the end the error gives the last reason of each intent that is still here.
///
/// An executor that can't say whether an intent left, such as a [`Timeout`](crate::Timeout), makes
/// this one send it twice: the task is run at least once.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use std::time::Duration;
///
/// use airlock::{Backoff, Intent, Retry};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let calls = AtomicU32::new(0);
/// let shaky = move |_: Intent| {
///     if calls.fetch_add(1, Relaxed) < 2 { Err("the line is busy") } else { Ok(()) }
/// };
/// let retry = Retry::new(shaky).attempts(3).backoff(Backoff::new(Duration::from_millis(1)));
/// airlock::scope().executor(retry).run(|| send_mail::enqueue(42))??;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Retry<E> {
    executor: E,
    attempts: u32,
    backoff: Backoff,
}

impl<E: Executor> Retry<E> {
    /// Tries `executor` up to five times, at first after a tenth of a second and ten seconds at most.
    pub fn new(executor: E) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100)).longest(Duration::from_secs(10));
        Self { executor, attempts: 5, backoff }
    }

    /// Tries this often, the first time included; 0 counts as 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Waits this long between attempts.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}

impl<E: Executor> Executor for Retry<E> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut parts = Parts::new(batch);
        let mut times = 0;
        loop {
            let rest = parts.rest(|_| true);
            if times == self.attempts || !rest.contains(&true) {
                break;
            }
            if times > 0 {
                // Without a timer there is no waiting, and this was the last attempt.
                let wait = self.backoff.after(times);
                let Ok(wait) = with_timer(|| tokio::time::sleep(wait)) else { break };
                wait.await;
            }
            times += 1;
            parts.send(&self.executor, rest).await;
        }
        if times > 1 {
            parts.explain(|_, last| Some(Box::new(Tried { times, last: last? })));
        }
        parts.finish()
    }

    /// It waits between attempts, whatever the executor does.
    fn blocks(&self) -> bool {
        true
    }
}

/// An intent did not leave though it was tried more than once.
#[derive(Debug)]
struct Tried {
    times: u32,
    last: BoxError,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tried {} times: {}", self.times, cut(&self.last))
    }
}

impl std::error::Error for Tried {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.last)
    }
}
