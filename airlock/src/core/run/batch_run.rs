//! The run of one batch.

use crate::core::executor::DispatchError;
use crate::core::executor::batch::Batch;
use crate::core::panics::{Contained, catch};
use crate::core::policy::chain;
use crate::core::report::{Fate, Why};
use crate::core::run::Runner;
use crate::core::run::cascade::Runaway;
use crate::core::run::pause::Pause;
use crate::core::stack::contents::Contents;
use crate::core::stack::environment::Environment;
use crate::core::stack::scoped_future::ScopedFuture;
use crate::core::stack::task_scope::{TaskScope, run_tasks};
use crate::core::task::called::TaskFuture;
use crate::core::wait;

/// The run of one batch.
pub(super) struct BatchRun<'a> {
    runner: &'a Runner,
    pub(super) batch: &'a mut Batch,
    /// The index of the task that runs next, or at which it pauses.
    next: usize,
    is_async: bool,
}

/// What is wrong with an intent whose turn comes too late.
const EXPIRED: &str = "it expired before it could be begun: let it live for longer, or have more of them \
                       run at once";

impl<'a> BatchRun<'a> {
    #[inline]
    pub(super) fn new(runner: &'a Runner, batch: &'a mut Batch, is_async: bool) -> Self {
        Self { runner, batch, next: 0, is_async }
    }

    /// Goes on at the task at `index`, which has begun.
    pub(super) fn resume_at(&mut self, index: usize) {
        self.next = index;
    }

    pub(super) fn run_now(mut self) -> Result<(), DispatchError> {
        while let Some(future) = self.until_async()? {
            self.wait(future)?;
        }
        self.finish()
    }

    pub(super) fn finish(self) -> Result<(), DispatchError> {
        self.batch.finish()
    }

    /// Runs tasks up to the next that is to be awaited; `None` where the batch is done.
    pub(super) fn until_async(&mut self) -> Result<Option<TaskFuture>, DispatchError> {
        while self.next < self.batch.len() {
            let (pause, contents) = run_tasks(|scope| self.until_pause(scope));
            let Some(pause) = pause else { break };
            if let Some(future) = self.settle(pause, contents)? {
                return Ok(Some(future));
            }
        }
        Ok(None)
    }

    /// Runs tasks up to the first at which this scope is left; what that has enqueued.
    #[inline]
    fn until_pause(&mut self, scope: &TaskScope<'_>) -> (Option<Pause>, Option<Contents>) {
        let pause = catch(|| self.tasks(scope));
        let pause = pause.unwrap_or_else(|panic| Some(Pause::Panicked(panic)));
        let contents = match pause {
            None | Some(Pause::Async(_)) => None,
            Some(_) => scope.take_contents(),
        };
        (pause, contents)
    }

    #[inline]
    fn tasks(&mut self, scope: &TaskScope<'_>) -> Option<Pause> {
        while self.next < self.batch.len() {
            let (chain, generation, end) = self.batch.run_of(self.next);
            if generation >= self.runner.generations {
                let limit = self.runner.generations;
                return Some(Pause::Failed(Runaway { limit }.into()));
            }
            let end = if chain::remembers(chain) {
                // Each task's scope is remembered by itself.
                scope.judge_by(&chain::renewed_all(chain));
                self.next + 1
            } else {
                scope.judge_by(chain);
                end
            };
            let (expired, end) = self.batch.expiry(self.next, end);
            if expired {
                return Some(Pause::Failed(EXPIRED.into()));
            }
            let intents = self.batch.until(end);
            match self.runner.run_quiet(intents, &mut self.next, scope, self.is_async) {
                None => {}
                Some(Pause::Succeeded) => {
                    if let Some(contents) = scope.take_contents()
                        && let Err(stopped) = self.cascade(self.next, contents)
                    {
                        return Some(Pause::Stopped(stopped));
                    }
                    self.next += 1;
                }
                Some(pause) => return Some(pause),
            }
        }
        None
    }

    /// Waits for an async task from sync code.
    pub(super) fn wait(&mut self, future: TaskFuture) -> Result<(), DispatchError> {
        let (pause, contents) = match wait::check() {
            Ok(wait) => wait::wait(Some(wait), self.task(future)),
            Err(would_block) => (Pause::Failed(would_block.into()), None),
        };
        self.settle(pause, contents).map(drop)
    }

    /// An async task in a scope of its own: how it ended, and what it has enqueued.
    pub(super) fn task(
        &mut self,
        future: TaskFuture,
    ) -> impl Future<Output = (Pause, Option<Contents>)> + Send + use<> {
        let lost = self.batch.lost.get_or_insert_default().clone();
        let (chain, ..) = self.batch.run_of(self.next);
        let environment = Environment::of_task(chain, lost);
        async move {
            let (result, mut environment) =
                ScopedFuture::new(Contained::new(future), environment).await;
            let ended = match result {
                Ok(Ok(())) => Pause::Succeeded,
                Ok(Err(error)) => Pause::Failed(error),
                Err(panic) => Pause::Panicked(panic),
            };
            (ended, environment.close())
        }
    }

    /// Goes on behind the task at which the run pauses; gives its future if that is to be awaited first.
    pub(super) fn settle(
        &mut self,
        pause: Pause,
        contents: Option<Contents>,
    ) -> Result<Option<TaskFuture>, DispatchError> {
        let index = self.next;
        let (error, why) = match pause {
            Pause::Async(future) => {
                self.batch.ledger.sent_until(index);
                return Ok(Some(future));
            }
            Pause::Succeeded => {
                self.next += 1;
                self.batch.ledger.sent_until(self.next);
                return contents
                    .map_or(Ok(()), |contents| self.cascade(index, contents))
                    .map(|()| None);
            }
            Pause::Stopped(stopped) => return Err(stopped),
            Pause::Failed(error) => (error, Why::Error),
            Pause::Panicked(panic) => {
                let said = format!("the task panicked: {}", panic.message());
                (said.into(), Why::Panic)
            }
        };
        self.next += 1;
        // A task's effects go with the task.
        if let Some(contents) = contents {
            self.batch.put_aside(contents.entries(&Fate::Discarded(why)));
        }
        self.batch.fail(index, error).map(|()| None)
    }
}
