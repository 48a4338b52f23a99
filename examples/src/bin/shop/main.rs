//! A shop's service: orders are placed, shipped and cancelled, and whoever has to hear of it gets mail.
//!
//! Without anything else it needs no server and no set-up: orders and queue are one SQLite file, the worker
//! runs inside, and mails land in a folder as files. With `--database` the same code works on PostgreSQL:
//!
//! ```text
//! cargo run --bin shop
//! cargo run --bin shop -- --data elsewhere --port 9000 --admin-token secret
//! cargo run --bin shop -- --database postgres://localhost/shop --queue graphile
//! cargo run --bin shop -- migrate
//! ```
//!
//! A change of an order is one transaction, and what it has to tell are rows of that:
//! [`orders`] is the domain, and [`change`] puts a transaction around it.

mod change;
mod cli;
mod crash;
mod error;
mod migrate;
mod orders;
mod outbox;
mod pages;
mod record;
mod serve;
#[path = "../jobs/stop.rs"]
mod stop;
mod store;
mod tasks;
mod web;

use std::io::Write;
use std::process::ExitCode;

use airlock::BoxError;
use clap::Parser;

use cli::{Cli, Command};
use outbox::Outbox;
use store::Store;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "shop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), BoxError> {
    crash::install(cli.crash_at.as_deref())?;
    match cli.command {
        None => {
            let outbox = Outbox::open(&cli.data.join("mails"))?;
            let store = Store::open(&cli).await?;
            store.set_up().await?;
            serve::run(&cli, store, outbox).await
        }
        Some(Command::Migrate) => migrate::run(&Store::open_existing(&cli).await?).await,
    }
}
