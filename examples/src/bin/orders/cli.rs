//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Processes a shop's orders under five scopes: the same code, five decisions about its effects.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// The orders: a CSV file with the columns id, email, item, quantity; `-` is standard input.
    /// Without it, a sample
    #[arg(long, value_name = "FILE")]
    pub(crate) orders: Option<PathBuf>,

    /// The database file that keeps the orders, made if it isn't there. Without it, a new one in the
    /// directory for temporary files
    #[arg(long, value_name = "FILE")]
    pub(crate) database: Option<PathBuf>,

    /// Only this scope
    #[arg(long, value_name = "NAME")]
    pub(crate) scope: Option<ScopeName>,

    /// One JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  every scope did what it was asked to; bad rows are skipped and counted
  1  standard output can't be written
  2  the arguments are wrong
  3  the orders can't be read
  4  the database can't be used
  5  a task failed, so that not every effect left its scope";

/// A scope to process the orders under.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeName {
    /// An API call: effects leave once the work has succeeded
    Api,
    /// A migration: effects are dropped
    Migration,
    /// A check that the code is pure: effects are refused
    Check,
    /// A look at what would happen: effects are discarded
    Inspection,
    /// An admin's call: one task is blocked
    Admin,
}
