//! Tasks, intents, scopes, policies and executors: what airlock is without any engine, database or framework.
//!
//! The modules stand in the order of their floors. Each knows those above it in this list and none below, which the
//! test `layers` holds.

#[cfg(feature = "tokio")]
pub(crate) mod backoff;
pub(crate) mod cut;
pub(crate) mod log;
pub(crate) mod panics;
pub(crate) mod threads;
#[cfg(feature = "tokio")]
pub(crate) mod timer;
#[cfg(feature = "_detached")]
pub(crate) mod trace;
pub(crate) mod wait;

pub(crate) mod task;

pub(crate) mod intent;

pub(crate) mod registry;

pub(crate) mod report;

pub(crate) mod policy;

pub(crate) mod executor;

pub(crate) mod stack;

pub(crate) mod run;

pub(crate) mod flush;

pub(crate) mod background;

pub(crate) mod scope;
