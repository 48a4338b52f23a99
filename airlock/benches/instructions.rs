//! Instruction counts under valgrind, ours beside the hand-written.
//!
//! `cargo bench -p airlock --bench instructions` prints them, with what they have grown by since they
//! were committed to `instructions.json`. `AIRLOCK_INSTRUCTIONS=check` fails where that is too much,
//! as CI does; `AIRLOCK_INSTRUCTIONS=commit` writes the file anew.
//!
//! With arguments after `--`, which are gungraun's, its output is left as it is.

mod cases;
#[path = "instructions/committed.rs"]
mod committed;
#[path = "instructions/counted.rs"]
mod counted;
#[path = "instructions/harness.rs"]
mod harness;
#[path = "instructions/table.rs"]
mod table;
#[path = "instructions/tools.rs"]
mod tools;

use std::process::ExitCode;

use committed::Committed;

/// What is done with the counts: `check`, `commit`, or only shown.
const MODE: &str = "AIRLOCK_INSTRUCTIONS";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // It is cargo's, which says it for `cargo bench` and not for `cargo test`.
    let benchmarking = arguments.iter().any(|argument| argument == "--bench");
    arguments.retain(|argument| argument != "--bench");
    if !arguments.is_empty() {
        harness::start();
        return ExitCode::SUCCESS;
    }
    if !benchmarking {
        return ExitCode::SUCCESS;
    }
    let mode = std::env::var(MODE).unwrap_or_default();
    if let Err(missing) = tools::check() {
        eprintln!("No instructions were counted. {missing}");
        return if mode.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match run(&mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("\n{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(mode: &str) -> Result<(), String> {
    let counted = counted::count()?;
    if mode == "commit" {
        table::print(&counted, &Committed::default());
        return committed::write(&counted);
    }
    let committed = committed::read()?;
    table::print(&counted, &committed);
    let checked = committed.check(&counted);
    match (mode, checked) {
        ("check", checked) => checked,
        (_, Err(why)) => {
            println!("\nCI would say: {why}");
            Ok(())
        }
        (_, Ok(())) => Ok(()),
    }
}
