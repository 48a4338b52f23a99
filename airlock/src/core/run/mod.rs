//! Running tasks in this process: what the inline executor, the pool and Tokio tasks share.
//!
//! Each task runs in a scope of its own. All of them use one frame, which is on the thread's stack
//! while tasks run and is looked into after each: a task that enqueues nothing pays for a
//! comparison. What a task that succeeded has enqueued goes through the policies that were in force
//! for the task itself and then to the end of the batch, so that cascades are carried out in the
//! order of enqueue and don't grow the stack.

pub(crate) mod inline;
pub(crate) mod settings;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::core::executor::DispatchError;
use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;
use crate::core::panics::{Contained, panic_message};
use crate::core::report::{Fate, Why};
use crate::core::stack::buffer::Segment;
use crate::core::stack::contents::Contents;
use crate::core::stack::environment::Environment;
use crate::core::stack::judge::judge_into;
use crate::core::stack::scoped_future::ScopedFuture;
use crate::core::stack::task_scope::{TaskScope, run_tasks};
use crate::core::task::called::{BoxError, Called, TaskFuture, Unfinished};
use crate::core::task::payload::Here;
use crate::core::task::states::States;
use crate::core::wait as blocking;

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

/// The run of one batch.
struct Run<'a> {
    runner: &'a Runner,
    batch: &'a mut Batch,
    next: usize,
    /// Whether async tasks are awaited.
    awaited: bool,
}

/// Where [`Runner::run_plain`] met a task that it leaves to others; that it met none is one register.
pub(crate) struct Interrupted(Box<Interruption>);

struct Interruption {
    index: usize,
    met: Result<Met, Box<dyn Any + Send>>,
    contents: Option<Contents>,
}

/// A task that is more than a sync one which succeeds and enqueues nothing.
enum Met {
    Enqueued,
    Failed(BoxError),
    Async(TaskFuture),
}

/// What an async task has come to.
struct Ended {
    result: std::thread::Result<Result<(), BoxError>>,
    contents: Option<Contents>,
}

/// Why a stretch of sync tasks was broken off.
enum Halt {
    Failed(usize, BoxError),
    Dispatch(DispatchError),
}

/// Why a stretch of sync tasks ended.
enum Stretch {
    Finished,
    /// This task is async.
    Async(usize, TaskFuture),
}

impl Runner {
    pub(crate) const fn new(executor: &'static str) -> Self {
        Self { executor, states: States::new(), generations: GENERATIONS }
    }

    /// Runs intents from `next` on, up to the first that is more than a sync task which succeeds and
    /// enqueues nothing: what that has come to, its index left in `next`.
    #[inline]
    fn run_quiet(
        &self,
        intents: &mut [Intent],
        next: &mut usize,
        scope: &TaskScope<'_>,
        awaited: bool,
    ) -> Option<Met> {
        let here = Here { states: &self.states, executor: self.executor, awaited };
        for intent in &mut intents[*next..] {
            if let Called(Err(unfinished)) = intent.run(&here) {
                return Some(match *unfinished {
                    Unfinished::Failed(error) => Met::Failed(error),
                    Unfinished::Future(future) => Met::Async(future),
                });
            }
            if !scope.is_untouched() {
                return Some(Met::Enqueued);
            }
            *next += 1;
        }
        None
    }

    /// Runs intents that nobody judges, without what only other tasks need.
    pub(crate) fn run_plain(&self, intents: &mut [Intent]) -> Option<Interrupted> {
        run_tasks(|scope| {
            let mut index = 0;
            let quiet = AssertUnwindSafe(|| self.run_quiet(intents, &mut index, scope, false));
            let met = match catch_unwind(quiet) {
                Ok(None) => return None,
                Ok(Some(met)) => Ok(met),
                Err(panic) => Err(panic),
            };
            let at = Interruption { index, met, contents: scope.take_contents() };
            Some(Interrupted(Box::new(at)))
        })
    }

