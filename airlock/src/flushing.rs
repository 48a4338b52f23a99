//! A flush in a task of its own, which goes on when nobody waits for it any more.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::runtime::Handle;
use ::tokio::task::JoinHandle;

use crate::executor::DispatchError;
use crate::report::Report;
use crate::scope::chunks::Undone;
use crate::scope::context::{self, Seat};
use crate::scope::flush::Flush;
use crate::scope::inside::Inside;
use crate::{FlushError, events, flushes};

/// A flush on its way.
pub(crate) enum Flushing {
    /// In a task of its own.
    Apart(JoinHandle<Result<(), FlushError>>),
    /// Where there is no runtime to spawn it on.
    Here(Pin<Box<dyn Future<Output = Result<(), FlushError>> + Send>>),
}

impl Flushing {
    pub(crate) fn of(flush: Flush) -> Self {
        match Handle::try_current() {
            Ok(runtime) => Self::Apart(runtime.spawn(carried_along(flush))),
            Err(_) => Self::Here(Box::pin(flush.run_async())),
        }
    }
}

impl Future for Flushing {
    type Output = Result<(), FlushError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let joined = match &mut *self {
            Self::Here(flushed) => return flushed.as_mut().poll(cx),
            Self::Apart(flushed) => ready!(Pin::new(flushed).poll(cx)),
        };
        Poll::Ready(joined.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The flush itself has told of its intents when the runtime dropped it.
            Err(_) => Err(FlushError::new(
                Report::default(),
                Undone::of(DispatchError::refused("the Tokio runtime has shut down"), 0),
                Vec::new(),
            )),
        }))
    }
}

/// The flush with the executor and under the configuration, and as a part of the span and trace, in force here,
/// whatever task it runs in: tasks that it runs are configured like whoever let it go.
pub(crate) fn carried_along(
    flush: Flush,
) -> impl Future<Output = Result<(), FlushError>> + Send + use<> {
    let seat = Seat { config: context::overriding().map(Some), ..Seat::default() };
    let configured = Inside::new(flush.apart().run_async(), seat);
    let flushed = events::carried_along(async { configured.await.0 });
    #[cfg(feature = "opentelemetry")]
    let flushed = crate::opentelemetry::carried_along(flushed);
    let decided = flushes::decided();
    async move {
        let _decided = decided;
        flushed.await
    }
}
