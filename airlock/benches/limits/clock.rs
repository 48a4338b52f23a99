//! Wall-clock times of cases that are run in turn.

use std::time::{Duration, Instant};

/// A case and its size.
pub(crate) type Case = (fn(u64), u64);

/// Medians of both sides of a case, in nanoseconds of one run.
pub(crate) struct Times {
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
}

/// How many times each case is timed.
const ROUNDS: usize = 31;

/// How long one timing takes, of as many runs as fit.
const ROUND: Duration = Duration::from_millis(4);

/// How long all timings of a case may take; those of a long run are fewer.
const AT_MOST: Duration = Duration::from_secs(3);

/// Times two cases in turn.
pub(crate) fn pair(ours: Case, theirs: Case) -> Times {
    let [ours, theirs] = each([ours, theirs]);
    Times { ours, theirs }
}

/// Times the cases in turn: the median of each, in nanoseconds of one run.
pub(crate) fn each<const CASES: usize>(cases: [Case; CASES]) -> [f64; CASES] {
    let runs = cases.map(runs_a_round);
    let mut times = [const { Vec::new() }; CASES];
    let started = Instant::now();
    for round in 0..ROUNDS {
        if round >= 3 && started.elapsed() > AT_MOST * u32::try_from(CASES).unwrap_or(1) {
            break;
        }
        for ((case, runs), times) in cases.iter().zip(runs).zip(&mut times) {
            times.push(timed(*case, runs));
        }
    }
    times.map(median)
}

fn runs_a_round(case: Case) -> u32 {
    let mut runs = 1;
    // The first run is slower than those that follow.
    timed(case, 1);
    while runs < 1 << 24 && timed(case, runs) * f64::from(runs) < nanoseconds(ROUND) {
        runs *= 2;
    }
    runs
}

/// Nanoseconds of one run, of so many in a row.
fn timed((run, size): Case, runs: u32) -> f64 {
    let started = Instant::now();
    for _ in 0..runs {
        run(size);
    }
    nanoseconds(started.elapsed()) / f64::from(runs)
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
