//! The runtime that an engine's connections belong to.
//!
//! Connections only work in the Tokio runtime that they were made in. A flush from a thread in no runtime
//! is carried out in that runtime. One with many threads drives the connections by itself. One with a
//! single thread only does so while some thread is inside its `block_on`, which can't be asked: a task is
//! spawned, and whether it runs is the answer.

mod driven;
mod unavailable;

#[cfg(all(test, feature = "apalis-redis", feature = "graphile"))]
mod tests;

use std::time::Duration;

use ::tokio::runtime::Handle;

pub(crate) use unavailable::RuntimeUnavailable;

/// How long a single-threaded runtime may be busy with something else before it counts as not driven.
const RESPONSE_TIMEOUT: Duration =
    if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(10) };

/// The runtime in which an engine's handle was made.
#[cfg(feature = "_sql")]
#[derive(Clone)]
pub(crate) struct ConnectionRuntime {
    runtime: Option<Handle>,
}

#[cfg(feature = "_sql")]
impl ConnectionRuntime {
    /// The current runtime, where there is one.
    pub(crate) fn current() -> Self {
        Self { runtime: Handle::try_current().ok() }
    }

    /// Polls a future inside the runtime, where the caller is in none. Connections to a file need it as well:
    /// they go back to their pool in a task of it.
    ///
    /// # Errors
    ///
    /// Where no thread drives that runtime.
    pub(crate) async fn run<F: Future>(&self, future: F) -> Result<F::Output, RuntimeUnavailable> {
        let runtime = match &self.runtime {
            Some(runtime) if Handle::try_current().is_err() => runtime,
            _ => return Ok(future.await),
        };
        let mut future = std::pin::pin!(future);
        let inside = std::future::poll_fn(|cx| {
            let _entered = runtime.enter();
            future.as_mut().poll(cx)
        });
        driven::wait_for(runtime, inside).await
    }
}

/// Runs a future in a runtime, to its end, also if the caller is dropped half-way.
///
/// # Errors
///
/// Where no thread drives the runtime, or it has shut down.
#[cfg(feature = "_broker")]
pub(crate) async fn spawn<T: Send + 'static>(
    runtime: &Handle,
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, RuntimeUnavailable> {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let begun = Arc::new(AtomicBool::new(false));
    let mark = begun.clone();
    let task = async {
        let task = runtime.spawn(async move {
            mark.store(true, Ordering::Relaxed);
            future.await
        });
        task.await
    };
    // A caller inside the runtime drives it while it waits.
    let is_current = Handle::try_current().is_ok_and(|current| current.id() == runtime.id());
    let ended = if is_current { task.await } else { driven::wait_for(runtime, task).await? };
    ended.map_err(|error| match error.try_into_panic() {
        Ok(panic) => crate::core::panics::Panic::from(panic).resume(),
        Err(_) => RuntimeUnavailable::shut_down(begun.load(Ordering::Relaxed)),
    })
}
