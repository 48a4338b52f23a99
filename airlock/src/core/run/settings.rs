//! The settings that every executor of this process has.

use crate::core::registry::task_set::TaskSet;
use crate::core::registry::{DuplicateTasks, registry};
use crate::core::run::Runner;
use crate::core::task::states::MissingStates;

/// How to run tasks here, and which to check the states against.
#[derive(Clone, Debug)]
pub(crate) struct RunnerSettings {
    pub(crate) runner: Runner,
    pub(crate) serving: Option<TaskSet>,
}

impl RunnerSettings {
    pub(crate) fn new(executor: &'static str) -> Self {
        Self { runner: Runner::new(executor), serving: None }
    }

    /// Checks the states against the tasks served: all that are linked in, unless named.
    pub(crate) fn check(self) -> Result<Runner, StatesError> {
        let Self { runner, serving } = self;
        let checked = if let Some(tasks) = serving {
            runner.states.check(tasks.iter())
        } else {
            runner.states.check(registry().map_err(StatesError::Duplicates)?.iter())
        };
        checked.map_err(StatesError::Missing)?;
        Ok(runner)
    }
}

/// The methods of a builder whose field `settings` is a [`RunnerSettings`] that are about states.
macro_rules! states {
    () => {
        /// Supplies `#[state]` parameters of type `&T` with `state`.
        pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
            self.settings.runner.states = self.settings.runner.states.with(state);
            self
        }

        /// Supplies `#[state]` parameters from `states`, in place of those given before.
        pub fn states(mut self, states: $crate::States) -> Self {
            self.settings.runner.states = states;
            self
        }

        /// Checks the states against these tasks only, where others run elsewhere.
        pub fn serving(mut self, tasks: $crate::TaskSet) -> Self {
            self.settings.serving = Some(tasks);
            self
        }
    };
}

/// The same, and those of an executor of this process.
macro_rules! settings {
    () => {
        $crate::core::run::settings::states!();

        /// How many generations are carried out of tasks that enqueue tasks, the flushed ones being
        /// the first; 64 unless told otherwise. What the last of them enqueues fails.
        pub fn generations(mut self, generations: u32) -> Self {
            self.settings.runner.generations = generations;
            self
        }
    };
}

pub(crate) use {settings, states};

/// An executor can't be built with the states it was given.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::{Inline, StatesError};
///
/// struct Smtp;
///
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(#[state] smtp: &Smtp, user_id: u64) {}
///
/// let error = Inline::builder().build().unwrap_err();
/// assert!(matches!(error, StatesError::Missing(_)));
/// assert!(error.to_string().contains("`mail.welcome`"));
/// ```
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
