//! A set of tasks.

use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::core::intent::Intent;
use crate::core::registry::{DuplicateTasks, registry};
use crate::core::task::TaskInfo;
use crate::core::task::unknown_task::UnknownTask;

/// A set of tasks, by identity: asking for one costs the same whatever the number.
///
/// [`tasks!`](crate::tasks) makes one whose names the compiler checks; [`TaskSet::named`] makes one
/// from names that are only known when the program runs. Cloning is cheap.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// #[airlock::task]
/// fn notify_warehouse(order_id: u64) {}
///
/// let mails = airlock::tasks![send_mail];
/// assert!(mails.contains(send_mail::intent(1).task()));
/// assert!(!mails.contains(notify_warehouse::intent(1).task()));
/// ```
#[derive(Clone, Default)]
pub struct TaskSet {
    /// By address: a task's `TaskInfo` is one static.
    tasks: Arc<FxHashMap<usize, &'static TaskInfo>>,
}

impl TaskSet {
    /// The tasks of these names, which come from a configuration.
    ///
    /// # Errors
    ///
    /// [`NamedTasksError`] for a name that no task has, with the nearest that one has.
    pub fn named<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, NamedTasksError> {
        let registry = registry().map_err(NamedTasksError::Duplicates)?;
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for name in names {
            match registry.find(name.as_ref()) {
                Ok(task) => found.push(task),
                Err(error) => unknown.push(error),
            }
        }
        if unknown.is_empty() {
            Ok(found.into_iter().collect())
        } else {
            Err(NamedTasksError::Unknown(unknown))
        }
    }

    /// Whether `task` is in the set.
    #[inline]
    pub fn contains(&self, task: &'static TaskInfo) -> bool {
        self.tasks.contains_key(&std::ptr::from_ref(task).addr())
    }

    /// The tasks, ordered by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'static TaskInfo> {
        let mut tasks: Vec<_> = self.tasks.values().copied().collect();
        tasks.sort_by_key(|task| task.name());
        tasks.into_iter()
    }

    #[inline]
    pub(crate) fn has(&self, intent: &Intent) -> bool {
        self.contains(intent.task())
    }
}

impl FromIterator<&'static TaskInfo> for TaskSet {
    fn from_iter<I: IntoIterator<Item = &'static TaskInfo>>(tasks: I) -> Self {
        let tasks = tasks.into_iter().map(|task| (std::ptr::from_ref(task).addr(), task));
        Self { tasks: Arc::new(tasks.collect()) }
    }
}

impl fmt::Debug for TaskSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(TaskInfo::name)).finish()
    }
}

/// How many names a message shows: each is cut, and a list may be as long.
const SHOWN: usize = 4;

/// Names from a configuration that don't all name tasks.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::{NamedTasksError, TaskSet};
///
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// match TaskSet::named(["mail.welcome", "mail.goodby"]) {
///     Err(NamedTasksError::Unknown(unknown)) => assert_eq!(unknown[0].name(), "mail.goodby"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone)]
pub enum NamedTasksError {
    /// No task has these names.
    Unknown(Vec<UnknownTask>),
    /// The registry can't say which task a name means.
    Duplicates(DuplicateTasks),
}

impl fmt::Display for NamedTasksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(unknown) => {
                let shown = unknown.iter().take(SHOWN).map(ToString::to_string);
                f.write_str(&shown.collect::<Vec<_>>().join("\n"))?;
                match unknown.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, "\n… and {more} more of {} names", unknown.len()),
                }
            }
            Self::Duplicates(error) => error.fmt(f),
        }
    }
}

/// The text of `Display`: what a `main` that returns the error shows.
impl fmt::Debug for NamedTasksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for NamedTasksError {}

/// A [`TaskSet`] of tasks, by their paths, bare or in quotes.
///
/// A path that is no task does not compile; rustc names the one that is near.
///
/// # Examples
///
/// ```
/// mod warehouse {
///     #[airlock::task]
///     pub fn notify(order_id: u64) {}
/// }
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// assert_eq!(airlock::tasks![send_mail, "warehouse::notify"].iter().len(), 2);
/// ```
///
/// ```compile_fail,E0425
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// airlock::tasks![send_mial];
/// ```
#[macro_export]
macro_rules! tasks {
    ($($task:tt)*) => { $crate::__private::task_set! { ($crate) $($task)* } };
}
