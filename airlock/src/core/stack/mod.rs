//! Which scope is current on this thread, and what it holds.

pub(crate) mod bounds;
pub(crate) mod buffer;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod enqueue_error;
pub(crate) mod frame;
pub(crate) mod inside;
pub(crate) mod scope_settings;
