//! Policies that go along with messages: what a task enqueues in another process is judged by those that were in force
//! where the task was enqueued.

mod attribute;
mod borders;
mod hops;
mod unknown;

use std::sync::{Arc, Mutex, PoisonError};

use airlock::envelope::{self, Envelope};
use airlock::worker::{Settlement, WorkerBuilder};
use airlock::{Batch, DispatchError, EnqueueError, Executor, Policy, TaskSet, tasks};

use self::hops::{audit, mail, mail_later, ship, ship_all};

/// An engine whose messages are texts. Clones share them.
#[derive(Clone, Default)]
struct Texts(Arc<Mutex<Vec<Vec<u8>>>>);

impl Executor for Texts {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let envelopes = envelope::of_batch(batch, "Texts", &[])?;
        let texts = envelopes.iter().map(Envelope::to_json);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
        Ok(())
    }
}

impl Texts {
    /// Sends what `enqueue` enqueues under a policy.
    async fn send(&self, policy: impl Policy, enqueue: impl FnOnce() -> Result<(), EnqueueError>) {
        let scope = airlock::scope().policy(policy).executor(self.clone());
        scope.run_async(async { enqueue() }).await.expect("flushed").expect("enqueued");
    }

    /// Takes all messages out.
    fn take(&self) -> Vec<Envelope> {
        let texts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        texts.iter().map(|text| Envelope::from_json(text).expect("an envelope")).collect()
    }

    /// A worker whose tasks enqueue into these texts again.
    fn worker(&self) -> WorkerBuilder {
        airlock::worker().executor(self.clone()).serving(served())
    }

    /// Runs all messages, and what these have enqueued, until none is left; the names of the tasks that ran.
    async fn drain(&self) -> Vec<String> {
        let worker = self.worker().build().expect("a worker");
        let mut ran = Vec::new();
        loop {
            let messages = self.take();
            if messages.is_empty() {
                return ran;
            }
            for message in messages {
                assert_eq!(worker.perform(&message, 1).await, Settlement::Done);
                ran.push(message.task().to_owned());
            }
        }
    }
}

fn served() -> TaskSet {
    tasks![mail, mail_later, audit, ship, ship_all]
}
