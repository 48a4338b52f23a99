//! From the arguments to the exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use airlock::Inline;
use clap::ValueEnum;

use crate::cli::{Cli, ScopeName};
use crate::complain;
use crate::failure::Failure;
use crate::input::Input;
use crate::outside::Outside;
use crate::seen::{Seen, Table};
use crate::store::Store;
use crate::{json, scopes, summary};

/// One scope's part of the program's output.
pub(crate) struct Passage {
    pub(crate) name: ScopeName,
    /// What the warehouse and the customers heard.
    pub(crate) heard: Vec<String>,
    /// Why its work ended early, or its flush did.
    pub(crate) failure: Option<Failure>,
    pub(crate) table: Table,
    /// How many orders the database has as processed.
    pub(crate) processed: usize,
}

/// Everything there is to say at the end.
pub(crate) struct Outcome {
    pub(crate) input: Input,
    pub(crate) database: PathBuf,
    pub(crate) orders: usize,
    pub(crate) passages: Vec<Passage>,
}

/// Does what the arguments say.
pub(crate) fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    let input = Input::read(cli.orders.as_deref())?;
    for bad in &input.bad {
        complain(format_args!("skipped line {} of {}: {}", bad.line, input.source, bad.reason));
    }
    let database = match &cli.database {
        Some(path) => path.clone(),
        None => new_database()?,
    };
    let mut store = Store::open(&database)?;
    store.save(&input.rows)?;

    let orders = store.count()?;
    let mut outcome = Outcome { input, database, orders, passages: Vec::new() };
    if !cli.json {
        summary::opening(&outcome)?;
    }
    let outside = Outside::default();
    let inline = Inline::builder().state(outside.clone()).build()?;
    let names = match cli.scope {
        _ if orders == 0 => Vec::new(),
        Some(name) => vec![name],
        None => ScopeName::value_variants().to_vec(),
    };
    airlock::configure().executor(inline).run(|| {
        for name in names {
            let passage = pass(name, &mut store, &outside)?;
            if !cli.json {
                summary::passage(&passage)?;
            }
            outcome.passages.push(passage);
        }
        Ok::<_, Failure>(())
    })?;
    if cli.json {
        json::document(&outcome)?;
    } else {
        summary::closing(&outcome)?;
    }
    Ok(outcome.exit_code())
}

/// Processes the orders under one scope, each as if for the first time.
fn pass(name: ScopeName, store: &mut Store, outside: &Outside) -> Result<Passage, Failure> {
    store.start_over()?;
    let seen = Seen::default();
    let done = match name {
        ScopeName::Api => scopes::api(store, &seen),
        ScopeName::Migration => scopes::migration(store, &seen),
        ScopeName::Check => scopes::check(store, &seen),
        ScopeName::Inspection => scopes::inspection(store, &seen),
        ScopeName::Admin => scopes::admin(store, &seen),
    };
    let failure = match done {
        Ok(()) => None,
        Err(failure @ (Failure::Refused(_) | Failure::Flush(_))) => Some(failure),
        Err(failure) => return Err(failure),
    };
    let (heard, table) = (outside.take_heard(), seen.into_table());
    Ok(Passage { name, heard, failure, table, processed: store.processed()? })
}

/// An empty file of its own for this run, which is left for whoever wants to look into it.
fn new_database() -> Result<PathBuf, Failure> {
    let file = tempfile::Builder::new().prefix("airlock-orders-").suffix(".sqlite").tempfile();
    let kept = file.map_err(|error| Failure::Database(error.to_string()))?.keep();
    let (_, path) = kept.map_err(|error| Failure::Database(error.to_string()))?;
    Ok(path)
}

impl Outcome {
    /// A refusal is what the check is for; a task that failed is a failure.
    fn exit_code(&self) -> ExitCode {
        let mut failures = self.passages.iter().filter_map(|passage| passage.failure.as_ref());
        let failed = failures.find(|failure| matches!(failure, Failure::Flush(_)));
        failed.map_or(ExitCode::SUCCESS, Failure::exit_code)
    }
}
