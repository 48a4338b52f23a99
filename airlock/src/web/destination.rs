//! Where requests' effects go: checked and logged before a handler has committed anything.

use std::sync::{Arc, Once};

use crate::core::cut::cut;
use crate::core::executor::{DynExecutor, Executor};
use crate::core::log::event;
use crate::core::registry::registry;
use crate::core::registry::task_set::TaskSet;
use crate::core::run::settings::StatesError;
use crate::core::scope::Scope;
use crate::core::stack::in_force::configured;
use crate::core::task::states::States;

/// The executor of requests' scopes, and the tasks to check where there is none.
#[derive(Clone, Default)]
pub(crate) struct Destination {
    executor: Option<Arc<dyn DynExecutor>>,
    serving: Option<TaskSet>,
    said: Arc<Said>,
}

/// A layer is put around many routes and by many threads, and says everything once.
struct Said {
    destination: Once,
    missing: Once,
}

impl Default for Said {
    fn default() -> Self {
        Self { destination: Once::new(), missing: Once::new() }
    }
}

impl Destination {
    pub(crate) fn executor(&mut self, executor: impl Executor) {
        self.executor = Some(Arc::new(executor));
        self.said = Arc::default();
    }

    pub(crate) fn serving(&mut self, tasks: TaskSet) {
        self.serving = Some(tasks);
        self.said = Arc::default();
    }

    pub(crate) fn is_default(&self) -> bool {
        self.executor.is_none()
    }

    /// The executor that is known before the first request.
    fn known(&self) -> Option<(&'static str, &'static str)> {
        if let Some(executor) = &self.executor {
            return Some((executor.type_name(), "the layer"));
        }
        configured(|config| {
            let executor = config.and_then(|config| config.executor.as_ref());
            executor.map(|executor| (executor.type_name(), "the configuration"))
        })
    }

    /// Whether tasks that requests run themselves have what they need.
    pub(crate) fn check(&self) -> Result<(), StatesError> {
        if self.known().is_some() {
            return Ok(());
        }
        let checked = match &self.serving {
            Some(tasks) => States::new().check(tasks.iter()),
            None => States::new().check(registry().map_err(StatesError::Duplicates)?.iter()),
        };
        checked.map_err(|missing| {
            StatesError::Missing(missing.advising(
                "no executor is named, so requests run their tasks themselves, without states: name one that has \
                 them at the layer, `.executor(Inline::builder().state(…).build()?)`, or with `airlock::configure()` \
                 before it; or the tasks that requests run, `.serving(tasks![…])`",
            ))
        })
    }

    /// Logs where the effects go, when the layer is put around routes. `by_request` if the scopes of requests may name
    /// executors themselves.
    pub(crate) fn say(&self, by_request: bool) {
        self.said.destination.call_once(|| match self.known() {
            Some((executor, named_by)) => event!(
                info,
                "airlock::web",
                [executor, named_by],
                "the effects of requests go to an executor"
            ),
            None if by_request => event!(
                info,
                "airlock::web",
                [],
                "the effects of requests go to the executor that `.scope(…)` names; where it names none, requests run \
                 their tasks themselves"
            ),
            None => {
                event!(
                    info,
                    "airlock::web",
                    [],
                    "no executor is named: requests run their tasks themselves, before the response"
                );
                self.warn();
            }
        });
    }

    /// The scope of a request, and a warning before its handler begins where it has no executor and should.
    pub(crate) fn of(&self, made: Option<Scope>) -> Scope {
        let Some(made) = made else {
            return match &self.executor {
                None => crate::core::scope::scope(),
                Some(executor) => {
                    crate::core::scope::scope().executor_unless_named(executor.clone())
                }
            };
        };
        if let Some(executor) = &self.executor {
            return made.executor_unless_named(executor.clone());
        }
        let unsaid = !self.said.missing.is_completed();
        if unsaid && !made.names_an_executor() && self.known().is_none() {
            self.warn();
        }
        made
    }

    fn warn(&self) {
        self.said.missing.call_once(|| {
            if let Err(error) = self.check() {
                event!(
                    warn,
                    "airlock::web",
                    [],
                    "requests that enqueue these tasks fail: {}",
                    cut(&error)
                );
            }
        });
    }
}
