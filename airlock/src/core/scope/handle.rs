//! A handle on the scope in force.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::core::policy::chain::Chain;
use crate::core::scope::body::{Body, NotAFuture};
use crate::core::scope::inspection::Inspection;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::config::Config;
use crate::core::stack::environment::Environment;
use crate::core::stack::scoped_future::ScopedFuture;
use crate::core::stack::share::{HandleParts, share};
use crate::core::stack::shared_scope::SharedScope;
use crate::core::stack::while_judging::is_judging;

/// A handle on the scope in force; `None` where there is none, and inside a policy.
///
/// # Examples
///
/// ```
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().run(|| {
///     welcome::enqueue(7)?;
///     let scope = airlock::current().expect("inside a scope");
///     assert_eq!(scope.inspect().own()[0].name(), "mail.welcome");
///     Ok::<_, airlock::EnqueueError>(())
/// })??;
/// assert!(airlock::current().is_none());
/// # Ok(())
/// # }
/// ```
pub fn current() -> Option<Handle> {
    share().map(|HandleParts { scopes, chain, config }| Handle { scopes, chain, config })
}

/// A handle on a scope: looks into it, and carries it to other threads and tasks.
///
/// What is enqueued through a handle is judged by the policies in force where the handle was made
/// and by those around its use. Once the scope has ended, an enqueue through the handle fails with
/// [`EnqueueError::Closed`](crate::EnqueueError::Closed): let the scope's body wait for what it hands
/// the scope to.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().run(|| {
///     let scope = airlock::current().expect("inside a scope");
///     std::thread::scope(|threads| {
///         threads.spawn(|| assert!(send_mail::enqueue(1).is_err()));  // spawned: no scope
///         threads.spawn(|| scope.run(|| send_mail::enqueue(2)).expect("handed one"));
///     });
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handle {
    scopes: Arc<[Arc<SharedScope>]>,
    chain: Chain,
    config: Option<Arc<Config>>,
}

impl Handle {
    /// Runs `body` inside the scope, on this thread.
    ///
    /// A body that returns a future does not compile; [`in_scope`](InScope::in_scope) takes one inside.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (_, sealed) = airlock::scope().seal(|| {
    ///     let scope = airlock::current().expect("inside a scope");
    ///     let worker = std::thread::spawn(move || scope.run(|| send_mail::enqueue(42)));
    ///     worker.join().expect("no panic")
    /// });
    /// assert_eq!(sealed.flush()?.dispatched(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<T, ForAFutureUseInScope>(&self, body: impl Body<T>) -> T
    where
        T: NotAFuture<ForAFutureUseInScope>,
    {
        let mut environment = self.environment();
        let _entered = environment.enter();
        body()
    }

    /// What the scope holds, and what each policy would say of it; nothing where a policy asks.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// airlock::scope().run(|| {
    ///     send_mail::enqueue(1)?;
    ///     airlock::scope().run(|| send_mail::enqueue(2)).expect("captured")?;
    ///     let seen = airlock::current().expect("inside a scope").inspect();
    ///     assert_eq!((seen.own().len(), seen.captured().len()), (1, 1));
    ///     Ok::<_, airlock::EnqueueError>(())
    /// })??;
    /// # Ok(())
    /// # }
    /// ```
    pub fn inspect(&self) -> Inspection {
        // A policy that is being asked may be asked by an inspection of this very scope.
        if is_judging() {
            return Inspection::of(&Buffer::new(), 0);
        }
        self.scopes[0].look(Inspection::of)
    }

    fn environment(&self) -> Environment {
        Environment::of_handle(&self.scopes, self.chain.clone(), self.config.clone())
    }
}

/// The scope's table, as of [`Inspection`].
impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inspect().fmt(f)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// Carries scopes into futures that are spawned.
///
/// # Examples
///
/// ```
/// use airlock::InScope;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope()
///     .run_async(async {
///         let mail = async { send_mail::enqueue(42) };
///         tokio::spawn(mail.in_current_scope()).await.expect("no panic")
///     })
///     .await??;
/// # Ok(())
/// # }
/// ```
pub trait InScope: Future + Sized {
    /// This future inside the scope of `handle`, wherever it is polled.
    fn in_scope(self, handle: Handle) -> Carried<Self> {
        Carried { inside: ScopedFuture::new(self, handle.environment()) }
    }

    /// This future inside the scope that is current now, where there is one.
    fn in_current_scope(self) -> Carried<Self> {
        let environment = current().map(|handle| handle.environment()).unwrap_or_default();
        Carried { inside: ScopedFuture::new(self, environment) }
    }
}

impl<F: Future> InScope for F {}

pin_project! {
    /// A future that runs inside a scope it was handed; made by [`InScope`].
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::{Carried, InScope};
    ///
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// fn later<F: Future>(work: F) -> Carried<F> {
    ///     work.in_current_scope()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// airlock::scope()
    ///     .run_async(async {
    ///         let mail = later(async { send_mail::enqueue(42) });
    ///         tokio::spawn(mail).await.expect("no panic")
    ///     })
    ///     .await??;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Carried<F> {
        #[pin]
        inside: ScopedFuture<F>,
    }
}

impl<F: Future> Future for Carried<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inside.poll(cx).map(|(output, _)| output)
    }
}

impl<F> fmt::Debug for Carried<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").finish_non_exhaustive()
    }
}
