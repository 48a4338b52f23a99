//! What a scope can be told before it begins.
//!
//! One method a setting, each with the example that its documentation needs: the code is short.

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::executor::{Executor, OnFailure};
use crate::core::intent::Intent;
use crate::core::policy::Policy;
use crate::core::policy::chain::SharedPolicy;
use crate::core::report::Report;
use crate::core::scope::Scope;
use crate::core::stack::frame::Release;
use crate::core::stack::scope_settings::ScopeSettings;

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
        let policy: SharedPolicy = match self.policy.take() {
            None => Arc::new(Box::new(policy)),
            Some(earlier) => Arc::new(Box::new((policy, earlier))),
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
        self.rule(|settings| settings.flush_if = Some(Box::new(decide)))
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

    /// Refuses to hold more than `limit` intents; 16,777,216 unless told otherwise, which take 671 MB
    /// with arguments of up to 16 bytes. What larger ones take besides is counted by
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

    /// Refuses to hold more than `limit` bytes of arguments; 1 GiB (1,073,741,824) unless told
    /// otherwise.
    ///
    /// Counted is what comes on top of an intent's own 40 bytes: arguments that together are larger
    /// than 16, by their size, and what they own, as serde sees it: a number by its size, a text, a
    /// list or a map by what is in it and 24 more. So a text of 400 bytes counts for 424. Numbers that
    /// fit count nothing, and cost nothing to be counted; the arguments of a
    /// [local](crate::TaskInfo::is_local) task count by their size alone. What nested scopes hold
    /// counts as it does for [`limit`](Self::limit).
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
        self.rule(|settings| settings.on_report = Some(Box::new(tell)))
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

    fn rule(mut self, set: impl FnOnce(&mut ScopeSettings)) -> Self {
        set(self.settings.get_or_insert_default());
        self
    }
}
