//! One attempt of a task: it runs in its scope, and its effects leave.

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use crate::core::intent::Intent;
use crate::core::panics::{Contained, Panic, guarded};
use crate::core::policy::Policy;
use crate::core::scope::{Scope, Sealed};
use crate::core::task::called::{BoxError, Called, Unfinished};
use crate::core::task::payload::Here;
use crate::core::threads::tokio::select;
use crate::core::threads::tokio::sync::oneshot;
use crate::core::threads::tokio::task::{JoinHandle, spawn_blocking};
use crate::core::threads::tokio::time::sleep;
use crate::envelope::in_current_trace;
use crate::worker::{Inner, log};

impl Inner {
    /// Runs a task once, under the policies that came with it, and flushes its effects, or returns why the attempt failed.
    pub(super) async fn attempt(
        &self,
        intent: Intent,
        policies: Vec<Box<dyn Policy>>,
        limit: Option<Duration>,
    ) -> Result<(), String> {
        let task = intent.task();
        let (begins, begun) = oneshot::channel();
        let mut body = Box::pin(self.run_body(self.scope(task, policies), intent, begins));
        let timeout = [self.timeout(task), limit].into_iter().flatten().min();
        let (result, sealed) = match timeout {
            None => body.await,
            Some(timeout) => {
                let late = async {
                    // A task that waits for a thread does not run yet.
                    let _ = begun.await;
                    sleep(timeout).await;
                };
                select! {
                    biased;
                    ended = &mut body => ended,
                    () = late => return Err(format!("it took longer than {timeout:?}")),
                }
            }
        };
        let settled = Contained::new(pin!(sealed.settle_async(result.is_ok()))).await;
        result.map_err(|error| with_causes(&*error))?;
        match settled {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("its effects did not leave: {error}")),
            Err(panic) => {
                let said = panic.message();
                Err(format!("its effects did not leave: a policy panicked: {said}"))
            }
        }
    }

    /// Runs a task's body in its scope; a sync one on a thread that may block.
    async fn run_body(
        &self,
        scope: Scope,
        mut intent: Intent,
        begins: oneshot::Sender<()>,
    ) -> (Result<(), BoxError>, Sealed) {
        let states = self.states.clone();
        let is_async = intent.task().is_async();
        let mut call = move || {
            let here = Here { states: &states, executor: "airlock::Worker", is_async: true };
            intent.run(&here)
        };
        if is_async {
            let _ = begins.send(());
            return scope.seal_async(async { finish(call()).await }).await;
        }
        let body = in_current_trace(move || {
            let _ = begins.send(());
            DiscardOnDrop(Some(scope.seal(call)))
        });
        let mut thread = AbortOnDrop(spawn_blocking(log::in_current_span(body)));
        let ended = (&mut thread.0).await;
        match ended.map(|mut ended| ended.0.take()) {
            Ok(Some((called, sealed))) => (finish(called).await, sealed),
            Ok(None) => unreachable!("it was put there a few lines above"),
            Err(error) => Panic::from(match error.try_into_panic() {
                Ok(panic) => panic,
                Err(error) => Box::new(error.to_string()),
            })
            .resume(),
        }
    }
}

/// A sync task on its thread. If it is dropped before it begins, it never does.
struct AbortOnDrop(JoinHandle<DiscardOnDrop>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The result of a sync task. If it is dropped, the effects are discarded.
struct DiscardOnDrop(Option<(Called, Sealed)>);

impl Drop for DiscardOnDrop {
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

/// The text of an error and of its causes.
fn with_causes(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut text = guarded(error).to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = guarded(error).to_string();
        // Some errors repeat their cause's text in their own.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
