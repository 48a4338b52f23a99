//! A policy without a scope of its own.

use crate::core::policy::Policy;
use crate::core::policy::chain::{self, SharedPolicy};
use crate::core::scope::body::{Body, NotAFuture};
use crate::core::stack::environment::Environment;
use crate::core::stack::scoped_future::ScopedFuture;

/// A policy for a part of a scope's body: no new buffer, only one more judge.
///
/// It is asked about every intent enqueued inside, at enqueue and at flush, however late that is.
///
/// # Examples
///
/// ```
/// use airlock::DropAll;
///
/// #[airlock::task]
/// fn audit(order_id: u64) {}
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {
///     unreachable!("dropped");
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().run(|| {
///     audit::enqueue(42)?;
///     airlock::policy(DropAll).run(|| send_mail::enqueue(42))
/// })??;
/// # Ok(())
/// # }
/// ```
pub fn policy(policy: impl Policy) -> LocalPolicy {
    LocalPolicy { policy: chain::shared(policy) }
}

/// A policy to run a part of a scope's body under; made by [`policy`].
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().seal(|| {
///     let quiet = airlock::policy(airlock::DropAll);
///     quiet.run(|| send_mail::enqueue(1))?;
///     send_mail::enqueue(2)
/// });
/// let report = sealed.flush()?;
/// assert_eq!((report.dropped(), report.dispatched()), (1, 1));
/// # Ok(())
/// # }
/// ```
#[must_use = "a local policy does nothing until something runs under it: write `.run(|| …)`"]
pub struct LocalPolicy {
    policy: SharedPolicy,
}

impl LocalPolicy {
    /// Runs `body` under the policy.
    ///
    /// A body that returns a future does not compile; [`run_async`](Self::run_async) takes one.
    pub fn run<T, ForAFutureUseRunAsync>(self, body: impl Body<T>) -> T
    where
        T: NotAFuture<ForAFutureUseRunAsync>,
    {
        let mut environment = self.environment();
        let _entered = environment.enter();
        body()
    }

    /// Runs a future under the policy.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let quiet = airlock::policy(airlock::DropAll);
    /// let body = quiet.run_async(async { send_mail::enqueue(42) });
    /// let (_, sealed) = airlock::scope().seal_async(body).await;
    /// assert_eq!(sealed.flush()?.dropped(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_async<F: Future>(self, body: F) -> F::Output {
        ScopedFuture::new(body, self.environment()).await.0
    }

    fn environment(self) -> Environment {
        Environment::of_policy(self.policy)
    }
}
