//! With sqlx.

mod cancelled;
mod closure;
mod errors;
mod foreign;
mod guard;
mod nesting;
mod policies;
mod queue;
mod retry;
mod savepoints;
mod several;
mod shop;
mod spawned;
