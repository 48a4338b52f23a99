//! Scopes: the boundaries that decide when effects leave.

mod builder;
pub(crate) mod configuration;
#[cfg(feature = "transaction")]
pub(crate) mod detached_scope;
mod handle;
mod inspection;
mod local;
pub(crate) mod outcome;
mod sealed;
#[cfg(feature = "transaction")]
mod transaction_end;

use std::fmt;

pub use handle::{Carried, Handle, InScope, current};
pub use inspection::{Inspected, Inspection};
pub use local::{LocalPolicy, policy};
pub use outcome::{Outcome, Success};
pub use sealed::Sealed;

use crate::core::flush::FlushError;
use crate::core::policy::Policy;
use crate::core::policy::chain::SharedPolicy;
use crate::core::stack::entered_scope::enter;
use crate::core::stack::environment::Environment;
use crate::core::stack::plain_scope::enter_plain;
use crate::core::stack::scope_settings::ScopeSettings;
use crate::core::stack::scoped_future::ScopedFuture;

/// A scope to run code in: it buffers what the code enqueues, and flushes or discards it at the end.
///
/// Without more, a scope flushes when its body succeeds, asks the policies around it, and runs the
/// tasks itself, here. A scope inside another hands its intents to the outer one when it would
/// flush.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) -> Result<(), std::io::Error> {
///     println!("mail for {order_id}");
///     Ok(())
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().run(|| send_mail::enqueue(42))??;      // the mail leaves here
///
/// let failed: Result<(), _> = airlock::scope().run(|| {
///     send_mail::enqueue(43)?;
///     Err("out of stock")?;                               // no mail
///     Ok::<_, Box<dyn std::error::Error>>(())
/// })?;
/// assert!(failed.is_err());
/// # Ok(())
/// # }
/// ```
#[inline]
pub fn scope() -> Scope {
    Scope { policy: None, settings: None }
}

/// A scope that has not begun; made by [`scope()`].
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let two_mails = || (1..=2).try_for_each(|id| send_mail::enqueue(id));
/// let (_, sealed) = airlock::scope().named("newsletter").policy(airlock::DropAll).seal(two_mails);
/// let report = sealed.flush()?;
/// assert_eq!((report.scope(), report.dropped()), (Some("newsletter"), 2));
/// # Ok(())
/// # }
/// ```
#[must_use = "a scope does nothing until something runs in it: write `.run(|| …)`"]
pub struct Scope {
    policy: Option<SharedPolicy>,
    settings: Option<Box<ScopeSettings>>,
}

impl Scope {
    /// Runs `body` in the scope; flushes if its value means success, else discards.
    ///
    /// A panic discards and goes on.
    ///
    /// # Errors
    ///
    /// [`FlushError`] where the flush failed; the body's own error is inside the value.
    ///
    /// # Panics
    ///
    /// Where `body` does.
    #[inline]
    pub fn run<R: Outcome>(self, body: impl FnOnce() -> R) -> Result<R, FlushError> {
        if self.has_settings() {
            let (value, sealed) = self.seal(body);
            sealed.settle(value.succeeded())?;
            return Ok(value);
        }
        // There is nothing in it to drop, which the compiler does not see.
        std::mem::forget(self);
        let Some(plain) = enter_plain() else {
            let (value, sealed) = scope().seal(body);
            sealed.settle(value.succeeded())?;
            return Ok(value);
        };
        let value = body();
        if let Err(plain) = plain.leave_untouched() {
            // Held while the outcome is asked, which may panic.
            plain.leave().settle(value.succeeded())?;
        }
        Ok(value)
    }

    #[inline]
    fn has_settings(&self) -> bool {
        self.policy.is_some() || self.settings.is_some()
    }

    /// Runs a future in the scope: the scope is current while the future is polled, on whatever
    /// thread, and at no other time.
    ///
    /// A future that is dropped before its end discards.
    ///
    /// # Errors
    ///
    /// [`FlushError`] where the flush failed; the body's own error is inside the value.
    ///
    /// # Panics
    ///
    /// Where `body` does.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// async fn send_mail(order_id: u64) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// airlock::scope().run_async(async { send_mail::enqueue(42) }).await??;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_async<F: Future<Output: Outcome>>(
        self,
        body: F,
    ) -> Result<F::Output, FlushError> {
        let (value, sealed) = self.seal_async(body).await;
        let succeeded = value.succeeded();
        sealed.settle_async(succeeded).await?;
        Ok(value)
    }

    /// Runs `body` in the scope and leaves to the caller what becomes of its intents.
    ///
    /// # Panics
    ///
    /// Where `body` does; then its intents are discarded.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sent, sealed) = airlock::scope().seal(|| send_mail::enqueue(42));
    /// sent?;
    /// println!("{}", sealed.inspect());
    /// if sealed.len() < 100 { sealed.flush()?; } else { sealed.discard(); }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn seal<T>(self, body: impl FnOnce() -> T) -> (T, Sealed) {
        let entered = enter(self.policy, self.settings);
        let value = body();
        (value, Sealed::new(entered.leave()))
    }

    /// Runs a future in the scope and leaves to the caller what becomes of its intents.
    ///
    /// # Panics
    ///
    /// Where `body` does; then its intents are discarded.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sent, sealed) = airlock::scope().seal_async(async { send_mail::enqueue(42) }).await;
    /// sent?;
    /// assert_eq!(sealed.flush_async().await?.dispatched(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn seal_async<F: Future>(self, body: F) -> (F::Output, Sealed) {
        let (value, environment) = ScopedFuture::new(body, self.into_environment()).await;
        (value, Sealed::of(environment))
    }

    /// The scope, to be put in place where a future is polled.
    #[inline]
    fn into_environment(self) -> Environment {
        Environment::of_scope(self.policy, self.settings)
    }

    /// A future that `make` makes in the scope, and that goes on in it.
    #[cfg(feature = "web")]
    pub(crate) fn around<F: Future>(self, make: impl FnOnce() -> F) -> ScopedFuture<F> {
        ScopedFuture::made(make, self.into_environment())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("policy", &self.policy.as_deref().map(Policy::name))
            .finish_non_exhaustive()
    }
}
