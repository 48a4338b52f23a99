//! Whether a scope's body succeeded.

use std::process::ExitCode;

/// Says of a value whether it means success: then its scope flushes, else it discards.
///
/// A `Result` succeeds when it is `Ok`, `()` always, an [`ExitCode`] when it is `SUCCESS`. Any other
/// value has to be wrapped in [`Success`], so that nothing that stands for an error can flush
/// unnoticed.
///
/// # Examples
///
/// ```
/// use airlock::{Outcome, Success};
///
/// struct Answer { status: u16 }
///
/// impl Outcome for Answer {
///     fn succeeded(&self) -> bool {
///         self.status < 400
///     }
/// }
///
/// assert!(!Answer { status: 404 }.succeeded());
/// assert!(Success(404).succeeded());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether the scope's body succeeded",
    label = "the body's value is `{Self}`",
    note = "return a `Result` or `()`; wrap a value that always means success: `airlock::Success(value)`; or implement `airlock::Outcome` for a type of your own",
    note = "a body that is a future runs with `.run_async(future).await`, or under `#[airlock::scoped]` on the async fn"
)]
pub trait Outcome {
    /// Whether the scope is to flush.
    fn succeeded(&self) -> bool;
}

impl Outcome for () {
    #[inline]
    fn succeeded(&self) -> bool {
        true
    }
}

impl<T, E> Outcome for Result<T, E> {
    #[inline]
    fn succeeded(&self) -> bool {
        self.is_ok()
    }
}

impl Outcome for ExitCode {
    fn succeeded(&self) -> bool {
        *self == Self::SUCCESS
    }
}

/// A value that means success, whatever it is.
///
/// # Examples
///
/// ```
/// use airlock::Success;
///
/// # fn main() -> Result<(), airlock::FlushError> {
/// let Success(total) = airlock::scope().run(|| Success(2 + 2))?;
/// assert_eq!(total, 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Success<T>(pub T);

impl<T> Outcome for Success<T> {
    #[inline]
    fn succeeded(&self) -> bool {
        true
    }
}
