//! What ends after the flush has returned: executors that run tasks on threads and in Tokio tasks, and detached flushes.

#[cfg(any(feature = "transaction", feature = "web"))]
pub(crate) mod detached_flush;
#[cfg(any(feature = "transaction", feature = "web"))]
pub(crate) mod pending_flushes;
pub(crate) mod thread_pool;
#[cfg(feature = "tokio")]
pub mod tokio;
