//! Runs the harness and reads what it counted.

use std::env;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::tools;

/// One case's instructions, of both sides.
pub(crate) struct Counted {
    pub(crate) case: String,
    pub(crate) airlock: u64,
    pub(crate) by_hand: u64,
}

/// Counts every case, in the order of the harness.
pub(crate) fn count() -> Result<Vec<Counted>, String> {
    let program = env::current_exe().map_err(|error| format!("this program is gone: {error}"))?;
    let output = Command::new(program)
        .args(["--bench", "--output-format=json"])
        .env("PATH", tools::path())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("the benchmarks can't be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("the benchmarks failed: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let runs = text.lines().map(run_of).collect::<Result<Vec<_>, _>>()?;
    if runs.is_empty() {
        return Err("the benchmarks counted nothing".to_owned());
    }
    paired(&runs)
}

/// One run of one side.
struct Run {
    side: String,
    case: String,
    instructions: u64,
}

fn run_of(line: &str) -> Result<Run, String> {
    let unreadable = |what: &str| format!("gungraun's summary has no {what}: {line}");
    let summary: Value = serde_json::from_str(line).map_err(|_| unreadable("JSON"))?;
    let text = |key: &str| summary[key].as_str().map(str::to_owned).ok_or_else(|| unreadable(key));
    let instructions = summary
        .pointer("/profiles/0/data/total/metrics/Ir/values/new")
        .and_then(Value::as_u64)
        .ok_or_else(|| unreadable("instruction count"))?;
    Ok(Run { side: text("function_name")?, case: text("id")?, instructions })
}

fn paired(runs: &[Run]) -> Result<Vec<Counted>, String> {
    let of = |side: &'static str| runs.iter().filter(move |run| run.side == side);
    let pair = |ours: &Run| {
        let theirs = of("by_hand").find(|theirs| theirs.case == ours.case);
        let theirs = theirs.ok_or_else(|| format!("{} is not written by hand", ours.case))?;
        Ok(Counted {
            case: ours.case.clone(),
            airlock: ours.instructions,
            by_hand: theirs.instructions,
        })
    };
    of("airlock").map(pair).collect()
}
