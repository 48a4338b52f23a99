//! A flush that goes on when its caller stops waiting for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::runtime::Handle;

use crate::core::background::pending_flushes;
use crate::core::flush::Flush;
use crate::core::flush::FlushError;
use crate::core::report::log;
use crate::core::stack::environment::Environment;
use crate::core::stack::in_force::overriding;
use crate::core::stack::scoped_future::ScopedFuture;
use crate::core::trace::carried_future;

type Flushed = Pin<Box<dyn Future<Output = Result<(), FlushError>> + Send>>;

/// A flush that is awaited. Where it is dropped before its end, a Tokio task of its own finishes it.
pub(crate) struct DetachedFlush {
    /// Until it has ended, or panicked.
    flushed: Option<Flushed>,
    /// Where there is none, a flush that is dropped tells of what was left of it.
    runtime: Option<Handle>,
}

impl DetachedFlush {
    pub(crate) fn of(flush: Flush) -> Self {
        Self { flushed: Some(Box::pin(carried_along(flush))), runtime: Handle::try_current().ok() }
    }
}

impl Future for DetachedFlush {
    type Output = Result<(), FlushError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut flushed = self.flushed.take().expect("it is not polled after its end");
        let polled = flushed.as_mut().poll(cx);
        if polled.is_pending() {
            self.flushed = Some(flushed);
        }
        Poll::Ready(ready!(polled))
    }
}

impl Drop for DetachedFlush {
    fn drop(&mut self) {
        if let (Some(flushed), Some(runtime)) = (self.flushed.take(), &self.runtime) {
            runtime.spawn(async {
                if let Err(error) = flushed.await {
                    log::failed_elsewhere(&error);
                }
            });
        }
    }
}

/// The flush with the executor and under the configuration, and as a part of the span and trace, in force here,
/// whatever Tokio task it runs in: the tasks that it runs find the configuration of the place that let it go.
pub(crate) fn carried_along(
    flush: Flush,
) -> impl Future<Output = Result<(), FlushError>> + Send + use<> {
    let environment = Environment::of_config(overriding());
    let configured = ScopedFuture::new(flush.apart().run_async(), environment);
    let flushed = carried_future(async { configured.await.0 });
    let decided = pending_flushes::decided();
    async move {
        let _decided = decided;
        flushed.await
    }
}
