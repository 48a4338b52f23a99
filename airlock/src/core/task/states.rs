//! What `#[state]` parameters are supplied from.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::core::task::TaskInfo;

/// The values that `#[state]` parameters are supplied from, one of a type.
///
/// Cloning is cheap: clones share the values.
///
/// # Examples
///
/// ```
/// use airlock::States;
///
/// struct Smtp { host: &'static str }
///
/// let states = States::new().with(Smtp { host: "localhost" });
/// assert_eq!(states.get::<Smtp>().map(|smtp| smtp.host), Some("localhost"));
/// assert!(states.get::<String>().is_none());
/// ```
#[derive(Clone, Default)]
pub struct States {
    values: Option<Arc<FxHashMap<TypeId, State>>>,
}

/// A state with the name of its type.
type State = (&'static str, Arc<dyn Any + Send + Sync>);

impl States {
    /// No states.
    pub const fn new() -> Self {
        Self { values: None }
    }

    /// These states and `state`; one of the same type is replaced.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        let values = Arc::make_mut(self.values.get_or_insert_default());
        values.insert(TypeId::of::<T>(), (type_name::<T>(), Arc::new(state)));
        self
    }

    /// The state of type `T`, where one was given.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let (_, value) = self.values.as_ref()?.get(&TypeId::of::<T>())?;
        value.downcast_ref()
    }

    /// The names of the types, in order.
    fn names(&self) -> Vec<&'static str> {
        let states = self.values.iter().flat_map(|values| values.values());
        let mut names: Vec<_> = states.map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }

    fn has(&self, key: &StateKey) -> bool {
        self.values.as_ref().is_some_and(|values| values.contains_key(&(key.id)()))
    }

    /// Which states `tasks` ask for and these don't hold.
    pub(crate) fn check(
        &self,
        tasks: impl IntoIterator<Item = &'static TaskInfo>,
    ) -> Result<(), MissingStates> {
        let missing: Vec<_> = tasks
            .into_iter()
            .flat_map(|task| task.states().iter().map(move |key| (task, key)))
            .filter(|(_, key)| !self.has(key))
            .map(|(task, key)| (task, (key.name)()))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(MissingStates { missing, given: self.clone(), advice: BUILDER })
        }
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The type of one `#[state]` parameter.
///
/// Functions, because neither a `TypeId` nor a type's name can be had in a constant.
#[derive(Clone, Copy)]
pub struct StateKey {
    id: fn() -> TypeId,
    name: fn() -> &'static str,
}

impl StateKey {
    /// The key of `T`.
    ///
    /// That it can be shared is for [`state`](crate::private::state) to ask: said twice, it is two errors.
    pub const fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>, name: type_name::<T> }
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.name)())
    }
}

/// Tasks have `#[state]` parameters that the executor or worker was given no value for.
///
/// Found when the executor or worker is built, not when such a task first runs.
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
/// match Inline::builder().build() {
///     Err(StatesError::Missing(missing)) => {
///         let (task, state) = missing.iter().next().expect("one is missing");
///         assert_eq!(task.name(), "mail.welcome");
///         assert!(state.ends_with("Smtp"));
///     }
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone)]
pub struct MissingStates {
    missing: Vec<(&'static TaskInfo, &'static str)>,
    given: States,
    advice: &'static str,
}

/// What to write at a builder.
const BUILDER: &str = "add each with `.state(…)`, or name the tasks it serves";

impl MissingStates {
    /// The same where there is no builder to give states to.
    #[cfg(feature = "_framework")]
    pub(crate) fn advising(mut self, advice: &'static str) -> Self {
        self.advice = advice;
        self
    }

    /// Each task with the name of the type that it lacks.
    pub fn iter(&self) -> impl Iterator<Item = (&'static TaskInfo, &'static str)> {
        self.missing.iter().copied()
    }
}

impl fmt::Display for MissingStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "states are missing: {}", self.advice)?;
        for (task, state) in &self.missing {
            write!(f, "\n  `{task}` ({}) needs `{state}`", task.place())?;
        }
        let given = self.given.names();
        if given.is_empty() {
            return f.write_str("\n  none was given");
        }
        write!(f, "\n  given: `{}`", given.join("`, `"))
    }
}

/// The text of `Display`: what a `main` that returns the error shows.
impl fmt::Debug for MissingStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for MissingStates {}
