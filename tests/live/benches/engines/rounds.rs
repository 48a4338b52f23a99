//! Turns, medians and limits.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

/// What is measured, and what has been missed.
pub(crate) struct Bench {
    filters: Vec<String>,
    check: bool,
    missed: Vec<String>,
    /// How often each side has its turn.
    pub(crate) rounds: usize,
}

impl Bench {
    pub(crate) fn from_arguments() -> Self {
        let mut bench = Self { filters: Vec::new(), check: false, missed: Vec::new(), rounds: 9 };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match &*argument {
                // Cargo says it.
                "--bench" => {}
                "--check" => bench.check = true,
                "--rounds" => {
                    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok());
                    bench.rounds = rounds.expect("--rounds takes a number");
                }
                _ => bench.filters.push(argument),
            }
        }
        bench
    }

    /// Whether this line is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(&**filter))
    }

    /// `met` or `missed`, which is noted.
    pub(crate) fn verdict(&mut self, what: &str, met: bool) -> &'static str {
        if met {
            return "met";
        }
        self.missed.push(what.to_owned());
        "missed"
    }

    pub(crate) fn finish(self) -> ExitCode {
        for missed in &self.missed {
            println!("missed: {missed}");
        }
        if self.check && !self.missed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The middle one of what each round says.
pub(crate) fn median_of<R>(rounds: &[R], value: impl Fn(&R) -> f64) -> f64 {
    median(rounds.iter().map(value).collect())
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
