//! The protocol between workers and an engine with leases, as a model.
//!
//! Workers receive, begin, settle and send heartbeats; the engine hands out messages and takes over what lost workers held.
//! Any worker may be as slow as it likes between two steps, which is what a pause is. Workers crash, the server is away,
//! answers are lost and the server's clock jumps, so often as [`Bounds`] allows.
//!
//! The engine's side is that of `airlock/src/engines/apalis/redis/lua`, the worker's that of `airlock/src/worker/run`. Each
//! rule that makes it hold can be left out, and then it does not: [`Rule`].
//!
//! The tests in `tests/model` check it in every order of its steps. [`replay`] holds what a real engine did against it.

mod engine;
mod protocol;
pub mod replay;
mod state;
mod symmetry;
mod worker;

pub use protocol::{Bounds, Protocol, Rule, Step};
pub use state::{
    History, Left, Local, MESSAGES, Message, NAMES, Place, Rules, Stage, State, Worker,
};
