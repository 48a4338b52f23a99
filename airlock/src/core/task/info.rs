//! What is known of a task.

use std::fmt;

use crate::core::task::Task;
use crate::core::task::parameter::{Parameter, Place};
use crate::core::task::states::StateKey;
use crate::core::task::wire::Wire;

/// What is known of a task: its name, where it stands, its parameters and its options.
///
/// There is one of each task in a binary, and two are equal when they are the same task.
///
/// # Examples
///
/// ```
/// use airlock::Task;
///
/// #[airlock::task(name = "mail.welcome", queue = "emails", max_attempts = 5)]
/// fn welcome(user_id: u64, #[secret] token: String) {}
///
/// let info = welcome::intent(7, "t0p".into()).task();
/// assert_eq!(info.name(), "mail.welcome");
/// assert_eq!(info.queue(), Some("emails"));
/// assert_eq!(info.max_attempts(), Some(5));
/// assert_eq!(info.parameters()[1].name(), "token");
/// assert!(info.parameters()[1].is_secret());
/// ```
pub struct TaskInfo {
    name: &'static str,
    named_by: NamedBy,
    place: Place,
    parameters: &'static [Parameter],
    queue: Option<&'static str>,
    max_attempts: Option<u32>,
    removed: &'static [&'static str],
    also: &'static [&'static str],
    best_effort: bool,
    elsewhere: bool,
    asynchronous: bool,
    states: &'static [StateKey],
    /// How arguments go to JSON and back; `None` for a local task.
    pub(crate) wire: Option<Wire>,
}

/// Where a task's name comes from.
enum NamedBy {
    User,
    Path,
}

impl TaskInfo {
    /// The name under which the task is found, in this binary and on the wire.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether nobody has written the name: it is the function's path, and changes when the function moves.
    pub fn has_default_name(&self) -> bool {
        matches!(self.named_by, NamedBy::Path)
    }

    /// Where the task's function stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The parameters that are arguments, in order.
    pub fn parameters(&self) -> &'static [Parameter] {
        self.parameters
    }

    /// The queue the task names for itself.
    pub fn queue(&self) -> Option<&'static str> {
        self.queue
    }

    /// How often the task may be tried, the first time included, where it says so.
    pub fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// The names of arguments that the task had: messages that carry them are read without them.
    pub fn removed(&self) -> &'static [&'static str] {
        self.removed
    }

    /// The names that the task had: messages, configurations and policies find it by them as well.
    pub fn also(&self) -> &'static [&'static str] {
        self.also
    }

    /// Whether its failure fails no flush, as [`Intent::best_effort`](crate::Intent::best_effort) says of one intent.
    pub fn is_best_effort(&self) -> bool {
        self.best_effort
    }

    /// Whether this process can't run it: it is a struct under [`#[derive(Task)]`](derive@crate::Task), without a body.
    pub fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    /// Whether the function is an `async fn`.
    pub fn is_async(&self) -> bool {
        self.asynchronous
    }

    /// Whether the task runs in this process only, because its arguments don't go to JSON.
    pub fn is_local(&self) -> bool {
        self.wire.is_none()
    }

    pub(crate) fn states(&self) -> &'static [StateKey] {
        self.states
    }
}

impl PartialEq for TaskInfo {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for TaskInfo {}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

impl fmt::Debug for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskInfo({})", self.name)
    }
}

/// Builds a [`TaskInfo`] in a constant; the attribute's options are calls of its methods, so that
/// rustc checks their types on the user's own tokens.
pub struct Definition(TaskInfo);

impl Definition {
    /// A task whose arguments stay in this process, unless there is a [`wire`](Self::wire).
    ///
    /// # Panics
    ///
    /// While it is compiled, where a constant of the user's is an empty name.
    #[track_caller]
    pub const fn of<T: Task>(place: Place, parameters: &'static [Parameter]) -> Self {
        assert!(
            !T::NAME.is_empty(),
            "a task's name can't be empty: write one, or remove `name` to use the function's path"
        );
        Self(TaskInfo {
            name: T::NAME,
            named_by: NamedBy::User,
            place,
            parameters,
            queue: None,
            max_attempts: None,
            removed: &[],
            also: &[],
            best_effort: false,
            elsewhere: false,
            asynchronous: false,
            states: &[],
            wire: None,
        })
    }

    /// Its name is the path of its function.
    #[must_use]
    pub const fn default_name(self) -> Self {
        let Self(mut info) = self;
        info.named_by = NamedBy::Path;
        Self(info)
    }

    /// How the arguments go to JSON and back.
    #[must_use]
    pub const fn wire(self, wire: Option<Wire>) -> Self {
        let Self(mut info) = self;
        info.wire = wire;
        Self(info)
    }

    /// The queue the task names for itself.
    ///
    /// # Panics
    ///
    /// While it is compiled, where the name is empty.
    #[must_use]
    #[track_caller]
    pub const fn queue(self, queue: &'static str) -> Self {
        assert!(
            !queue.is_empty(),
            "a queue's name can't be empty: write one, or remove `queue` to use the executor's"
        );
        let Self(mut info) = self;
        info.queue = Some(queue);
        Self(info)
    }

    /// How often the task may be tried, the first time included.
    ///
    /// # Panics
    ///
    /// While it is compiled, where it is never.
    #[must_use]
    #[track_caller]
    pub const fn max_attempts(self, attempts: u32) -> Self {
        assert!(
            attempts > 0,
            "a task is attempted at least once: write 1 or more, or remove `max_attempts`"
        );
        let Self(mut info) = self;
        info.max_attempts = Some(attempts);
        Self(info)
    }

    /// The names of arguments that messages of older binaries still carry.
    #[must_use]
    pub const fn removed(self, names: &'static [&'static str]) -> Self {
        let Self(mut info) = self;
        info.removed = names;
        Self(info)
    }

    /// The names that the task had.
    #[must_use]
    pub const fn also(self, names: &'static [&'static str]) -> Self {
        let Self(mut info) = self;
        info.also = names;
        Self(info)
    }

    /// Its failure fails no flush.
    #[must_use]
    pub const fn best_effort(self) -> Self {
        let Self(mut info) = self;
        info.best_effort = true;
        Self(info)
    }

    /// It has no body in this process.
    #[must_use]
    pub const fn elsewhere(self) -> Self {
        let Self(mut info) = self;
        info.elsewhere = true;
        Self(info)
    }

    /// The function is an `async fn`.
    #[must_use]
    pub const fn asynchronous(self) -> Self {
        let Self(mut info) = self;
        info.asynchronous = true;
        Self(info)
    }

    /// The types of the `#[state]` parameters.
    #[must_use]
    pub const fn states(self, states: &'static [StateKey]) -> Self {
        let Self(mut info) = self;
        info.states = states;
        Self(info)
    }

    /// The finished description.
    pub const fn info(self) -> TaskInfo {
        self.0
    }
}
