//! A shop that processes its orders under five scopes.
//!
//! The code that processes an order, `domain.rs`, is the same under each. What leaves, and when, is
//! up to the scopes of `scopes.rs`:
//!
//! ```text
//! cargo run --bin orders
//! cargo run --bin orders -- --scope admin
//! cargo run --bin orders -- --orders my.csv --json
//! ```

mod cli;
#[expect(unreachable_pub, reason = "the README shows it, and it reads as a library does")]
mod domain;
mod failure;
mod input;
mod json;
mod outside;
mod row;
mod run;
mod scopes;
mod seen;
mod store;
mod summary;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    match run::run(&Cli::parse()) {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            failure.exit_code()
        }
    }
}

/// Says it on standard error; there is nobody left to tell where that is closed.
fn complain(what: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "orders: {what}");
}
