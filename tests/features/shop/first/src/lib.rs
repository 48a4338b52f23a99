//! One of two versions of a crate.

/// Sends.
#[airlock::task]
pub fn send() {}
