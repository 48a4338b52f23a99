//! What generated code calls. Not public: it may change with any release.

mod arguments;
#[cfg(feature = "_fuzz")]
pub mod fuzz;
mod returned;

pub use airlock_macros::task_set;
pub use arguments::{Copying, Probe, Unable};
pub use inventory;
pub use returned::{
    Ended, EndedAnyway, EndedByOutcome, Returned, ReturnsAnything, ReturnsResult, ScopedError,
    handled, settle, settle_async,
};

use crate::core::intent::Intent;
pub use crate::core::policy::travel::TravellingRegistration;
pub use crate::core::registry::Registration;
use crate::core::registry::task_set::TaskSet;
pub use crate::core::scope::body::{AFuture, AnyValue, Body, NotAFuture};
use crate::core::stack::enqueue_error::EnqueueError;
pub use crate::core::task::Definition;
pub use crate::core::task::arguments::{Argument, Arguments, Lacking};
pub use crate::core::task::called::{BoxError, Called, TaskReturn, finish};
use crate::core::task::payload::Call;
pub use crate::core::task::pool::Pool;
pub use crate::core::task::states::StateKey;
use crate::core::task::states::States;
pub use crate::core::task::values::abilities::{Abilities, Seen};
pub use crate::core::task::wire::Wire;
use crate::core::task::{Task, TaskInfo};

/// What `task::intent` does.
#[inline]
#[track_caller]
pub fn intent<T: Task>(arguments: T::Arguments) -> Intent {
    Intent::new(Call::<T>::pack(arguments))
}

/// What `task::enqueue` does.
///
/// # Errors
///
/// As [`Intent::enqueue`].
#[inline]
#[track_caller]
pub fn enqueue<T: Task>(arguments: T::Arguments) -> Result<(), EnqueueError> {
    Intent::enqueue_call::<T>(arguments)
}

/// Holds `T` against what an argument must be.
pub const fn argument<T: Argument>() {}

/// How the arguments of `T` go to JSON and back, where they can.
///
/// Where they can't, `__AIRLOCK_WIRE` is that of [`Unwired`]: [`argument`] says so, and says it once.
pub struct Wired<T>(std::marker::PhantomData<T>);

impl<T: Task> Wired<T>
where
    T::Arguments: Arguments,
{
    /// Both ways.
    pub const __AIRLOCK_WIRE: Option<Wire> = Some(Wire::of::<T>());
}

/// Arguments that don't go to JSON.
pub trait Unwired {
    /// No way.
    const __AIRLOCK_WIRE: Option<Wire> = None;
}

impl<T> Unwired for Wired<T> {}

/// The set behind `tasks!`.
pub fn task_set(tasks: &[&'static TaskInfo]) -> TaskSet {
    tasks.iter().copied().collect()
}

/// The state of type `S` that task `T` asks for.
///
/// # Panics
///
/// Panics where there is none; executors that were built with a check never get here.
pub fn state<T: Task, S: Send + Sync + 'static>(states: &States) -> &S {
    states.get().unwrap_or_else(|| {
        panic!(
            "`{}` ({}) needs the state `{}`, which its executor was not given: \
             `.state(…)` on the executor's builder, and the executor on the scope, \
             `.executor(…)`, or in `airlock::configure()`",
            T::NAME,
            T::info().place(),
            std::any::type_name::<S>(),
        )
    })
}
