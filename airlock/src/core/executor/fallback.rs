//! A second executor for what the first does not dispatch.

use std::fmt;

use crate::core::cut::cut;
use crate::core::executor::parts::Parts;
use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;

/// Hands to a second executor what the first did not dispatch: a broker that is down, and a file.
///
/// The second gets as one batch, in order, what failed at the first and what that did not attempt.
/// An intent fails only where both fail, and its error gives both reasons.
///
/// An executor that can't say whether an intent left, such as a [`Timeout`](crate::Timeout), makes
/// the second carry out what the first may have carried out as well.
///
/// # Examples
///
/// ```
/// use airlock::{Fallback, Intent};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = |_: Intent| Err("the broker is down");
/// let file = |intent: Intent| Ok::<_, std::io::Error>(println!("kept for later: {intent}"));
/// airlock::scope().executor(Fallback::new(broker, file)).run(|| send_mail::enqueue(42))??;
///
/// let disk = |_: Intent| Err("the disk is full");
/// let error = airlock::scope()
///     .executor(Fallback::new(broker, disk))
///     .run(|| send_mail::enqueue(42))
///     .unwrap_err();
/// assert!(error.to_string().contains("the disk is full, after: the broker is down"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Fallback<First, Second> {
    first: First,
    second: Second,
}

impl<First: Executor, Second: Executor> Fallback<First, Second> {
    /// Tries `first`, and `second` with what that did not dispatch.
    pub fn new(first: First, second: Second) -> Self {
        Self { first, second }
    }
}

impl<First: Executor, Second: Executor> Executor for Fallback<First, Second> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut parts = Parts::new(batch);
        let all = parts.rest(|_| true);
        if parts.send(&self.first, all).await {
            return parts.finish();
        }
        // Why what was not attempted was not. The others' reasons stay with them: the first may have sent
        // them, which is told of also where nobody waits for the second.
        let general = parts.put_reasons_aside();
        let general = general.unwrap_or_else(|| "it was not attempted".into());
        let rest = parts.rest(|_| true);
        parts.send(&self.second, rest).await;
        let mut reasons = parts.take_earlier();
        parts.explain(|index, second| {
            let first = index.and_then(|index| reasons.get_mut(index)?.take());
            let Some(second) = second else { return first };
            let first = first.unwrap_or_else(|| general.clone().into());
            Some(Box::new(Both { first, second }))
        });
        parts.finish()
    }

    fn blocks(&self) -> bool {
        self.first.blocks() || self.second.blocks()
    }
}

/// Why neither executor dispatched an intent.
#[derive(Debug)]
struct Both {
    first: BoxError,
    second: BoxError,
}

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, after: {}", cut(&self.second), cut(&self.first))
    }
}

impl std::error::Error for Both {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.second)
    }
}
