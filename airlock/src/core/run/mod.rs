//! Running tasks in this process: what the inline executor, the pool and Tokio tasks share.
//!
//! Each task runs in a scope of its own. All of them use one frame, which is on the thread's stack
//! while tasks run and is looked into after each: a task that enqueues nothing pays for a
//! comparison. What a task that succeeded has enqueued goes through the policies that were in force
//! for the task itself and then to the end of the batch, so that cascades are carried out in the
//! order of enqueue and don't grow the stack.

mod batch_run;
mod cascade;
pub(crate) mod inline;
mod pause;
mod plain;
pub(crate) mod settings;

pub(crate) use pause::PausedAt;

use crate::core::executor::DispatchError;
use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;
use crate::core::run::batch_run::BatchRun;
use crate::core::run::pause::Pause;
use crate::core::stack::task_scope::TaskScope;
use crate::core::task::called::{Called, Unfinished};
use crate::core::task::payload::Here;
use crate::core::task::states::States;

/// How many generations of tasks that enqueue tasks are carried out, unless told otherwise.
pub(crate) const GENERATIONS: u32 = 64;

/// How to run tasks here.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    /// The executor's name, for its errors.
    pub(crate) executor: &'static str,
    pub(crate) states: States,
    pub(crate) generations: u32,
}

impl Runner {
    pub(crate) const fn new(executor: &'static str) -> Self {
        Self { executor, states: States::new(), generations: GENERATIONS }
    }

    /// Runs intents from `next` on, up to the first that is more than a sync task which succeeds and
    /// enqueues nothing: why it pauses there, the index left in `next`.
    #[inline]
    fn run_quiet(
        &self,
        intents: &mut [Intent],
        next: &mut usize,
        scope: &TaskScope<'_>,
        is_async: bool,
    ) -> Option<Pause> {
        let here = Here { states: &self.states, executor: self.executor, is_async };
        for intent in &mut intents[*next..] {
            if let Called(Err(unfinished)) = intent.run(&here) {
                return Some(match *unfinished {
                    Unfinished::Failed(error) => Pause::Failed(error),
                    Unfinished::Future(future) => Pause::Async(future),
                });
            }
            if !scope.is_untouched() {
                return Some(Pause::Succeeded);
            }
            *next += 1;
        }
        None
    }

    /// Runs a batch from sync code.
    pub(crate) fn run_now(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        BatchRun::new(self, batch, false).run_now()
    }

    /// Runs a batch from async code.
    pub(crate) async fn run_async(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut run = BatchRun::new(self, batch, true);
        while let Some(future) = run.until_async()? {
            // Made before it is awaited, for the run is not to be held meanwhile.
            let task = run.task(future);
            let (pause, contents) = task.await;
            run.settle(pause, contents)?;
        }
        run.finish()
    }
}
