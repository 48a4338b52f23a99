//! Random flushes through random executors of executors: the report says of every intent what happened to it.
//!
//! A program is made from its seed alone, and a failure names the seed. `AIRLOCK_LEDGER_SEED=17` runs that
//! program and no other.

mod book;
mod engine;
mod program;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use airlock::{FlushError, Intent, Report, Timeout, Verdict};

use self::book::Book;
use self::program::Program;
use crate::executors::{Any, number, numbers};
use crate::support::{Reports, block_on};

const PROGRAMS: u64 = 4_000;

#[test]
fn every_intent_of_a_random_program_has_the_fate_that_it_met() {
    let only = std::env::var("AIRLOCK_LEDGER_SEED").ok();
    let only = only.map(|seed| seed.parse().expect("the seed is a number"));
    let seeds = only.map_or(0..PROGRAMS, |seed| seed..seed + 1);
    for seed in seeds {
        let program = Program::random(seed);
        if let Err(wrong) = run(&program) {
            panic!("seed {seed}: {wrong}\n{program:#?}");
        }
    }
}

fn run(program: &Program) -> Result<(), String> {
    let (book, reports) = (Book::default(), Reports::new());
    let result = if program.is_sync() {
        Some(scope(program, &book, &reports).run(|| book.enqueue(program.intents)))
    } else {
        // Its clock stands still until nothing else can happen: whatever waits is cut off at once.
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let flush = scope(program, &book, &reports);
        runtime.expect("it starts").block_on(flush_or_drop(program, &book, flush))
    };
    let report = reports.only();
    book.check(&report, program, result.is_none())?;
    check_result(result, &report)
}

fn scope(program: &Program, book: &Book, reports: &Reports) -> airlock::Scope {
    let drops = program.drops;
    let policy = move |intent: &Intent| {
        if drops.is_some_and(|every| number(intent).is_multiple_of(every)) {
            Verdict::Drop
        } else {
            Verdict::Allow
        }
    };
    let mut executor = book.executor(&program.tree);
    if !program.is_sync() {
        // What hangs is cut off in the end.
        executor = Any(Arc::new(Timeout::new(executor, Duration::from_mins(1))));
    }
    let scope = airlock::scope().executor(executor).on_failure(program.on_failure).policy(policy);
    let scope = scope.on_report(reports.keep());
    program.chunks.into_iter().fold(scope, airlock::Scope::chunks)
}

/// The result of the flush; `None` where it is dropped after a number of polls.
async fn flush_or_drop(
    program: &Program,
    book: &Book,
    scope: airlock::Scope,
) -> Option<Result<(), FlushError>> {
    let mut flush = Box::pin(scope.run_async(async { book.enqueue(program.intents) }));
    let Some(polls) = program.polls else { return Some(flush.await) };
    for _ in 0..polls {
        if let Poll::Ready(result) = futures::poll!(flush.as_mut()) {
            return Some(result);
        }
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    None
}

/// An error hands back exactly what the report calls failed or not attempted, in order, and whole.
fn check_result(result: Option<Result<(), FlushError>>, report: &Report) -> Result<(), String> {
    let with = |fate: &str| -> Vec<u64> {
        let entries = report.entries().iter();
        let entries = entries.filter(|entry| entry.fate().to_string().starts_with(fate));
        entries.filter_map(|entry| entry.arguments()["n"].as_u64()).collect()
    };
    let (failed, rest) = (with("failed"), with("not attempted"));
    match result {
        None => Ok(()),
        Some(Ok(())) if failed.is_empty() && rest.is_empty() => Ok(()),
        Some(Ok(())) => Err(format!("it is no error\n{report}")),
        Some(Err(error)) => {
            let (_, with_reasons, others) = error.into_parts();
            let intents: Option<Vec<_>> =
                with_reasons.into_iter().map(|failed| failed.intent).collect();
            let intents = intents.ok_or("a failed intent is not handed back")?;
            if (numbers(&intents), numbers(&others)) != (failed, rest) {
                return Err(format!("{intents:?} and {others:?} are handed back\n{report}"));
            }
            let all = intents.into_iter().chain(others);
            flush_again(all.collect())
        }
    }
}

/// What is handed back can be flushed by another executor.
fn flush_again(intents: Vec<Intent>) -> Result<(), String> {
    let expected = numbers(&intents);
    let (sent, note) = std::sync::mpsc::channel();
    let again = airlock::scope().executor(move |intent: Intent| sent.send(number(&intent)));
    let again = again.run_async(async { intents.into_iter().try_for_each(Intent::enqueue) });
    block_on(again).map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let sent: Vec<_> = note.iter().collect();
    if sent == expected { Ok(()) } else { Err(format!("{sent:?} are sent, not {expected:?}")) }
}
