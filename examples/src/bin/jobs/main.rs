//! A shop's jobs: enqueued from a CSV file into a queue, and run by a worker.
//!
//! Without anything else it does both in one process, with a SQLite file for a queue, until that is
//! empty. The parts can be had as processes of their own, over the engine of your choice:
//!
//! ```text
//! cargo run --bin jobs
//! cargo run --bin jobs -- --orders my.csv --repeat 100
//! cargo run --bin jobs -- --engine postgres --url postgres://localhost/shop enqueue
//! cargo run --bin jobs -- --engine postgres --url postgres://localhost/shop worker
//! cargo run --bin jobs -- dead list
//! ```

mod both;
mod cli;
mod dead;
mod engine;
mod enqueue;
mod input;
mod progress;
mod serve;
mod stop;
mod tally;
mod tasks;

use std::io::Write;
use std::process::ExitCode;

use airlock::BoxError;
use clap::Parser;

use cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .with_writer(std::io::stderr)
        .init();
    match engine::run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "jobs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever read our output has seen enough.
fn is_broken_pipe(error: &BoxError) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
