//! What generated code calls. Not public: it may change with any release.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use airlock_macros::task_set;
pub use inventory;

use crate::core::flush::FlushError;
use crate::core::intent::Intent;
pub use crate::core::registry::Registration;
use crate::core::registry::task_set::TaskSet;
use crate::core::scope::Sealed;
use crate::core::scope::outcome::Outcome;
use crate::core::stack::enqueue_error::EnqueueError;
pub use crate::core::task::Definition;
pub use crate::core::task::arguments::{Argument, Arguments, Wire};
pub use crate::core::task::called::{BoxError, Called, TaskReturn, finish};
use crate::core::task::payload::Call;
pub use crate::core::task::states::StateKey;
use crate::core::task::states::States;
use crate::core::task::{Task, TaskInfo};

// ---- intents

/// What `task::intent` does.
#[inline]
#[track_caller]
pub fn intent<T: Task>(arguments: T::Arguments) -> Intent {
    Intent::new(Call::<T>::new(arguments).pack())
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
/// Where they can't, `WIRE` is that of [`Unwired`]: [`argument`] says so, and says it once.
pub struct Wired<T>(std::marker::PhantomData<T>);

impl<T: Task> Wired<T>
where
    T::Arguments: Arguments,
{
    /// Both ways.
    pub const WIRE: Option<Wire> = Some(Wire::of::<T>());
}

/// Arguments that don't go to JSON.
pub trait Unwired {
    /// No way.
    const WIRE: Option<Wire> = None;
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

// ---- choices by what a type can do
//
// Method calls on `(&&Wrapper(value))` find the most able implementation first: an argument's
// `Clone` is used where there is one, and its absence is no error.

/// Copies arguments.
pub struct Duplicating<'a, T>(pub &'a T);

/// Copies arguments that are `Clone`.
pub trait DuplicateByClone<T> {
    /// A copy.
    fn duplicate(&self) -> Option<T>;
}

impl<T: Clone> DuplicateByClone<T> for &Duplicating<'_, T> {
    #[inline]
    fn duplicate(&self) -> Option<T> {
        Some(self.0.clone())
    }
}

/// Copies arguments that go to JSON and back.
pub trait DuplicateByJson<T> {
    /// A copy, where JSON gives one.
    fn duplicate(&self) -> Option<T>;
}

impl<T: Serialize + DeserializeOwned> DuplicateByJson<T> for &&Duplicating<'_, T> {
    fn duplicate(&self) -> Option<T> {
        serde_json::from_str(&serde_json::to_string(self.0).ok()?).ok()
    }
}

/// Arguments that can't be copied.
pub trait DuplicateNot<T> {
    /// None.
    fn duplicate(&self) -> Option<T>;
}

impl<T> DuplicateNot<T> for Duplicating<'_, T> {
    fn duplicate(&self) -> Option<T> {
        None
    }
}

/// Compares the arguments of a local task.
pub struct Comparing<'a, T>(pub &'a T, pub &'a T);

/// Compares arguments that are `PartialEq`.
pub trait EqualByEq {
    /// Whether they are equal.
    fn equal(&self) -> Option<bool>;
}

impl<T: PartialEq> EqualByEq for Comparing<'_, T> {
    fn equal(&self) -> Option<bool> {
        Some(self.0 == self.1)
    }
}

/// Arguments that can't be compared.
pub trait EqualNot {
    /// None.
    fn equal(&self) -> Option<bool>;
}

impl<T> EqualNot for &Comparing<'_, T> {
    fn equal(&self) -> Option<bool> {
        None
    }
}

/// Shows an argument of a local task.
pub struct Showing<'a, T>(pub &'a T);

/// Shows arguments that are `Debug`.
pub trait ShownByDebug {
    /// The text.
    fn shown(&self) -> String;
}

impl<T: fmt::Debug> ShownByDebug for Showing<'_, T> {
    fn shown(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// Arguments that can't be shown.
pub trait ShownNot {
    /// An ellipsis.
    fn shown(&self) -> String;
}

impl<T> ShownNot for &Showing<'_, T> {
    fn shown(&self) -> String {
        "…".into()
    }
}

/// Asks a scoped function's value whether it means success.
pub struct Ended<'a, T>(pub &'a T);

/// Values that say so.
pub trait EndedByOutcome {
    /// What the value says.
    fn succeeded(&self) -> bool;
}

impl<T: Outcome> EndedByOutcome for Ended<'_, T> {
    #[inline]
    fn succeeded(&self) -> bool {
        self.0.succeeded()
    }
}

/// Values that don't: not to have panicked is success.
pub trait EndedAnyway {
    /// True.
    fn succeeded(&self) -> bool;
}

impl<T> EndedAnyway for &Ended<'_, T> {
    #[inline]
    fn succeeded(&self) -> bool {
        true
    }
}

/// Turns a failed flush into a scoped function's value.
pub struct Returned<R>(std::marker::PhantomData<fn() -> R>);

impl<R> Returned<R> {
    /// For a function that returned this value.
    pub fn of(_: &R) -> Self {
        Self(std::marker::PhantomData)
    }
}

/// What the error of a `#[scoped]` function must be.
#[diagnostic::on_unimplemented(
    message = "a failed flush can't become `{Self}`",
    label = "this function's error has no `From<airlock::FlushError>`",
    note = "return an error of your own (or `Box<dyn Error>`) that has `From<airlock::FlushError>`, or name a function from `FlushError` to the return type: `#[airlock::scoped(on_flush_error = path)]`"
)]
pub trait ScopedError: From<FlushError> {}

#[diagnostic::do_not_recommend]
impl<E: From<FlushError>> ScopedError for E {}

/// Functions that return a `Result`.
pub trait ReturnsResult<T, E> {
    /// The error, converted.
    ///
    /// # Errors
    ///
    /// Always.
    fn flush_failed(&self, error: FlushError) -> Result<T, E>
    where
        E: ScopedError;
}

impl<T, E> ReturnsResult<T, E> for Returned<Result<T, E>> {
    fn flush_failed(&self, error: FlushError) -> Result<T, E>
    where
        E: ScopedError,
    {
        Err(error.into())
    }
}

/// Functions that return anything else.
pub trait ReturnsAnything<R> {
    /// Panics with the report.
    fn flush_failed(&self, error: FlushError) -> R;
}

impl<R> ReturnsAnything<R> for &Returned<R> {
    #[track_caller]
    fn flush_failed(&self, error: FlushError) -> R {
        panic!("{error}\n{}", error.report())
    }
}

/// What `on_flush_error` makes of a failed flush: a value like the body's.
pub fn handled<R>(_: &R, handler: impl FnOnce(FlushError) -> R, error: FlushError) -> R {
    handler(error)
}

/// Flushes or discards what a scoped function's body enqueued.
///
/// # Errors
///
/// [`FlushError`], as [`Sealed::flush`].
#[inline]
pub fn settle(sealed: Sealed, succeeded: bool) -> Result<(), FlushError> {
    sealed.settle(succeeded)
}

/// The same where the executor may be awaited.
///
/// # Errors
///
/// [`FlushError`], as [`Sealed::flush_async`].
pub async fn settle_async(sealed: Sealed, succeeded: bool) -> Result<(), FlushError> {
    sealed.settle_async(succeeded).await
}
