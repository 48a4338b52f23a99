//! Process-wide defaults.

use std::fmt;
use std::sync::Arc;

use crate::core::executor::Executor;
use crate::core::policy::Policy;
use crate::core::policy::chain;
use crate::core::scope::body::{Body, NotAFuture};
use crate::core::stack::config::Config;
use crate::core::stack::environment::Environment;
use crate::core::stack::scoped_future::ScopedFuture;

/// Sets the defaults of the whole process, once, at start; or overrides them in a block.
///
/// A scope's own settings come before them. The policy is that of scopes which nothing encloses and
/// which have none of their own: it is in force for everything inside.
///
/// # Examples
///
/// At start:
///
/// ```standalone_crate
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::configure()
///     .executor(airlock::ThreadPool::builder().threads(4).build()?)
///     .install()?;
/// # Ok(())
/// # }
/// ```
///
/// In a test, where nothing else may notice:
///
/// ```
/// # #[airlock::task] fn send_mail(order_id: u64) { unreachable!("dropped") }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::configure().policy(airlock::DropAll).run(|| {
///     airlock::scope().run(|| send_mail::enqueue(42))
/// })??;
/// # Ok(())
/// # }
/// ```
pub fn configure() -> Configuration {
    Configuration { config: Config::default() }
}

/// Defaults to install or to override others with; made by [`configure`].
///
/// # Examples
///
/// ```
/// use airlock::{Bound, EnqueueError};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let small = airlock::configure().limit(1);
/// let full = small.run(|| {
///     airlock::scope().run(|| (1..=2).try_for_each(|id| send_mail::enqueue(id)))
/// })?;
/// assert!(matches!(full, Err(EnqueueError::Full(_, Bound::Intents(1)))));
/// # Ok(())
/// # }
/// ```
#[must_use = "a configuration does nothing until it is installed: write `.install()?`, or `.run(|| …)` for a block"]
pub struct Configuration {
    config: Config,
}

impl Configuration {
    /// Carries out what leaves a scope without an executor of its own.
    pub fn executor(mut self, executor: impl Executor) -> Self {
        self.config.executor = Some(Arc::new(executor));
        self
    }

    /// Judges what is enqueued in a scope without a policy of its own that nothing encloses.
    pub fn policy(mut self, policy: impl Policy) -> Self {
        self.config.policy = Some(chain::shared(policy));
        self
    }

    /// How many intents a scope may hold; 16,777,216 unless told otherwise.
    pub fn limit(mut self, limit: usize) -> Self {
        self.config.limit = Some(limit);
        self
    }

    /// How many bytes of arguments a scope may hold, counted as
    /// [`Scope::limit_bytes`](crate::Scope::limit_bytes) does; 1 GiB of numbers and texts unless told
    /// otherwise.
    pub fn limit_bytes(mut self, limit: usize) -> Self {
        self.config.limit_bytes = Some(limit);
        self
    }

    /// Makes these the defaults of the process.
    ///
    /// # Errors
    ///
    /// [`AlreadyConfigured`] the second time.
    pub fn install(self) -> Result<(), AlreadyConfigured> {
        self.config.install().map_err(|_| AlreadyConfigured)
    }

    /// Runs `body` under these defaults, in place of those of the process: the way of tests.
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

    /// Runs a future under these defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// airlock::configure()
    ///     .policy(airlock::DropAll)
    ///     .run_async(async {
    ///         let (_, sealed) = airlock::scope().seal(|| send_mail::enqueue(42));
    ///         assert_eq!(sealed.flush()?.dropped(), 1);
    ///         Ok::<_, airlock::FlushError>(())
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_async<F: Future>(self, body: F) -> F::Output {
        ScopedFuture::new(body, self.environment()).await.0
    }

    fn environment(self) -> Environment {
        Environment::of_config(Some(Arc::new(self.config)))
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration")
            .field("policy", &self.config.policy.as_deref().map(Policy::name))
            .field("limit", &self.config.limit)
            .field("limit_bytes", &self.config.limit_bytes)
            .finish_non_exhaustive()
    }
}

/// The process has its defaults already.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::{AlreadyConfigured, DropAll};
///
/// assert!(airlock::configure().policy(DropAll).install().is_ok());
/// assert_eq!(airlock::configure().install(), Err(AlreadyConfigured));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyConfigured;

impl fmt::Display for AlreadyConfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "airlock is configured already: install one configuration, at start; a test overrides \
             it in a block, with `airlock::configure()….run(|| …)`",
        )
    }
}

impl std::error::Error for AlreadyConfigured {}
