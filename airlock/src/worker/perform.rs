//! One attempt of a message's task, and the settlement that it comes to.

use std::pin::pin;

use crate::core::cut::shortened;
use crate::core::panics::Contained;
use crate::envelope::{Envelope, within_trace};
use crate::worker::accept::{Refusal, policies};
use crate::worker::{Inner, Settlement, Worker, log};

/// How long a reason may be that an engine keeps, in bytes.
const MAX_REASON: usize = 8 << 10;

impl Worker {
    /// Runs the task of one envelope, for engines whose own workers are used. `attempt` is the number of
    /// the attempt, the first being 1.
    ///
    /// The task runs in a scope of its own, under the worker's policies, states and timeouts. If it
    /// panics, the attempt fails.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use std::time::SystemTime;
    ///
    /// use airlock::envelope::Envelope;
    /// use airlock::worker::Settlement;
    ///
    /// #[airlock::task]
    /// async fn send_mail(order_id: u64) {}
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let worker = airlock::worker().build()?;
    /// let envelope = Envelope::of(&send_mail::intent(42), SystemTime::now())?;
    /// assert_eq!(worker.perform(&envelope, 1).await, Settlement::Done);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn perform(&self, envelope: &Envelope, attempt: u32) -> Settlement {
        self.perform_one(envelope, attempt, false).await
    }

    /// The same for a message that may have been [interrupted](crate::worker::Message::interrupted).
    pub(super) async fn perform_one(
        &self,
        envelope: &Envelope,
        attempt: u32,
        interrupted: bool,
    ) -> Settlement {
        let accepted = self.inner.accept(envelope, attempt, interrupted);
        let accepted = accepted.and_then(|intent| Ok((intent, policies(envelope)?)));
        let (intent, policies) = match accepted {
            Ok(accepted) => accepted,
            Err(Refusal::Dead(reason)) => {
                return Settlement::Dead { reason: shortened(reason, MAX_REASON) };
            }
            Err(Refusal::Unknown(why)) => {
                return self.inner.unknown(envelope.due_since(), shortened(why, MAX_REASON));
            }
        };
        let limit = envelope.time_limit();
        let tried = self.inner.attempt(intent, policies, limit);
        let tried = pin!(log::in_task_span(envelope, attempt, tried));
        let failed = match within_trace(envelope.trace(), Contained::new(tried)).await {
            Ok(Ok(())) => return Settlement::Done,
            Ok(Err(reason)) => reason,
            Err(panic) => format!("the task panicked: {}", panic.message()),
        };
        self.inner.give_up_or_retry(envelope, attempt, shortened(failed, MAX_REASON))
    }
}

impl Inner {
    fn give_up_or_retry(&self, envelope: &Envelope, attempt: u32, reason: String) -> Settlement {
        let attempts = self.attempts(envelope);
        if attempt < attempts {
            Settlement::Retry { after: self.backoff.after(attempt), reason: Some(reason) }
        } else {
            Settlement::Dead { reason: format!("{reason} (attempt {attempt} of {attempts})") }
        }
    }
}
