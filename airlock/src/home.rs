//! The runtime that an engine's connections belong to.

use std::pin::pin;
use std::task::Poll;

use ::tokio::runtime::Handle;

/// Where an engine's handle was made: connections work in that runtime, also for a flush from a
/// thread that is in none.
#[derive(Clone)]
pub(crate) struct Home {
    runtime: Option<Handle>,
}

impl Home {
    /// The runtime that is current, where there is one.
    pub(crate) fn here() -> Self {
        Self { runtime: Handle::try_current().ok() }
    }

    /// Polls a future where connections work.
    pub(crate) async fn run<F: Future>(&self, future: F) -> F::Output {
        let runtime = self.runtime.as_ref().filter(|_| Handle::try_current().is_err());
        let mut future = pin!(future);
        std::future::poll_fn(|cx| -> Poll<F::Output> {
            let _entered = runtime.map(Handle::enter);
            future.as_mut().poll(cx)
        })
        .await
    }
}
