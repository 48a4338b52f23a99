//! What ends after the flush: executors that run tasks apart, and flushes that nobody waits for.

#[cfg(any(feature = "transaction", feature = "web"))]
pub(crate) mod detached_flush;
#[cfg(any(feature = "transaction", feature = "web"))]
pub(crate) mod pending_flushes;
pub(crate) mod thread_pool;
#[cfg(feature = "tokio")]
pub mod tokio;
