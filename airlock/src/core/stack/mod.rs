//! Which scope is current on this thread, and what it holds.
//!
//! [`thread`] is the stack itself. Onto it go the scopes of closures ([`plain_scope`], [`entered_scope`]), those of
//! futures, handles and local policies ([`environment`], [`scoped_future`]) and those of tasks that run here
//! ([`task_scope`]). [`enqueue`] is the way of an intent into the current scope's [`buffer`].

pub(crate) mod bounds;
pub(crate) mod buffer;
pub(crate) mod config;
pub(crate) mod contents;
pub(crate) mod enclosing;
pub(crate) mod enqueue;
pub(crate) mod enqueue_error;
pub(crate) mod entered_scope;
pub(crate) mod environment;
pub(crate) mod frame;
pub(crate) mod in_force;
pub(crate) mod judge;
pub(crate) mod plain_scope;
pub(crate) mod scope_settings;
pub(crate) mod scoped_future;
pub(crate) mod segments;
pub(crate) mod share;
pub(crate) mod shared_scope;
pub(crate) mod task_scope;
pub(crate) mod thread;
pub(crate) mod while_judging;
