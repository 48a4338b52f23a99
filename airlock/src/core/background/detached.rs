//! A future that goes on when its caller stops waiting for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::core::threads::tokio::runtime::Handle;

/// A future that is awaited. Where it is dropped before its end, a Tokio task of its own finishes it.
pub(crate) struct Detached<T: Send + 'static> {
    /// Until it has ended, or panicked.
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    /// What is done with an output that nobody waits for.
    unawaited: fn(T),
    /// Where there is none, the future is dropped as any other.
    runtime: Option<Handle>,
}

impl<T: Send> Detached<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static, unawaited: fn(T)) -> Self {
        let runtime = Handle::try_current().ok();
        Self { future: Some(Box::pin(future)), unawaited, runtime }
    }
}

impl<T: Send> Future for Detached<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut future = self.future.take().expect("it is not polled after its end");
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() {
            self.future = Some(future);
        }
        Poll::Ready(ready!(polled))
    }
}

impl<T: Send> Drop for Detached<T> {
    fn drop(&mut self) {
        if let (Some(future), Some(runtime)) = (self.future.take(), &self.runtime) {
            let unawaited = self.unawaited;
            runtime.spawn(async move { unawaited(future.await) });
        }
    }
}
