//! What a sync function may run: a closure that does its work before it returns.
//!
//! A closure that returns a future returns before anything in it has run, and the scope has ended by then. Such a body
//! must not compile, and rustc has no bound "is no future". Two impls stand in for it: of [`NotAFuture`], a value has
//! one, and a future two, between which rustc can't choose. The parameter that it then can't infer has a name that says
//! what to write.

/// A closure without parameters, which is run at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a closure without parameters",
    label = "has to be a closure that does its work before it returns: `|| …`",
    note = "a future goes to the function's async twin, as it is and without `||`: `testing::capture_async(future).await`, `testing::assert_no_effects_async(future).await`, `.run_async(future).await`, `.seal_async(future).await`; into the scope of a handle with `future.in_scope(handle).await`"
)]
pub trait Body<T>: FnOnce() -> T {}

// Else rustc speaks of `FnOnce()`, and says to wrap the future in a closure.
#[diagnostic::do_not_recommend]
impl<T, F: FnOnce() -> T> Body<T> for F {}

/// A value of a body that has done its work: of a type that is no future.
pub trait NotAFuture<Marker> {}

/// Marks the impl for all values.
#[derive(Debug)]
pub enum AnyValue {}

/// Marks the impl for futures.
#[derive(Debug)]
pub enum AFuture {}

impl<T> NotAFuture<AnyValue> for T {}
impl<F: Future> NotAFuture<AFuture> for F {}
