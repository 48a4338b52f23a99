//! Executors: what carries surviving intents out.

pub(crate) mod batch;
mod closure;
mod dispatch;
mod error;
mod fallback;
pub(crate) mod ledger;
pub(crate) mod lost;
pub(crate) mod parts;
#[cfg(test)]
mod random;
#[cfg(feature = "tokio")]
mod retry;
mod route;
#[cfg(feature = "tokio")]
pub(crate) mod timeout;

pub use batch::Batch;
pub(crate) use dispatch::{DynExecutor, dispatch};
pub use error::DispatchError;
pub use fallback::Fallback;
#[cfg(feature = "tokio")]
pub use retry::Retry;
pub use route::{Route, RouteBuilder, RouteTo};
#[cfg(feature = "tokio")]
pub use timeout::Timeout;

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
    note = "an executor implements `airlock::Executor`, or is a closure from `Intent` to `Result<(), E>`, where `E` converts into `Box<dyn Error + Send + Sync>`; a builder becomes one with `.build()?`, a `RouteBuilder` with its last executor, `.otherwise(executor)`",
    note = "a `RouteTo` becomes a `RouteBuilder` when it is told what it takes: `.tasks(tasks![…])`, `.queue(\"…\")` or `.when(|intent| …)`"
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
