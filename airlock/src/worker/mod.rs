//! Workers: what takes messages from an engine and runs their tasks.
//!
//! A [`Worker`] finds a message's task in the registry, reads its arguments, supplies its states and
//! runs it in a scope of its own: what the task enqueues leaves if it succeeds. What fails is tried
//! again after a growing wait, and what is given up is kept by the engine as a [`DeadLetter`].
//!
//! A task runs at least once: a worker that is killed in the middle of one leaves the message to
//! another worker. Write tasks so that a second run does no harm.
//!
//! The queues of the engines are the [`Source`]s; `docs/workers.md` is about running workers in
//! production.

mod builder;
mod dead;
#[cfg(any(
    feature = "apalis-postgres",
    feature = "apalis-redis",
    feature = "apalis-sqlite",
    feature = "celery-redis",
    feature = "graphile"
))]
pub(crate) mod duration_limits;
pub(crate) mod engine_error;
mod error;
#[cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite", feature = "graphile"))]
mod heartbeat;
pub(crate) mod log;
mod perform;
#[cfg(any(feature = "apalis-postgres", feature = "apalis-redis", feature = "graphile"))]
mod received_ids;
mod run;
mod served;
mod source;

pub use builder::{Worker, WorkerBuilder, worker};
pub use dead::{DeadLetter, DeadLetters};
pub use error::WorkerError;
#[cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite", feature = "graphile"))]
pub(crate) use heartbeat::{LastHeartbeat, within_heartbeat};
#[cfg(any(feature = "apalis-postgres", feature = "apalis-redis", feature = "graphile"))]
pub(crate) use received_ids::ReceivedIds;
pub use served::Served;
pub use source::{Message, Settled, Settlement, Source};
