//! What a task is: the trait its marker type implements and what is known of it.

pub(crate) mod arguments;
mod bytes;
pub(crate) mod called;
pub(crate) mod counted;
pub(crate) mod decode_error;
mod info;
mod long_integers;
pub(crate) mod nearest;
pub(crate) mod options;
mod parameter;
pub(crate) mod payload;
pub(crate) mod pool;
pub(crate) mod queue_name;
pub(crate) mod states;
pub(crate) mod taken;
pub(crate) mod unknown_task;
pub(crate) mod values;
pub(crate) mod wire;
pub(crate) mod with_options;
pub(crate) mod without_values;

use std::any::Any;
use std::thread::LocalKey;

pub use info::{Definition, TaskInfo};
pub use parameter::{Parameter, Place};

use crate::core::task::called::Called;
use crate::core::task::pool::Pool;
use crate::core::task::states::States;
use crate::core::task::values::abilities::Abilities;

/// A function under [`#[airlock::task]`](macro@crate::task), as a type of the function's name; or a struct under
/// [`#[derive(Task)]`](derive@crate::Task).
///
/// The macros implement it; it can't usefully be implemented by hand.
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
    note = "a task is a function under `#[airlock::task]`: put the attribute on the function, and name the function here; a struct with a job's arguments is one under `#[derive(airlock::Task)]`"
)]
pub trait Task: Sized + 'static {
    /// The name under which the task is found, in this binary and on the wire.
    const NAME: &'static str;

    /// The arguments: a tuple of the parameters that are not `#[state]`, or of the fields, in order.
    type Arguments: Send + 'static;

    #[doc(hidden)]
    fn info() -> &'static TaskInfo;

    #[doc(hidden)]
    fn call(arguments: Self::Arguments, states: &States) -> Called;

    #[doc(hidden)]
    fn pool() -> &'static LocalKey<Pool<Self>>;

    /// A copy by `Clone`, where each argument has it.
    #[doc(hidden)]
    fn duplicate(arguments: &Self::Arguments) -> Option<Self::Arguments>;

    /// What the argument at `index` is where a message does not have it.
    #[doc(hidden)]
    fn default_argument(_index: usize) -> Option<Box<dyn Any>> {
        None
    }

    /// What the type of each argument can do.
    #[doc(hidden)]
    fn abilities() -> &'static [Abilities];

    #[doc(hidden)]
    fn argument(arguments: &Self::Arguments, index: usize) -> &dyn Any;
}
