//! Scopes: the boundaries that decide when effects leave.
//!
//! All methods of [`Scope`] stand in this one file: rustc names a method by the module of its `impl`, and
//! "required by this bound in `Scope::run`" is what a mistake has to show. The code is short, and each setting has its
//! example.

pub(crate) mod body;
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

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use handle::{Carried, Handle, InScope, current};
pub use inspection::{Inspected, Inspection};
pub use local::{LocalPolicy, policy};
pub use outcome::{Outcome, Success};
pub use sealed::Sealed;

use crate::core::executor::{Executor, OnFailure};
use crate::core::flush::FlushError;
use crate::core::intent::Intent;
use crate::core::policy::Policy;
use crate::core::policy::chain::{self, SharedPolicy};
use crate::core::report::Report;
use crate::core::scope::body::{Body, NotAFuture};
use crate::core::stack::entered_scope::enter;
use crate::core::stack::environment::Environment;
use crate::core::stack::frame::{Release, Role};
use crate::core::stack::plain_scope::{enter_judged, enter_plain};
use crate::core::stack::scope_settings::ScopeSettings;
use crate::core::stack::scoped_future::ScopedFuture;

/// A scope to run code in: it buffers what the code enqueues, and flushes or discards it at the end.
///
/// When the body has ended, the scope **flushes** if the body succeeded, which its value says ([`Outcome`]), and
/// **discards** if it failed or panicked. A flush inside another scope hands the intents to that one. The flush of
/// the outermost scope asks the policies once more and hands what they let pass to the executor, in order and as one
/// batch; without an executor the tasks run here. The [`Report`] says what became of each intent, and the
/// [`FlushError`] holds all that did not leave.
///
/// `run` gives `Result<R, FlushError>` around the body's own value, hence two question marks.
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
    /// Judges by `policy` what is enqueued inside, and in scopes inside.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::{DropAll, Limit};
    ///
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (_, sealed) = airlock::scope().policy(DropAll).seal(|| send_mail::enqueue(42));
    /// assert_eq!(sealed.flush()?.dropped(), 1);
    ///
    /// // A second policy is asked besides the first.
    /// let (_, sealed) = airlock::scope()
    ///     .policy(Limit::per_flush(2))
    ///     .policy(Limit::per_flush(1))
    ///     .seal(|| (1..=3).try_for_each(|id| send_mail::enqueue(id)));
    /// assert_eq!(sealed.flush()?.dispatched(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn policy(mut self, policy: impl Policy) -> Self {
        let policy = match self.policy.take() {
            None => chain::shared(policy),
            Some(earlier) => chain::besides(policy, earlier),
        };
        self.policy = Some(policy);
        self
    }

    /// Carries out with `executor` what leaves. A scope without one uses that of the scope around,
    /// else the configured one, else it runs the tasks here.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::Intent;
    ///
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {
    ///     unreachable!("printed instead");
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let print = |intent: Intent| {
    ///     println!("{intent}");
    ///     Ok::<_, std::io::Error>(())
    /// };
    /// let (_, sealed) = airlock::scope().executor(print).seal(|| send_mail::enqueue(42));
    /// assert_eq!(sealed.flush()?.dispatched(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn executor(self, executor: impl Executor) -> Self {
        self.rule(|settings| settings.executor = Some(Arc::new(executor)))
    }

    /// What a flush does when an intent fails; [`OnFailure::Stop`] unless told otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::OnFailure;
    ///
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) -> Result<(), &'static str> {
    ///     if order_id == 1 { Err("mailbox full") } else { Ok(()) }
    /// }
    ///
    /// let error = airlock::scope()
    ///     .on_failure(OnFailure::Continue)
    ///     .run(|| (1..=3).try_for_each(|id| send_mail::enqueue(id)))
    ///     .unwrap_err();
    /// assert_eq!((error.report().failed(), error.report().dispatched()), (1, 2));
    /// ```
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        self.rule(|settings| settings.on_failure = on_failure)
    }

    /// Decides whether to flush, given whether the body succeeded. A panic always discards.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn audit(user_id: u64) {}
    ///
    /// # fn main() -> Result<(), airlock::FlushError> {
    /// // The attempt is audited, whatever became of it.
    /// let login: Result<(), &str> = airlock::scope().flush_if(|_succeeded| true).run(|| {
    ///     audit::enqueue(7).map_err(|_| "no scope")?;
    ///     Err("wrong password")
    /// })?;
    /// assert!(login.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn flush_if(self, decide: impl Fn(bool) -> bool + Send + Sync + 'static) -> Self {
        self.rule(|settings| settings.flush_if = Some(Arc::new(decide)))
    }

    /// Lets nested scopes flush by themselves the intents of which `release` says so.
    ///
    /// The policies in force still judge them.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task(queue = "audit")]
    /// fn audit(order_id: u64) {}
    ///
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// let outer = airlock::scope().release(|intent| intent.effective_queue() == Some("audit"));
    /// let (_, sealed) = outer.seal(|| {
    ///     airlock::scope().run(|| {
    ///         send_mail::enqueue(42)?;
    ///         audit::enqueue(42)                              // leaves at the end of this scope
    ///     })
    /// });
    /// assert!(sealed.intents().all(|intent| intent.is_same(&send_mail::intent(42))));
    /// assert_eq!(sealed.len(), 1);
    /// sealed.discard();
    /// ```
    pub fn release(self, release: impl Fn(&Intent) -> bool + Send + Sync + 'static) -> Self {
        self.rule(|settings| settings.release = Release::If(Arc::new(release)))
    }

    /// Lets nested scopes flush everything by themselves.
    ///
    /// The policies in force still judge it.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// let (_, sealed) = airlock::scope().release_all().seal(|| {
    ///     airlock::scope().run(|| send_mail::enqueue(42))     // leaves here
    /// });
    /// assert!(sealed.is_empty());
    /// ```
    pub fn release_all(self) -> Self {
        self.rule(|settings| settings.release = Release::All)
    }

    /// Refuses to hold more than `limit` intents; 16,777,216 unless told otherwise, which take about
    /// 1 GB with arguments of up to 16 bytes. What larger ones take is counted by
    /// [`limit_bytes`](Self::limit_bytes).
    ///
    /// What nested scopes hold counts too: the one inside refuses what this one has no room for,
    /// unless this one releases. Of several futures with scopes of their own inside this one, each
    /// counts by itself until it ends, and what then moves out is not refused any more.
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
    /// let full =
    ///     airlock::scope().limit(2).run(|| (1..=3).try_for_each(|id| send_mail::enqueue(id)))?;
    /// assert!(matches!(full, Err(EnqueueError::Full(_, Bound::Intents(2)))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn limit(self, limit: usize) -> Self {
        self.rule(|settings| settings.limit = Some(limit))
    }

    /// Refuses to hold more than `limit` bytes of arguments; 1 GiB (1,073,741,824) of numbers and texts unless told
    /// otherwise.
    ///
    /// Counted is what comes on top of an intent with 16 bytes of arguments: those that together are larger, by
    /// their size, and what they own, as serde sees it: a number by its size, a text, a
    /// list or a map by what is in it and 24 more. So a text of 400 bytes counts for 424. Numbers that
    /// fit count nothing, and cost nothing to be counted; the arguments of a
    /// [local](crate::TaskInfo::is_local) task count by their size alone. What nested scopes hold
    /// counts as it does for [`limit`](Self::limit).
    ///
    /// To count is to call the arguments' `Serialize` inside the enqueue. One that locks waits there for ever for a lock
    /// that the caller holds: let go of it before. A scope without a limit of its own, or of a scope around or a
    /// configuration, calls none: there only calls whose arguments are all numbers and texts count for more than their size.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_letter(text: String) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scope = airlock::scope().limit_bytes(1_000);
    /// let refused = scope.run(|| (1..=3).try_for_each(|_| send_letter::enqueue("x".repeat(400))))?;
    /// let error = refused.unwrap_err().to_string();
    /// assert!(error.contains("no room for it within its limit of 1000 bytes of arguments"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn limit_bytes(self, limit: usize) -> Self {
        self.rule(|settings| settings.limit_bytes = Some(limit))
    }

    /// Hands the executor batches of at most `size` intents, one after another.
    ///
    /// The first that fails is the last, unless [`on_failure`](Self::on_failure) says otherwise. What
    /// the tasks of a chunk enqueue leaves with it.
    ///
    /// # Panics
    ///
    /// Where `size` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::{Batch, DispatchError, Executor};
    ///
    /// /// An engine that takes a hundred jobs at a time.
    /// struct Engine;
    ///
    /// impl Executor for Engine {
    ///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
    ///         if batch.len() <= 100 { Ok(()) } else { Err(DispatchError::all("too many")) }
    ///     }
    /// }
    ///
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scope = airlock::scope().executor(Engine).chunks(100);
    /// let (_, sealed) = scope.seal(|| (1..=250).try_for_each(|id| send_mail::enqueue(id)));
    /// assert_eq!(sealed.flush()?.dispatched(), 250);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn chunks(self, size: usize) -> Self {
        assert!(size > 0, "a chunk of 0 intents carries nothing: `.chunks(1)` is the smallest");
        self.rule(|settings| settings.chunks = Some(size))
    }

    /// Calls `tell` with what became of every intent, when the scope has ended. A panic in `tell` ends there.
    ///
    /// A report costs the rendering of every argument: a scope without this, and without a subscriber at DEBUG,
    /// makes none unless it fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, reports) = mpsc::channel();
    /// airlock::scope()
    ///     .on_report(move |report| drop(sender.send(report.to_string())))
    ///     .run(|| send_mail::enqueue(42))??;
    /// assert!(reports.recv()?.starts_with("scope: 1 dispatched"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_report(self, tell: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.rule(|settings| settings.on_report = Some(Arc::new(tell)))
    }

    /// Names the scope in reports and logs.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), airlock::FlushError> {
    /// let (_, sealed) = airlock::scope().named("checkout").seal(|| ());
    /// assert_eq!(sealed.inspect().scope(), Some("checkout"));
    /// assert_eq!(sealed.flush()?.scope(), Some("checkout"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.rule(|settings| settings.name = Some(name.into()))
    }

    /// Neither asks the scopes around nor is captured by them.
    pub(crate) fn boundary(self) -> Self {
        self.rule(|settings| settings.boundary = true)
    }

    /// Names an executor where the scope has none of its own.
    #[cfg(feature = "_framework")]
    pub(crate) fn executor_unless_named(
        self,
        executor: Arc<dyn crate::core::executor::DynExecutor>,
    ) -> Self {
        self.rule(|settings| {
            settings.executor.get_or_insert(executor);
        })
    }

    #[cfg(feature = "_framework")]
    pub(crate) fn names_an_executor(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.executor.is_some())
    }

    /// Holds what would leave, for a test.
    pub(crate) fn capturing(self) -> Self {
        self.boundary().rule(|settings| settings.role = Role::Capture)
    }

    /// Decides for the savepoints of a transaction, where a capture is around.
    #[cfg(feature = "transaction")]
    pub(crate) fn of_transaction(self) -> Self {
        self.rule(|settings| settings.role = Role::Transaction)
    }

    fn rule(mut self, set: impl FnOnce(&mut ScopeSettings)) -> Self {
        set(self.settings.get_or_insert_default());
        self
    }

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
    pub fn run<R: Outcome>(self, body: impl Body<R>) -> Result<R, FlushError> {
        let Self { mut policy, settings } = self;
        let plain = match (&policy, &settings) {
            (None, None) => enter_plain(),
            (Some(_), None) => enter_judged(&mut policy),
            (_, Some(_)) => None,
        };
        let Some(plain) = plain else {
            let (value, sealed) = Self { policy, settings }.seal(body);
            sealed.settle(value.succeeded())?;
            return Ok(value);
        };
        // There is nothing in them to drop, which the compiler does not see.
        std::mem::forget((policy, settings));
        let value = body();
        if let Err(plain) = plain.leave_untouched() {
            // Held while the outcome is asked, which may panic.
            plain.leave().settle(value.succeeded())?;
        }
        Ok(value)
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
    /// A body that returns a future does not compile; [`seal_async`](Self::seal_async) takes one.
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
    pub fn seal<T, ForAFutureUseSealAsync>(self, body: impl Body<T>) -> (T, Sealed)
    where
        T: NotAFuture<ForAFutureUseSealAsync>,
    {
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
