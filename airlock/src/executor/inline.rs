//! The executor that runs tasks where the flush is.

use crate::executor::run::{Interrupted, Runner};
use crate::executor::{Batch, DispatchError, Executor};
use crate::intent::Intent;
use crate::registry::{DuplicateTasks, registry};
use crate::states::{MissingStates, States};
use crate::task_set::TaskSet;

/// Runs the tasks here, one after another; the executor of a scope that was given none.
///
/// Each task runs in a scope of its own: what it enqueues leaves if it succeeds, through the
/// policies that were in force for the task itself. A panic in a task is that task's failure.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::Inline;
///
/// struct Smtp { host: &'static str }
///
/// #[airlock::task]
/// fn send_mail(#[state] smtp: &Smtp, order_id: u64) {
///     println!("mail for {order_id} over {}", smtp.host);
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inline = Inline::builder().state(Smtp { host: "localhost" }).build()?;
/// airlock::scope().executor(inline).run(|| send_mail::enqueue(42))??;
///
/// let missing = Inline::builder().build().unwrap_err();
/// assert!(missing.to_string().contains("send_mail"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Inline {
    runner: Runner,
}

static DEFAULT: Inline = Inline { runner: Runner::new("Inline") };

impl Inline {
    /// An executor with states, or with another limit on generations.
    pub fn builder() -> InlineBuilder {
        InlineBuilder { runner: Runner::new("Inline"), serving: None }
    }

    /// The executor of a scope that was given none.
    #[inline]
    pub(crate) fn default_ref() -> &'static Self {
        &DEFAULT
    }

    /// Runs intents that nobody judges, up to the first that is more than a sync task which succeeds
    /// and enqueues nothing.
    pub(crate) fn run_plain(&self, intents: &mut [Intent]) -> Option<Interrupted> {
        self.runner.run_plain(intents)
    }

    /// Goes on from there.
    pub(crate) fn resume(
        &self,
        batch: &mut Batch,
        interrupted: Interrupted,
    ) -> Result<(), DispatchError> {
        self.runner.resume(batch, interrupted)
    }

    pub(crate) fn run_now(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.runner.run_now(batch)
    }

    pub(crate) async fn run_awaited(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.runner.run_awaited(batch).await
    }
}

impl Executor for Inline {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        if batch.awaited { self.run_awaited(batch).await } else { self.run_now(batch) }
    }

    /// It refuses single async tasks where it must, and knows better than by the batch.
    fn blocks(&self) -> bool {
        false
    }
}

/// Builds an [`Inline`]; made by [`Inline::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `.build()`"]
pub struct InlineBuilder {
    runner: Runner,
    serving: Option<TaskSet>,
}

impl InlineBuilder {
    /// Supplies `#[state]` parameters of type `&T` with `state`.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.runner.states = self.runner.states.with(state);
        self
    }

    /// Supplies `#[state]` parameters from `states`, in place of those given before.
    pub fn states(mut self, states: States) -> Self {
        self.runner.states = states;
        self
    }

    /// Checks the states against these tasks only, where others run elsewhere.
    pub fn serving(mut self, tasks: TaskSet) -> Self {
        self.serving = Some(tasks);
        self
    }

    /// How many generations are carried out of tasks that enqueue tasks, the flushed ones being the
    /// first; 64 unless told otherwise. What the last of them enqueues fails.
    pub fn generations(mut self, generations: u32) -> Self {
        self.runner.generations = generations;
        self
    }

    /// The executor.
    ///
    /// # Errors
    ///
    /// [`StatesError`] where a task asks for a state that was not given.
    pub fn build(self) -> Result<Inline, StatesError> {
        check_states(&self.runner.states, self.serving.as_ref())?;
        Ok(Inline { runner: self.runner })
    }
}

/// Checks `states` against the tasks served: all that are linked in, unless named.
pub(crate) fn check_states(states: &States, serving: Option<&TaskSet>) -> Result<(), StatesError> {
    let checked = if let Some(tasks) = serving {
        states.check(tasks.iter())
    } else {
        states.check(registry().map_err(StatesError::Duplicates)?.iter())
    };
    checked.map_err(StatesError::Missing)
}

/// An executor can't be built with the states it was given.
#[derive(Clone)]
pub enum StatesError {
    /// Tasks ask for states that were not given.
    Missing(MissingStates),
    /// The registry can't say which tasks there are.
    Duplicates(DuplicateTasks),
}

impl std::fmt::Display for StatesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(error) => error.fmt(f),
            Self::Duplicates(error) => error.fmt(f),
        }
    }
}

/// The text of `Display`: what a `main` that returns the error shows.
impl std::fmt::Debug for StatesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StatesError {}
