//! With sqlx.

mod cancelled;
mod closure;
mod crash;
mod errors;
mod foreign;
mod guard;
mod nesting;
mod policies;
mod queue;
mod retry;
mod savepoints;
mod several;
pub(crate) mod shop;
mod spawned;
