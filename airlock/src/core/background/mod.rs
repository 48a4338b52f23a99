//! What ends after the flush has returned: executors that run tasks on threads and in Tokio tasks, and detached flushes.

#[cfg(feature = "tokio")]
mod blocking;
#[cfg(feature = "_detached")]
pub(crate) mod detached;
#[cfg(feature = "_detached")]
pub(crate) mod detached_flush;
#[cfg(feature = "_detached")]
pub(crate) mod pending_flushes;
pub(crate) mod thread_pool;
#[cfg(feature = "tokio")]
pub mod tokio;

use crate::core::flush::FlushError;
use crate::core::panics::catch;
use crate::core::report::log;

/// Hands an executor's `on_error` what failed. Where that panics, the log says what it was told.
fn tell_failed(on_error: &dyn Fn(FlushError), error: FlushError) {
    let told = error.to_string();
    if catch(|| on_error(error)).is_err() {
        log::failed_elsewhere(&told);
    }
}
