//! How a worker is built. This file is long because a worker has many settings, each with its setter.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::backoff::Backoff;
use crate::core::executor::Executor;
use crate::core::policy::Policy;
use crate::core::registry::registry;
use crate::core::registry::task_set::TaskSet;
use crate::core::run::inline::Inline;
use crate::core::run::settings::StatesError;
use crate::core::run::settings::{RunnerSettings, states};
use crate::worker::served::Counters;
use crate::worker::{Inner, ScopeSetting, Worker};

/// Builds a worker, from its states and settings.
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::Duration;
///
/// use airlock::{Backoff, tasks};
///
/// struct Smtp;
///
/// #[airlock::task]
/// async fn send_mail(#[state] smtp: &Smtp, order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let worker = airlock::worker()
///     .state(Smtp)
///     .serving(tasks![send_mail])
///     .concurrency(8)
///     .timeout(Duration::from_secs(30))
///     .max_attempts(5)
///     .backoff(Backoff::new(Duration::from_secs(2)))
///     .build()?;
/// # let _ = worker;
/// # Ok(())
/// # }
/// ```
pub fn worker() -> WorkerBuilder {
    WorkerBuilder {
        settings: RunnerSettings::new("airlock::Worker"),
        scope_settings: Vec::new(),
        executes_here: true,
        reentry: true,
        concurrency: 16,
        prefetch: None,
        timeout: None,
        timeouts: Vec::new(),
        max_attempts: 5,
        backoff: Backoff::new(Duration::from_secs(1)),
        grace: Duration::from_secs(30),
        unknown_for: Duration::from_hours(1),
    }
}

/// Builds a [`Worker`]; made by [`worker()`].
#[must_use = "a builder does nothing until `.build()`"]
pub struct WorkerBuilder {
    settings: RunnerSettings,
    scope_settings: Vec<ScopeSetting>,
    executes_here: bool,
    reentry: bool,
    concurrency: usize,
    prefetch: Option<usize>,
    timeout: Option<Duration>,
    timeouts: Vec<(TaskSet, Duration)>,
    max_attempts: u32,
    backoff: Backoff,
    grace: Duration,
    unknown_for: Duration,
}

impl WorkerBuilder {
    states!();

    /// Judges what tasks enqueue, as [`Scope::policy`](crate::Scope::policy) does.
    pub fn policy(mut self, policy: impl Policy) -> Self {
        let policy = Arc::new(policy);
        self.scope_settings.push(Box::new(move |scope| scope.policy(policy.clone())));
        self
    }

    /// Executes what tasks enqueue. If it fails, the attempt fails.
    ///
    /// The default is the configured executor; without one, the worker runs the tasks itself, immediately
    /// and with its states.
    pub fn executor(mut self, executor: impl Executor) -> Self {
        let executor = Arc::new(executor);
        self.executes_here = false;
        self.scope_settings.push(Box::new(move |scope| scope.executor(executor.clone())));
        self
    }

    /// Drops a task's intents of that same task, so that it can't run forever.
    pub fn block_reentry(mut self) -> Self {
        self.reentry = false;
        self
    }

    /// How many tasks run at once: 16 by default, at least 1. With 1, tasks run in the order of the queue.
    pub fn concurrency(mut self, tasks: usize) -> Self {
        self.concurrency = tasks.max(1);
        self
    }

    /// How many messages wait in the worker for their turn: four times the concurrency by default. More
    /// make fewer round trips; fewer leave more to other workers.
    ///
    /// Together with messages that have ended and that the engine has not settled, a worker holds at most
    /// twice as many as run and wait.
    pub fn prefetch(mut self, messages: usize) -> Self {
        self.prefetch = Some(messages);
        self
    }

    /// How long an attempt may take: as long as it likes by default.
    ///
    /// An async task that takes longer is dropped at its next `.await`. A sync one can't be: it continues
    /// in its thread while it counts as failed, and what it enqueues is discarded.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long an attempt of these tasks may take, in place of [`timeout`](Self::timeout).
    pub fn timeout_of(mut self, tasks: TaskSet, timeout: Duration) -> Self {
        self.timeouts.push((tasks, timeout));
        self
    }

    /// How many attempts a task has that doesn't set a number itself: 5 by default, at least 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// How long to wait between attempts: from 1 second on, doubling, by default.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long running tasks may go on once the worker shuts down: 30 seconds by default. What has not
    /// ended by then is returned to the engine.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets for how long a message is given back that this binary does not know: its task, an argument, its version, or a
    /// [policy](crate::Policy::travel) under which it travels. For as long as a deployment may take; by default an hour.
    /// After that it is a dead letter, with the reason. `Duration::ZERO` gives none back.
    ///
    /// The waits grow from a second to five minutes, and no attempt counts. A message of which nobody can tell how long it
    /// has waited, as of one that Python has sent, is a dead letter at once.
    pub fn unknown_for(mut self, duration: Duration) -> Self {
        self.unknown_for = duration;
        self
    }

    /// Builds the worker.
    ///
    /// # Errors
    ///
    /// [`StatesError`] if a task that it serves takes a state that was not given, or two tasks have one
    /// name.
    pub fn build(self) -> Result<Worker, StatesError> {
        let registry = registry().map_err(StatesError::Duplicates)?;
        let serving = self.settings.serving.clone();
        let states = self.settings.check()?.states;
        let here = if self.executes_here {
            // The states are checked above, for the tasks that this worker serves.
            let here = Inline::builder().states(states.clone()).serving(TaskSet::default());
            Some(Arc::new(here.build()?))
        } else {
            None
        };
        let inner = Inner {
            registry,
            states,
            serving,
            scope_settings: self.scope_settings,
            here,
            reentry: self.reentry,
            concurrency: self.concurrency,
            prefetch: self.prefetch.unwrap_or(self.concurrency.saturating_mul(4)),
            timeout: self.timeout,
            timeouts: self.timeouts,
            max_attempts: self.max_attempts,
            backoff: self.backoff,
            grace: self.grace,
            unknown_for: self.unknown_for,
            counters: Counters::default(),
        };
        Ok(Worker { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("states", &self.settings.runner.states)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
