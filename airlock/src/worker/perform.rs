//! Running one message's task.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::time::{Duration, SystemTime};

use ::tokio::select;
use ::tokio::sync::oneshot;
use ::tokio::task::JoinHandle;
use ::tokio::time::sleep;

use crate::core::intent::Intent;
use crate::core::panics::{Contained, panic_message};
use crate::core::scope::{Scope, Sealed};
use crate::core::task::called::{BoxError, Called, Unfinished};
use crate::core::task::payload::Here;
use crate::envelope::{self, Envelope, in_current_trace, within_trace};
use crate::worker::builder::Inner;
use crate::worker::{Settlement, Worker, log};

impl Worker {
    /// Runs the task of one envelope, for engines whose own workers are used; the attempt of this
    /// number, the first being 1.
    ///
    /// The task runs in a scope of its own, under the worker's policies, states and timeouts. A panic
    /// in it is its failure.
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

    /// The same, of a message whose worker [died](crate::worker::Message::interrupted) or not.
    pub(super) async fn perform_one(
        &self,
        envelope: &Envelope,
        attempt: u32,
        interrupted: bool,
    ) -> Settlement {
        let intent = match self.inner.accept(envelope, attempt, interrupted) {
            Ok(intent) => intent,
            Err(reason) => return Settlement::Dead { reason: shortened(reason) },
        };
        let limit = envelope.time_limit();
        let tried = pin!(log::in_task_span(envelope, attempt, self.inner.attempt(intent, limit)));
        let failed = match within_trace(envelope.trace(), Contained(tried)).await {
            Ok(Ok(())) => return Settlement::Done,
            Ok(Err(reason)) => reason,
            Err(panic) => format!("the task panicked: {}", panic_message(&*panic)),
        };
        self.inner.give_up_or_retry(envelope, attempt, shortened(failed))
    }
}

impl Inner {
    /// The intent of a message that this worker is to run, or why it is not.
    fn accept(
        &self,
        envelope: &Envelope,
        attempt: u32,
        interrupted: bool,
    ) -> Result<Intent, String> {
        let task = self.registry.find(envelope.task()).map_err(|error| error.to_string())?;
        if let Some(serving) = &self.serving
            && !serving.contains(task)
        {
            return Err(format!("this worker does not serve `{task}`: add it to `.serving(…)`"));
        }
        if let Some(expires) = envelope.expires()
            && expires <= SystemTime::now()
        {
            return Err(format!(
                "it expired at {}",
                jiff::Timestamp::try_from(expires).unwrap_or_default()
            ));
        }
        let attempts = self.attempts(envelope);
        if attempt > attempts && !interrupted {
            let made = attempt - 1;
            return Err(format!(
                "it has been tried {made} times, and {attempts} are allowed: raise `.max_attempts(…)`"
            ));
        }
        if attempt > attempts {
            return Err(format!(
                "the worker that made the last of {attempts} attempts did not live to say what \
                 became of it"
            ));
        }
        // Arguments are read by code of the user's.
        match catch_unwind(AssertUnwindSafe(|| envelope.intent(self.registry))) {
            Ok(intent) => intent.map_err(|error| error.to_string()),
            Err(panic) => {
                Err(format!("reading its arguments panicked: {}", panic_message(&*panic)))
            }
        }
    }

    /// How often the task may be tried.
    pub(super) fn attempts(&self, envelope: &Envelope) -> u32 {
        // A message from elsewhere doesn't say what the task does.
        let own = || self.registry.find(envelope.task()).ok()?.max_attempts();
        envelope.max_attempts().or_else(own).unwrap_or(self.max_attempts).max(1)
    }

    /// Tries a task once: it runs, and its effects leave.
    async fn attempt(&self, intent: Intent, limit: Option<Duration>) -> Result<(), String> {
        let task = intent.task();
        let (runs, begun) = oneshot::channel();
        let mut ran = Box::pin(self.ran(self.scope(task), intent, runs));
        let timeout = [self.timeout(task), limit].into_iter().flatten().min();
        let (result, sealed) = match timeout {
            None => ran.await,
            Some(timeout) => {
                let late = async {
                    // One that waits for a thread does not run yet.
                    let _ = begun.await;
                    sleep(timeout).await;
                };
                select! {
                    biased;
                    ran = &mut ran => ran,
                    () = late => return Err(format!("it took longer than {timeout:?}")),
                }
            }
        };
        let settled = Contained(pin!(sealed.settle_async(result.is_ok()))).await;
        result.map_err(|error| with_causes(&*error))?;
        match settled {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("its effects did not leave: {error}")),
            Err(panic) => {
                let said = panic_message(&*panic);
                Err(format!("its effects did not leave: a policy panicked: {said}"))
            }
        }
    }

    /// Runs a task's body in its scope: a sync one on a thread where it may block.
    async fn ran(
        &self,
        scope: Scope,
        mut intent: Intent,
        runs: oneshot::Sender<()>,
    ) -> (Result<(), BoxError>, Sealed) {
        let states = self.states.clone();
        let asynchronous = intent.task().is_async();
        let mut call = move || {
            let here = Here { states: &states, executor: "airlock::Worker", awaited: true };
            intent.run(&here)
        };
        if asynchronous {
            let _ = runs.send(());
            return scope.seal_async(async { finish(call()).await }).await;
        }
        let body = in_current_trace(move || {
            let _ = runs.send(());
            Awaited(Some(scope.seal(call)))
        });
        let mut ran = Given(::tokio::task::spawn_blocking(log::in_current_span(body)));
        let ran = (&mut ran.0).await;
        match ran.map(|mut ran| ran.0.take()) {
            Ok(Some((called, sealed))) => (finish(called).await, sealed),
            Ok(None) => unreachable!("it was put there a few lines above"),
            Err(error) => resume_unwind(match error.try_into_panic() {
                Ok(panic) => panic,
                Err(error) => Box::new(error.to_string()),
            }),
        }
    }

    fn give_up_or_retry(&self, envelope: &Envelope, attempt: u32, reason: String) -> Settlement {
        let attempts = self.attempts(envelope);
        if attempt < attempts {
            Settlement::Retry { after: self.backoff.after(attempt), reason: Some(reason) }
        } else {
            Settlement::Dead { reason: format!("{reason} (attempt {attempt} of {attempts})") }
        }
    }
}

/// A sync task on its thread. Where nobody awaits it any more and it has not begun, it never does.
struct Given(JoinHandle<Awaited>);

impl Drop for Given {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a sync task has come to; discarded where nobody awaits it any more.
struct Awaited(Option<(Called, Sealed)>);

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some((_, sealed)) = self.0.take() {
            sealed.discard();
        }
    }
}

async fn finish(Called(result): Called) -> Result<(), BoxError> {
    match result.map_err(|unfinished| *unfinished) {
        Ok(()) => Ok(()),
        Err(Unfinished::Failed(error)) => Err(error),
        Err(Unfinished::Future(future)) => future.await,
    }
}

/// A reason as long as an engine may be asked to keep.
fn shortened(reason: String) -> String {
    envelope::shortened(reason, 8 << 10)
}

/// An error and what it says caused it.
fn with_causes(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // Some errors say their cause in their own text.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
