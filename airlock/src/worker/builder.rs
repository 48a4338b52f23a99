//! What a worker serves, and how.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::backoff::Backoff;
use crate::core::executor::Executor;
use crate::core::policy::{BlockTasks, Policy};
use crate::core::registry::task_set::TaskSet;
use crate::core::registry::{Registry, registry};
use crate::core::run::inline::Inline;
use crate::core::run::settings::StatesError;
use crate::core::run::settings::{Settings, states};
use crate::core::scope::{Scope, scope};
use crate::core::stack::in_force;
use crate::core::task::TaskInfo;
use crate::core::task::states::States;
use crate::worker::Served;
use crate::worker::served::Counters;

/// A worker, to be given its states and settings.
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
        settings: Settings::new("airlock::Worker"),
        dress: Vec::new(),
        executes_here: true,
        reentry: true,
        concurrency: 16,
        prefetch: None,
        timeout: None,
        timeouts: Vec::new(),
        max_attempts: 5,
        backoff: Backoff::new(Duration::from_secs(1)),
        grace: Duration::from_secs(30),
    }
}

/// Runs the tasks that an engine's messages name; made by [`worker()`].
///
/// Cloning is cheap: clones count together.
#[derive(Clone)]
pub struct Worker {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) registry: &'static Registry,
    pub(super) states: States,
    pub(super) serving: Option<TaskSet>,
    dress: Vec<Dress>,
    /// Carries out what tasks enqueue where nobody else is told to.
    here: Option<Arc<Inline>>,
    reentry: bool,
    pub(super) concurrency: usize,
    pub(super) prefetch: usize,
    timeout: Option<Duration>,
    timeouts: Vec<(TaskSet, Duration)>,
    pub(super) max_attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) grace: Duration,
    pub(super) counters: Counters,
}

/// A setting of the scope that each task runs in.
type Dress = Box<dyn Fn(Scope) -> Scope + Send + Sync>;

impl Worker {
    /// What has become of the messages so far.
    pub fn served(&self) -> Served {
        self.inner.counters.now()
    }
}

impl Inner {
    /// The scope that a task runs in.
    pub(super) fn scope(&self, task: &'static TaskInfo) -> Scope {
        let mut scope = self
            .dress
            .iter()
            .fold(scope().boundary().named(task.name()), |scope, dress| dress(scope));
        if let Some(here) = &self.here
            && in_force::executor().is_none()
        {
            scope = scope.executor(here.clone());
        }
        if self.reentry {
            return scope;
        }
        scope.policy(BlockTasks::new([task].into_iter().collect()))
    }

    /// How long the task may take.
    pub(super) fn timeout(&self, task: &'static TaskInfo) -> Option<Duration> {
        let own = self.timeouts.iter().rev().find(|(tasks, _)| tasks.contains(task));
        own.map(|(_, timeout)| *timeout).or(self.timeout)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("states", &self.inner.states)
            .field("served", &self.served())
            .finish_non_exhaustive()
    }
}

/// Builds a [`Worker`]; made by [`worker()`].
#[must_use = "a builder does nothing until `.build()`"]
pub struct WorkerBuilder {
    settings: Settings,
    dress: Vec<Dress>,
    executes_here: bool,
    reentry: bool,
    concurrency: usize,
    prefetch: Option<usize>,
    timeout: Option<Duration>,
    timeouts: Vec<(TaskSet, Duration)>,
    max_attempts: u32,
    backoff: Backoff,
    grace: Duration,
}

impl WorkerBuilder {
    states!();

    /// Judges what tasks enqueue, as [`Scope::policy`] does.
    pub fn policy(mut self, policy: impl Policy) -> Self {
        let policy = Arc::new(policy);
        self.dress.push(Box::new(move |scope| scope.policy(policy.clone())));
        self
    }

    /// Carries out what tasks enqueue; the configured executor unless told otherwise, and without one
    /// this worker itself, at once and with its states. An attempt fails where that fails.
    pub fn executor(mut self, executor: impl Executor) -> Self {
        let executor = Arc::new(executor);
        self.executes_here = false;
        self.dress.push(Box::new(move |scope| scope.executor(executor.clone())));
        self
    }

    /// Drops what a task enqueues of itself, so that one that does so doesn't run for ever.
    pub fn block_reentry(mut self) -> Self {
        self.reentry = false;
        self
    }

    /// How many tasks run at once; 16 unless told otherwise, and at least 1. With 1, tasks run in
    /// the order of the queue.
    pub fn concurrency(mut self, tasks: usize) -> Self {
        self.concurrency = tasks.max(1);
        self
    }

    /// How many messages wait in the worker for their turn; four times the concurrency unless told
    /// otherwise. More makes for fewer round trips, fewer leaves more to other workers.
    ///
    /// With those that have ended, and of which the engine is yet to be told, a worker holds up to twice as
    /// many as run and wait.
    pub fn prefetch(mut self, messages: usize) -> Self {
        self.prefetch = Some(messages);
        self
    }

    /// How long a task may take; as long as it likes unless told otherwise.
    ///
    /// An async task that takes longer is dropped at its next `.await`. A sync one can't be: it goes
    /// on in its thread while it counts as failed, and what it enqueues is discarded.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long each of these tasks may take, in place of [`timeout`](Self::timeout).
    pub fn timeout_of(mut self, tasks: TaskSet, timeout: Duration) -> Self {
        self.timeouts.push((tasks, timeout));
        self
    }

    /// How often a task is tried that doesn't say so itself; 5 unless told otherwise, at least 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// How long to wait between attempts; from 1 second on, doubling, unless told otherwise.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long tasks that run may go on once the worker is told to stop; 30 seconds unless told
    /// otherwise. What is not done by then is given back.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The worker.
    ///
    /// # Errors
    ///
    /// [`StatesError`] where a task that it will serve asks for a state that was not given, or two
    /// tasks have one name.
    pub fn build(self) -> Result<Worker, StatesError> {
        let registry = registry().map_err(StatesError::Duplicates)?;
        let serving = self.settings.serving.clone();
        let states = self.settings.check()?.states;
        let here = if self.executes_here {
            // Checked above, for the tasks that this worker serves.
            let here = Inline::builder().states(states.clone()).serving(TaskSet::default());
            Some(Arc::new(here.build()?))
        } else {
            None
        };
        let inner = Inner {
            registry,
            states,
            serving,
            dress: self.dress,
            here,
            reentry: self.reentry,
            concurrency: self.concurrency,
            prefetch: self.prefetch.unwrap_or(self.concurrency.saturating_mul(4)),
            timeout: self.timeout,
            timeouts: self.timeouts,
            max_attempts: self.max_attempts,
            backoff: self.backoff,
            grace: self.grace,
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
