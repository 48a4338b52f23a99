//! What a task is: the trait its marker type implements and what is known of it.

pub(crate) mod arguments;
mod bytes;
pub(crate) mod called;
pub(crate) mod decode_error;
mod nearest;
pub(crate) mod options;
pub(crate) mod payload;
pub(crate) mod states;
pub(crate) mod unknown_task;

use std::any::Any;
use std::fmt;

use crate::core::task::arguments::Wire;
use crate::core::task::called::Called;
use crate::core::task::states::{StateKey, States};

/// A function under [`#[airlock::task]`](macro@crate::task), as a type of the function's name.
///
/// The attribute implements it; it can't usefully be implemented by hand.
///
/// # Examples
///
/// ```
/// use airlock::Task;
///
/// #[airlock::task(name = "warehouse.notify")]
/// fn notify_warehouse(order_id: u64) {}
///
/// assert_eq!(<notify_warehouse as Task>::NAME, "warehouse.notify");
/// assert_eq!(notify_warehouse::intent(42).to_string(), "warehouse.notify(order_id: 42)");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    label = "not a task",
    note = "a task is a function under `#[airlock::task]`: put the attribute on the function, and name the function here"
)]
pub trait Task: Sized + 'static {
    /// The name under which the task is found, in this binary and on the wire.
    const NAME: &'static str;

    /// The arguments: a tuple of the parameters that are not `#[state]`, in order.
    type Arguments: Send + 'static;

    #[doc(hidden)]
    fn info() -> &'static TaskInfo;

    #[doc(hidden)]
    fn call(arguments: Self::Arguments, states: &States) -> Called;

    #[doc(hidden)]
    fn duplicate(arguments: &Self::Arguments) -> Option<Self::Arguments>;

    /// What the argument at `index` is where a message does not have it.
    #[doc(hidden)]
    fn default_argument(_index: usize) -> Option<Box<dyn Any>> {
        None
    }

    #[doc(hidden)]
    fn equal(_a: &Self::Arguments, _b: &Self::Arguments) -> Option<bool> {
        None
    }

    #[doc(hidden)]
    fn shown(_arguments: &Self::Arguments) -> Vec<String> {
        Vec::new()
    }
}

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
    place: Place,
    parameters: &'static [Parameter],
    queue: Option<&'static str>,
    max_attempts: Option<u32>,
    removed: &'static [&'static str],
    asynchronous: bool,
    states: &'static [StateKey],
    /// How arguments go to JSON and back; `None` for a local task.
    pub(crate) wire: Option<Wire>,
}

impl TaskInfo {
    /// The name under which the task is found, in this binary and on the wire.
    pub fn name(&self) -> &'static str {
        self.name
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
    pub const fn of<T: Task>(place: Place, parameters: &'static [Parameter]) -> Self {
        Self(TaskInfo {
            name: T::NAME,
            place,
            parameters,
            queue: None,
            max_attempts: None,
            removed: &[],
            asynchronous: false,
            states: &[],
            wire: None,
        })
    }

    /// How the arguments go to JSON and back.
    #[must_use]
    pub const fn wire(self, wire: Option<Wire>) -> Self {
        let Self(mut info) = self;
        info.wire = wire;
        Self(info)
    }

    /// The queue the task names for itself.
    #[must_use]
    pub const fn queue(self, queue: &'static str) -> Self {
        let Self(mut info) = self;
        info.queue = Some(queue);
        Self(info)
    }

    /// How often the task may be tried, the first time included.
    #[must_use]
    pub const fn max_attempts(self, attempts: u32) -> Self {
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

/// A parameter of a task that is an argument.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn welcome(user_id: u64, #[secret] token: String, #[default(3)] letters: u8) {}
///
/// let parameters = welcome::intent(7, "t0p".into(), 1).task().parameters();
/// assert_eq!(parameters[0].name(), "user_id");
/// assert!(!parameters[0].is_secret() && parameters[1].is_secret());
/// assert!(parameters[2].has_default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    name: &'static str,
    secret: bool,
    default: bool,
}

impl Parameter {
    #[doc(hidden)]
    pub const fn new(name: &'static str) -> Self {
        Self { name, secret: false, default: false }
    }

    #[doc(hidden)]
    pub const fn secret(name: &'static str) -> Self {
        Self { name, secret: true, default: false }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn with_default(self) -> Self {
        Self { default: true, ..self }
    }

    /// The parameter's name, which is its argument's key on the wire.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the parameter is `#[secret]`: never shown.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Whether the parameter is `#[default]`: a message may lack it.
    pub fn has_default(&self) -> bool {
        self.default
    }
}

/// A place in the source: the file as the compiler names it, line and column from 1.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let place = send_mail::intent(42).task().place();
/// assert_eq!(place.file(), file!());
/// assert!(place.line() < line!());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    file: &'static str,
    line: u32,
    column: u32,
}

impl Place {
    #[doc(hidden)]
    pub const fn new(file: &'static str, line: u32, column: u32) -> Self {
        Self { file, line, column }
    }

    /// The file, as the compiler names it.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
