//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Enqueues a shop's jobs from a CSV file and runs them.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// What keeps the jobs
    #[arg(long, value_enum, default_value_t = Engine::Sqlite, global = true)]
    pub(crate) engine: Engine,

    /// Where it is. Without it, a file in the directory for temporary files, or this machine's server
    #[arg(long, global = true)]
    pub(crate) url: Option<String>,

    /// The queue
    #[arg(long, default_value = "jobs", global = true)]
    pub(crate) queue: String,

    #[command(flatten)]
    pub(crate) orders: Orders,

    #[command(flatten)]
    pub(crate) serving: Serving,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The engines of airlock that Rust workers serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// A SQLite file, with apalis' tables
    Sqlite,
    /// PostgreSQL, with apalis' tables
    Postgres,
    /// Redis, with apalis' keys
    Redis,
    /// PostgreSQL, with `graphile_worker`'s tables
    Graphile,
    /// Celery's messages, on RabbitMQ (amqp://…) or Redis (redis://…)
    Celery,
}

/// What is enqueued.
#[derive(Args)]
pub(crate) struct Orders {
    /// The orders: a CSV file with the columns id, email, item; `-` is standard input. Without it, a
    /// sample
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) orders: Option<PathBuf>,

    /// Enqueues the orders so many times
    #[arg(long, default_value_t = 1, value_name = "TIMES", global = true)]
    pub(crate) repeat: u64,
}

/// How the worker works.
#[derive(Args)]
pub(crate) struct Serving {
    /// How many jobs run at once
    #[arg(long, default_value_t = 8, value_name = "JOBS", global = true)]
    pub(crate) concurrency: usize,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Enqueues the orders' jobs, and leaves them to a worker
    Enqueue,
    /// Runs jobs until it is told to stop
    Worker,
    /// Looks at the jobs that were given up
    #[command(subcommand)]
    Dead(Dead),
}

#[derive(Subcommand)]
pub(crate) enum Dead {
    /// Lists them, the oldest first
    List,
    /// Shows one with its message
    Show {
        /// As in the list
        id: String,
    },
    /// Puts them back into the queue
    Retry(Which),
    /// Removes them for good
    Drop(Which),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// These, as in the list
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
}
