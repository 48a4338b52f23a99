//! Sending: a flush is one script.

use std::time::UNIX_EPOCH;

use crate::apalis::redis::script::{self, PUSH};
use crate::apalis::redis::{Queues, Redis};
use crate::envelope::{self, Envelope};
use crate::executor::{Batch, DispatchError, Executor};
use crate::private::BoxError;

/// The options that are honoured.
const HONOURED: [&str; 6] = ["queue", "delay", "at", "expires", "max_attempts", "unique_key"];

/// How many intents a script takes: while it runs, other clients wait.
const AT_ONCE: usize = 10_000;

/// How often apalis' own workers try a job that says nothing of it.
const APALIS_ATTEMPTS: u32 = 25;

/// Not apalis-redis' own push. That one puts all jobs into the set of scheduled ones, which has no
/// order within a second, and of which its worker takes no more than about 8,000; and it lets a
/// duplicate in, because a key without a time to live expires at once.
impl Executor for Redis {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let envelopes = envelope::of_batch(batch, "apalis::Redis", &HONOURED)?;
        let mut begun = 0;
        let mut envelopes = envelopes.into_iter();
        while envelopes.len() > 0 {
            let step: Vec<_> = envelopes.by_ref().take(AT_ONCE).collect();
            let end = begun + step.len();
            let redis = self.clone();
            // It goes on there also if the flush is dropped half-way.
            match self.server.spawn(async move { redis.push(&step).await }).await {
                Ok(left_out) => left_out.iter().for_each(|index| batch.left_out(begun + index)),
                Err(error) => {
                    let said = error.to_string();
                    let failures = (begun..end).map(|index| (index, said.clone().into()));
                    return Err(DispatchError::until(end, failures.collect()));
                }
            }
            begun = end;
        }
        Ok(())
    }
}

impl Redis {
    /// Puts all of these into their queues or, where it fails, none; the indices of those left out.
    async fn push(&self, envelopes: &[Envelope]) -> Result<Vec<usize>, BoxError> {
        let mut queues = Queues::default();
        let queue_of = |envelope: &Envelope| envelope.queue().unwrap_or(&self.queue).to_owned();
        let numbers: Vec<_> =
            envelopes.iter().map(|envelope| queues.number(&queue_of(envelope))).collect();
        let mut invocation = script::of(&PUSH, &queues);
        for (number, envelope) in numbers.into_iter().zip(envelopes) {
            let due = envelope.at().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            invocation
                .arg(number + 1)
                .arg(envelope.id().to_string())
                .arg(envelope.to_json())
                .arg(due.map(|due| due.as_secs_f64().to_string()).unwrap_or_default())
                .arg(envelope.max_attempts().unwrap_or(APALIS_ATTEMPTS))
                .arg(envelope.unique_key().unwrap_or_default());
        }
        self.call(&queues, &invocation).await
    }
}
