//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// A shop's service, with its queue and its worker inside.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Where the database and the mails are kept
    #[arg(long, value_name = "DIR", default_value = "shop-data", global = true)]
    pub(crate) data: PathBuf,

    /// The port on 127.0.0.1 to listen on; 0 is any that is free
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,

    /// A name by which browsers reach the shop, such as that of a proxy; this machine's own are known
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,

    /// A PostgreSQL database, such as `postgres://localhost/shop`, instead of the SQLite file
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) database: Option<String>,

    /// Whose tables keep the jobs
    #[arg(long, value_enum, default_value_t = Queue::Apalis, global = true)]
    pub(crate) queue: Queue,

    /// What callers have to know for /admin and for dry runs. Without it, one is made up and printed
    #[arg(long, value_name = "TOKEN")]
    pub(crate) admin_token: Option<String>,

    /// After how many seconds the next worker takes over what a killed one held; at least 3
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) lost_after: u64,

    /// For tests: aborts the process at this step
    #[arg(long, value_name = "STEP", hide = true)]
    pub(crate) crash_at: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The queues that take jobs as a part of the shop's own transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Queue {
    /// apalis' tables, in SQLite or PostgreSQL
    Apalis,
    /// Graphile Worker's tables, in PostgreSQL
    Graphile,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Marks all open orders as shipped, as somebody does who moves to another shop. Nobody gets a mail
    Migrate,
}
