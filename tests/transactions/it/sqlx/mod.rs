//! With sqlx.

mod cancelled;
mod closure;
mod crash;
mod eager;
mod errors;
mod foreign;
mod guard;
mod nesting;
mod own;
mod policies;
mod queue;
mod retry;
mod rolled_back_by_itself;
mod savepoints;
mod several;
pub(crate) mod shop;
mod spawned;
mod unheard;
