//! Sending: a flush is one script.

use std::time::UNIX_EPOCH;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::task::called::BoxError;
use crate::engines::apalis::redis::Redis;
use crate::engines::apalis::redis::queues::Queues;
use crate::engines::apalis::redis::script::{self, PUSH};
use crate::engines::shared::redis::{StepBudget, StepOutcome};
use crate::envelope::{self, Envelope};

const HONOURED: [&str; 6] = ["queue", "delay", "at", "expires", "max_attempts", "unique_key"];

/// The limit of attempts of a job that has none: apalis' own workers keep to it.
const APALIS_ATTEMPTS: u32 = 25;

/// Not apalis-redis' own push. That one puts all jobs into the set of scheduled jobs, which has no order within
/// a second, and from which its worker takes no more than about 8,000; and it lets a duplicate in, because a
/// key without a time to live expires at once.
impl Executor for Redis {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let envelopes = envelope::of_batch(batch, "apalis::Redis", &HONOURED)?;
        let written = envelopes.into_iter().map(|envelope| {
            let json = envelope.to_json();
            (envelope, json)
        });
        let mut written = written.peekable();
        let steps = std::iter::from_fn(|| {
            let mut budget = StepBudget::default();
            let next = || written.next_if(|(_, json)| budget.add(json.len()));
            let step: Vec<_> = std::iter::from_fn(next).collect();
            let redis = self.clone();
            let messages = step.len();
            let push = async move {
                let duplicates = redis.push(&step).await?;
                Ok(StepOutcome { duplicates, ..StepOutcome::default() })
            };
            (messages > 0).then_some((messages, push))
        });
        self.server.run_steps(steps, batch).await
    }
}

impl Redis {
    /// Pushes all of these to their queues or, where it fails, none; the indices of the duplicates.
    async fn push(&self, written: &[(Envelope, Vec<u8>)]) -> Result<Vec<usize>, BoxError> {
        let mut queues = Queues::default();
        let queue_of = |envelope: &Envelope| envelope.queue().unwrap_or(&self.queue).to_owned();
        let numbers: Vec<_> =
            written.iter().map(|(envelope, _)| queues.number(&queue_of(envelope))).collect();
        let mut invocation = script::of(&PUSH, &queues);
        for (number, (envelope, json)) in numbers.into_iter().zip(written) {
            let due = envelope.at().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            invocation
                .arg(number + 1)
                .arg(envelope.id().to_string())
                .arg(json)
                .arg(due.map(|due| due.as_secs_f64().to_string()).unwrap_or_default())
                .arg(envelope.max_attempts().unwrap_or(APALIS_ATTEMPTS))
                .arg(envelope.unique_key().map(|key| format!("={key}")).unwrap_or_default());
        }
        self.call(&queues, &invocation).await
    }
}
