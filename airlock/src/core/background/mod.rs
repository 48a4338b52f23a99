//! What ends after the flush: executors that run tasks apart, and flushes that nobody waits for.

#[cfg(any(feature = "transaction", feature = "web"))]
pub(crate) mod flushes;
#[cfg(any(feature = "transaction", feature = "web"))]
pub(crate) mod flushing;
pub(crate) mod thread_pool;
#[cfg(feature = "tokio")]
pub mod tokio;