    /// Goes on with a batch that [`run_plain`](Self::run_plain) began.
    pub(crate) fn resume(
        &self,
        batch: &mut Batch,
        Interrupted(at): Interrupted,
    ) -> Result<(), DispatchError> {
        let Interruption { index, met, contents } = *at;
        let mut run = Run::new(self, batch, false);
        match met {
            Ok(Met::Enqueued) => run.settle(index, Ok(()), contents)?,
            Ok(Met::Failed(error)) => run.settle(index, Err(error), contents)?,
            Ok(Met::Async(future)) => run.wait(index, future)?,
            Err(panic) => run.settle_panic(index, &*panic, contents)?,
        }
        run.now()
    }

    /// Runs a batch from sync code.
    pub(crate) fn run_now(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        Run::new(self, batch, false).now()
    }

    /// Runs a batch from async code.
    pub(crate) async fn run_awaited(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut run = Run::new(self, batch, true);
        loop {
            match run.stretch()? {
                Stretch::Finished => return run.finish(),
                Stretch::Async(index, future) => {
                    // Made before it is awaited, for the run is not to be held meanwhile.
                    let task = run.task(index, future);
                    let ended = task.await;
                    run.settle_async(index, ended)?;
                }
            }
        }
    }
}

impl<'a> Run<'a> {
    #[inline]
    fn new(runner: &'a Runner, batch: &'a mut Batch, awaited: bool) -> Self {
        Self { runner, batch, next: 0, awaited }
    }

    fn now(mut self) -> Result<(), DispatchError> {
        loop {
            match self.stretch()? {
                Stretch::Finished => return self.finish(),
                Stretch::Async(index, future) => self.wait(index, future)?,
            }
        }
    }

    /// Waits for an async task from sync code.
    fn wait(&mut self, index: usize, future: TaskFuture) -> Result<(), DispatchError> {
        match blocking::check() {
            Ok(wait) => {
                let ended = blocking::wait(Some(wait), self.task(index, future));
                self.settle_async(index, ended)
            }
            Err(error) => self.settle(index, Err(error.into()), None),
        }
    }

    fn finish(self) -> Result<(), DispatchError> {
        self.batch.finish()
    }

    /// Runs tasks until the batch is done or a task has to be awaited.
    fn stretch(&mut self) -> Result<Stretch, DispatchError> {
        while self.next < self.batch.len() {
            let (stretch, left) = run_tasks(|scope| {
                let stretch = catch_unwind(AssertUnwindSafe(|| self.tasks(scope)));
                let left = match &stretch {
                    Ok(Ok(_)) => None,
                    _ => scope.take_contents(),
                };
                (stretch, left)
            });
            match stretch {
                Ok(Ok(stretch)) => return Ok(stretch),
                Ok(Err(Halt::Failed(index, error))) => self.settle(index, Err(error), left)?,
                Ok(Err(Halt::Dispatch(error))) => return Err(error),
                Err(panic) => self.settle_panic(self.next, &*panic, left)?,
            }
        }
        Ok(Stretch::Finished)
    }

    /// The same, up to the first task that fails.
    #[inline]
    fn tasks(&mut self, scope: &TaskScope<'_>) -> Result<Stretch, Halt> {
        while self.next < self.batch.len() {
            let (chain, generation, end) = self.batch.run_of(self.next);
            if generation >= self.runner.generations {
                let limit = self.runner.generations;
                return Err(Halt::Failed(self.next, Box::new(Runaway { limit })));
            }
            scope.judge_by(chain);
            let (expired, end) = self.batch.expiry(self.next, end);
            if expired {
                return Err(Halt::Failed(self.next, EXPIRED.into()));
            }
            let intents = self.batch.until(end);
            match self.runner.run_quiet(intents, &mut self.next, scope, self.awaited) {
                None => {}
                Some(Met::Failed(error)) => return Err(Halt::Failed(self.next, error)),
                Some(Met::Async(future)) => {
                    self.batch.completed = self.next;
                    return Ok(Stretch::Async(self.next, future));
                }
                Some(Met::Enqueued) => {
                    if let Some(contents) = scope.take_contents() {
                        self.cascade(self.next, contents).map_err(Halt::Dispatch)?;
                    }
                    self.next += 1;
                }
            }
        }
        Ok(Stretch::Finished)
    }

