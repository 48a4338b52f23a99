//! Fuzzing: random and mutated inputs for what reads messages off the wire, and for the policies of nested scopes.
//!
//! ```console
//! $ cargo run --manifest-path fuzz/Cargo.toml -- --seconds 60            # every target for a minute
//! $ cargo run --manifest-path fuzz/Cargo.toml -- celery --seed 7         # one target, the same inputs again
//! ```
//!
//! No target may panic, overflow a small stack or break what it states. An input whose answer is new joins those that
//! are mutated further: the answer takes the place of coverage, for which a nightly compiler would be needed.

mod mutate;
mod targets;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::targets::{TARGETS, Target};

/// As small as a thread of Tokio's has it.
const STACK: usize = 2 << 20;

/// How many inputs are kept for mutation.
const KEPT: usize = 4_096;

struct Options {
    targets: Vec<&'static Target>,
    seconds: u64,
    seed: u64,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    for target in options.targets {
        let (seconds, seed) = (options.seconds, options.seed);
        let run = move || run(target, Duration::from_secs(seconds), seed);
        let ended = thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread").join();
        match ended.expect("panics are caught") {
            Ok((inputs, answers)) => {
                println!(
                    "{}: {inputs} inputs, {answers} kinds of answers, seed {seed}",
                    target.name
                );
            }
            Err(input) => {
                eprintln!("{}: failed with {:?}", target.name, String::from_utf8_lossy(&input));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn options() -> Result<Options, String> {
    let mut options = Options { targets: Vec::new(), seconds: 60, seed: 1 };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let number = arguments.next().and_then(|number| number.parse().ok());
            number.ok_or_else(|| format!("{argument} takes a number"))
        };
        match &*argument {
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()?,
            name => {
                let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
                let target = TARGETS.iter().find(|target| target.name == name);
                options.targets.push(target.ok_or_else(|| {
                    format!("there is no target `{name}`: there are {}", known.join(", "))
                })?);
            }
        }
    }
    if options.targets.is_empty() {
        options.targets = TARGETS.iter().collect();
    }
    Ok(options)
}

/// How many inputs were read, and how many kinds of answers came; or the input that failed.
fn run(target: &Target, time: Duration, seed: u64) -> Result<(u64, usize), Vec<u8>> {
    let mut random = Rng::with_seed(seed);
    let mut inputs: Vec<Vec<u8>> =
        target.seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let mut answers = HashSet::new();
    let (begun, mut count) = (Instant::now(), 0);
    while count % 256 != 0 || begun.elapsed() < time {
        let input = mutate::next(&inputs, target.words, &mut random);
        let Some(answer) = read(target, &input) else { return Err(smallest(target, input)) };
        count += 1;
        if answers.insert(kind(&answer)) && inputs.len() < KEPT && input.len() < 64 << 10 {
            inputs.push(input);
        }
    }
    Ok((count, answers.len()))
}

/// The answer, unless the target panics.
fn read(target: &Target, input: &[u8]) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| (target.read)(input))).ok()
}

/// An input that fails as well, of which nothing can be left out.
fn smallest(target: &Target, mut input: Vec<u8>) -> Vec<u8> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut length = input.len();
    while length > 0 {
        let mut at = 0;
        while at < input.len() {
            let mut shorter = input.clone();
            shorter.drain(at..(at + length).min(input.len()));
            if read(target, &shorter).is_none() {
                input = shorter;
            } else {
                at += length;
            }
        }
        length /= 2;
    }
    input
}

/// An answer without its numbers and what it quotes, so that there are not too many kinds.
fn kind(answer: &str) -> String {
    let unquoted = answer.split('`').step_by(2);
    unquoted
        .flat_map(str::chars)
        .filter(|character| !character.is_ascii_digit())
        .take(120)
        .collect()
}
