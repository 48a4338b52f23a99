//! What threads and Tokio's tasks share, in thousands of orders of their steps: `shuttle` chooses which of them goes on at
//! each lock and channel. Time means nothing to it: each sleep is over as soon as its task has its turn.
//!
//! It is a workspace of its own, whose `.cargo/config.toml` has the flag that puts shuttle's threads into airlock:
//! `cd tests/interleavings && cargo test`.

#[cfg(not(airlock_shuttle))]
compile_error!(
    "run this in tests/interleavings, where .cargo/config.toml is, and without RUSTFLAGS"
);

mod counted;
mod detached_flushes;
mod handles;
mod thread_pool;
mod tokio_tasks;
mod worker;

/// How many orders of its steps each test tries.
const ORDERS: usize = 20_000;

/// How many each test of asynchronous tasks tries, each of which has more steps.
const ORDERS_OF_TASKS: usize = 2_000;

/// How many each test of whole workers tries.
const ORDERS_OF_A_WORKER: usize = 5_000;
