//! What ends after the flush has returned: executors that run tasks on threads and in Tokio tasks, and detached flushes.

#[cfg(feature = "_detached")]
pub(crate) mod detached_flush;
#[cfg(feature = "_detached")]
pub(crate) mod pending_flushes;
pub(crate) mod thread_pool;
#[cfg(feature = "tokio")]
pub mod tokio;
