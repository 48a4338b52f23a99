//! Executors: what carries surviving intents out.

pub(crate) mod batch;
mod entries;
mod error;
mod fallback;
pub(crate) mod lost;
pub(crate) mod parts;
#[cfg(feature = "tokio")]
mod retry;
mod route;
#[cfg(feature = "tokio")]
pub(crate) mod timeout;

use std::pin::Pin;
use std::sync::Arc;

pub use batch::Batch;
pub use error::DispatchError;
pub use fallback::Fallback;
#[cfg(feature = "tokio")]
pub use retry::Retry;
pub use route::{Route, RouteBuilder, RouteTo};
#[cfg(feature = "tokio")]
pub use timeout::Timeout;

use crate::core::intent::Intent;
use crate::core::panics::{Contained, panic_message};
use crate::core::task::called::BoxError;

/// Carries out a flush: runs its intents, or hands them to a job engine.
///
/// A whole flush is one batch, in the order of enqueue. The batch stays the flush's: an executor
/// looks at its intents, takes out those it needs to own, and says in its error which did not leave.
/// What it neither dispatched nor took is handed back to the caller of the flush, so it can't lose
/// an intent.
///
/// Any `Fn(Intent) -> Result<(), E>` is an executor that is called for one intent after another.
///
/// # Examples
///
/// ```
/// use airlock::{Batch, DispatchError, Executor};
/// # #[derive(Clone)] struct Outbox;
/// # impl Outbox {
/// #     async fn insert_all(&self, _: Vec<(&'static str, String)>) -> Result<(), std::io::Error> { Ok(()) }
/// # }
///
/// impl Executor for Outbox {
///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
///         let mut rows = Vec::new();
///         for (index, intent) in batch.iter().enumerate() {
///             let json = intent.to_json().map_err(|error| DispatchError::only(index, error))?;
///             rows.push((intent.name(), json));
///         }
///         self.insert_all(rows).await.map_err(DispatchError::all)
///     }
/// }
/// ```
///
/// ```
/// use airlock::Intent;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let print = |intent: Intent| {
///     println!("{intent}");
///     Ok::<_, std::io::Error>(())
/// };
/// airlock::scope().executor(print).run(|| send_mail::enqueue(42))??;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an executor",
    label = "not an executor",
    note = "an executor implements `airlock::Executor`, or is a closure from `Intent` to `Result<(), E>`, where `E` converts into `Box<dyn Error + Send + Sync>`; a builder becomes one with `.build()?`"
)]
pub trait Executor: Send + Sync + 'static {
    /// Carries out a batch.
    ///
    /// # Errors
    ///
    /// [`DispatchError`] says which intents did not leave, and why.
    fn dispatch(&self, batch: &mut Batch)
    -> impl Future<Output = Result<(), DispatchError>> + Send;

    /// Whether `dispatch` may wait for something, such as a server.
    ///
    /// A flush from sync code that would block a runtime on such an executor is refused.
    fn blocks(&self) -> bool {
        true
    }
}

/// What a flush does when an intent fails.
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
/// let send = |on_failure| {
///     let scope = airlock::scope().on_failure(on_failure);
///     scope.run(|| (1..=3).try_for_each(|id| send_mail::enqueue(id))).unwrap_err()
/// };
/// assert_eq!(send(OnFailure::Stop).report().not_attempted(), 2);
/// assert_eq!(send(OnFailure::Continue).report().dispatched(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Those after it are not attempted, and are handed back.
    #[default]
    Stop,
    /// Those after it are attempted all the same.
    Continue,
}

/// An [`Executor`] whose type is forgotten.
pub(crate) trait DynExecutor: Send + Sync {
    fn dyn_dispatch<'a>(
        &'a self,
        batch: &'a mut Batch,
    ) -> Pin<Box<dyn Future<Output = Result<(), DispatchError>> + Send + 'a>>;

    fn dyn_blocks(&self) -> bool;
}

impl<E: Executor> DynExecutor for E {
    fn dyn_dispatch<'a>(
        &'a self,
        batch: &'a mut Batch,
    ) -> Pin<Box<dyn Future<Output = Result<(), DispatchError>> + Send + 'a>> {
        Box::pin(self.dispatch(batch))
    }

    fn dyn_blocks(&self) -> bool {
        self.blocks()
    }
}

impl<E: Executor> Executor for Arc<E> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        (**self).dispatch(batch).await
    }

    fn blocks(&self) -> bool {
        (**self).blocks()
    }
}

/// A closure is called for one intent after another.
impl<F, E> Executor for F
where
    F: Fn(Intent) -> Result<(), E> + Send + Sync + 'static,
    E: Into<BoxError>,
{
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        for index in 0..batch.len() {
            // The closure gets a copy, so that the intent can be handed back should it fail.
            let Some(intent) = batch.copy_or_take(index) else { continue };
            batch.attempting = Some(index);
            match self(intent) {
                Ok(()) => batch.completed = index + 1,
                Err(error) => batch.fail(index, error.into())?,
            }
        }
        batch.finish()
    }

    fn blocks(&self) -> bool {
        false
    }
}

/// Dispatches a batch; a panic is an error, and the intents are still there to be handed back.
pub(crate) async fn dispatch(
    executor: &dyn DynExecutor,
    batch: &mut Batch,
) -> Result<(), DispatchError> {
    // Asked for inside as well: it may panic before it is a future.
    let dispatched = async { executor.dyn_dispatch(batch).await };
    match Contained(Box::pin(dispatched)).await {
        Ok(result) => result,
        Err(panic) => {
            let said = format!("the executor panicked: {}", panic_message(&*panic));
            match batch.attempting {
                // Those before it are known to have left.
                Some(index) => {
                    batch.failures.push((index, said.into()));
                    batch.completed = index + 1;
                    Err(batch.stopped())
                }
                None => Err(DispatchError::all(said)),
            }
        }
    }
}
