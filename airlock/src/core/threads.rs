//! Threads, and what they share: std's, or those of `shuttle`, under which `tests/interleavings` tries one order of their
//! steps after another.
//!
//! What only one thread uses is std's in either case, and so is `Arc`.

#[cfg(not(airlock_shuttle))]
pub(crate) use std::{sync, thread, thread_local};

#[cfg(airlock_shuttle)]
pub(crate) use shuttle::{sync, thread, thread_local};

/// Tokio, or what `shuttle` has in its place: time is no matter there, each sleep is over at once.
#[cfg(all(feature = "tokio", not(airlock_shuttle)))]
pub(crate) use ::tokio;

#[cfg(all(feature = "tokio", airlock_shuttle))]
pub(crate) use ::shuttle_tokio as tokio;
