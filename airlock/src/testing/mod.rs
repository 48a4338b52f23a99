//! For tests of code that enqueues.
//!
//! Nothing here is global: a capture holds what its own closure or future enqueued, so tests run in
//! parallel.
//!
//! It follows them as every scope does. It does not see threads and tasks that they spawn without a handle, nor a worker,
//! which spawns its tasks; what is enqueued through the handle of a scope outside goes there; and a transaction that is
//! committed when the capture has ended writes its rows.
//!
//! # Examples
//!
//! ```
//! use airlock::{assert_effects, assert_enqueued, assert_not_enqueued, testing};
//!
//! #[airlock::task]
//! fn send_confirmation_email(order_id: u64) {}
//!
//! #[airlock::task]
//! fn notify_warehouse(order_id: u64) {}
//!
//! fn checkout(order_id: u64) -> Result<(), airlock::EnqueueError> {
//!     notify_warehouse::enqueue(order_id)?;
//!     send_confirmation_email::enqueue(order_id)
//! }
//!
//! let (result, effects) = testing::capture(|| checkout(42));
//! assert!(result.is_ok());
//! assert_enqueued!(effects, send_confirmation_email(42));
//! assert_not_enqueued!(effects, send_confirmation_email(43));
//! assert_effects!(effects, [notify_warehouse(42), send_confirmation_email(42)]);
//! ```

mod asserts;
mod difference;
mod effects;
mod manifest;
mod pure;

pub use asserts::{Expected, assert_effects, assert_enqueued, assert_not_enqueued};
pub use effects::Effects;
#[doc(inline)]
pub use manifest::assert_manifest;
#[doc(hidden)]
pub use manifest::{assert_manifest_at, assert_manifest_of};
pub use pure::{assert_no_effects, assert_no_effects_async};

use crate::core::scope::body::{Body, NotAFuture};

/// Runs `body` in a scope that keeps what it enqueues and dispatches nothing.
///
/// Nested scopes hand over what they would flush, and policies refuse as ever; what they would drop
/// is kept, and [`Effects`] says so.
///
/// Effects that would be rows of a transaction are not written: the capture gets them when the transaction is committed,
/// and [`Effects::rows`] says which those are.
///
/// A body that returns a future does not compile, for nothing of it would be held: [`capture_async`] takes one.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let (enqueued, effects) = airlock::testing::capture(|| {
///     airlock::scope().run(|| send_mail::enqueue(42))
/// });
/// assert!(enqueued.is_ok());
/// airlock::assert_enqueued!(effects, send_mail(42));
/// ```
pub fn capture<T, ForAFutureUseCaptureAsync>(body: impl Body<T>) -> (T, Effects)
where
    T: NotAFuture<ForAFutureUseCaptureAsync>,
{
    let (value, sealed) = crate::core::scope::scope().capturing().seal(body);
    (value, Effects::of(sealed))
}

/// The same for a future.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (enqueued, effects) =
///     airlock::testing::capture_async(async { send_mail::enqueue(42) }).await;
/// enqueued?;
/// airlock::assert_enqueued!(effects, send_mail(42));
/// # Ok(())
/// # }
/// ```
pub async fn capture_async<F: Future>(body: F) -> (F::Output, Effects) {
    let (value, sealed) = crate::core::scope::scope().capturing().seal_async(body).await;
    (value, Effects::of(sealed))
}