    /// An async task in a scope of its own.
    fn task(
        &mut self,
        index: usize,
        future: TaskFuture,
    ) -> impl Future<Output = Ended> + Send + use<> {
        let lost = self.batch.lost.get_or_insert_default().clone();
        let (chain, ..) = self.batch.run_of(index);
        let environment = Environment::of_task(chain.clone(), lost);
        async move {
            let (result, mut environment) = ScopedFuture::new(Contained(future), environment).await;
            Ended { result, contents: environment.close() }
        }
    }

    /// Goes on behind an async task.
    fn settle_async(
        &mut self,
        index: usize,
        Ended { result, contents }: Ended,
    ) -> Result<(), DispatchError> {
        match result {
            Ok(result) => self.settle(index, result, contents),
            Err(panic) => self.settle_panic(index, &*panic, contents),
        }
    }

    /// Goes on behind the task at `index`, which has ended.
    fn settle(
        &mut self,
        index: usize,
        result: Result<(), BoxError>,
        contents: Option<Contents>,
    ) -> Result<(), DispatchError> {
        self.next = index + 1;
        match result {
            Ok(()) => {
                self.batch.completed = self.next;
                if let Some(contents) = contents {
                    self.cascade(index, contents)?;
                }
                Ok(())
            }
            Err(error) => self.fail(index, error, Why::Error, contents),
        }
    }

    fn settle_panic(
        &mut self,
        index: usize,
        panic: &(dyn Any + Send),
        contents: Option<Contents>,
    ) -> Result<(), DispatchError> {
        self.next = index + 1;
        let said = format!("the task panicked: {}", panic_message(panic));
        self.fail(index, said.into(), Why::Panic, contents)
    }

    /// A task's effects go with the task.
    fn fail(
        &mut self,
        index: usize,
        error: BoxError,
        why: Why,
        contents: Option<Contents>,
    ) -> Result<(), DispatchError> {
        if let Some(contents) = contents {
            self.batch.put_aside(contents.entries(&Fate::Discarded(why)));
        }
        self.batch.fail(index, error)
    }

    /// Appends what the task at `index`, which succeeded, has enqueued.
    ///
    /// # Errors
    ///
    /// Where a policy panics: what it was asked about can't leave, and is handed back.
    fn cascade(&mut self, index: usize, contents: Contents) -> Result<(), DispatchError> {
        let (_, generation, _) = self.batch.run_of(index);
        let segments = contents.into_segments().collect();
        let judged = judge_into(self.batch, segments, generation + 1);
        let Err((segments, panic)) = judged else { return Ok(()) };
        let said = format!("a policy panicked: {}", panic_message(&*panic));
        self.batch.completed = index + 1;
        self.batch.failures.push((self.batch.len(), said.into()));
        for Segment { chain, intents, .. } in segments {
            self.batch.append(chain, generation + 1, intents);
        }
        Err(self.batch.stopped())
    }
}

/// What is wrong with an intent whose turn comes too late.
const EXPIRED: &str = "it expired before it could be begun: let it live for longer, or have more of them \
                       run at once";

/// Tasks enqueue tasks that enqueue tasks, without an end in sight.
#[derive(Debug)]
struct Runaway {
    limit: u32,
}

impl fmt::Display for Runaway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tasks enqueue tasks that enqueue tasks, and {} generations have run: stop the cascade, \
             or raise the executor's `.generations(…)`",
            self.limit
        )
    }
}

impl std::error::Error for Runaway {}
