//! A flush that goes on when its caller stops waiting for it.

use crate::core::background::detached::Detached;
use crate::core::background::pending_flushes;
use crate::core::flush::Flush;
use crate::core::flush::FlushError;
use crate::core::report::log;
use crate::core::stack::environment::Environment;
use crate::core::stack::in_force::overriding;
use crate::core::stack::scoped_future::ScopedFuture;
use crate::core::trace::carried_future;

/// A flush that is awaited. Where it is dropped before its end, a Tokio task of its own finishes it; where there is no
/// runtime, it tells of what was left of it.
pub(crate) type DetachedFlush = Detached<Result<(), FlushError>>;

pub(crate) fn detached(flush: Flush) -> DetachedFlush {
    Detached::new(carried_along(flush), |flushed| {
        if let Err(error) = flushed {
            log::failed_elsewhere(&error);
        }
    })
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
