//! What threads share, in thousands of orders of their steps: `shuttle` chooses which thread goes on at each lock and channel.
//!
//! It is a workspace of its own, whose `.cargo/config.toml` has the flag that puts shuttle's threads into airlock:
//! `cd tests/interleavings && cargo test`.

#[cfg(not(airlock_shuttle))]
compile_error!(
    "run this in tests/interleavings, where .cargo/config.toml is, and without RUSTFLAGS"
);

mod counted;
mod handles;
mod thread_pool;

/// How many orders of its steps each test tries.
const ORDERS: usize = 20_000;
