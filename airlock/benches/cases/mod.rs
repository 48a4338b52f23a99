//! What is measured: each case twice, with airlock and as one writes it by hand.
//!
//! Every case is a function of one number: of intents, of policies, of polls, or of whatever the case
//! grows by.

#![allow(dead_code, reason = "each benchmark uses the cases that it can measure")]

pub(crate) mod closures;
pub(crate) mod intents;
mod many;
pub(crate) mod on_tokio;
mod polls;
mod tasks;

/// The number of intents where a case grows by something else.
pub(crate) const INTENTS: u64 = 1_000;
