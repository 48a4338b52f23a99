//! What a scoped function's value means, and what a failed flush makes of it, by what its type can do.
//!
//! The choices are made as in [`arguments`](super::arguments).

use crate::core::flush::FlushError;
use crate::core::scope::{Outcome, Sealed};

/// Asks a scoped function's value whether it means success.
pub struct Ended<'a, T>(pub &'a T);

/// Values that say so.
pub trait EndedByOutcome {
    /// What the value says.
    fn __airlock_succeeded(&self) -> bool;
}

impl<T: Outcome> EndedByOutcome for Ended<'_, T> {
    #[inline]
    fn __airlock_succeeded(&self) -> bool {
        self.0.succeeded()
    }
}

/// Values that don't: not to have panicked is success.
pub trait EndedAnyway {
    /// True.
    fn __airlock_succeeded(&self) -> bool;
}

impl<T> EndedAnyway for &Ended<'_, T> {
    #[inline]
    fn __airlock_succeeded(&self) -> bool {
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
    fn __airlock_flush_failed(&self, error: FlushError) -> Result<T, E>
    where
        E: ScopedError;
}

impl<T, E> ReturnsResult<T, E> for Returned<Result<T, E>> {
    fn __airlock_flush_failed(&self, error: FlushError) -> Result<T, E>
    where
        E: ScopedError,
    {
        Err(error.into())
    }
}

/// Functions that return anything else.
pub trait ReturnsAnything<R> {
    /// Panics with the report.
    fn __airlock_flush_failed(&self, error: FlushError) -> R;
}

impl<R> ReturnsAnything<R> for &Returned<R> {
    #[track_caller]
    fn __airlock_flush_failed(&self, error: FlushError) -> R {
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
