//! The counts that are committed, and how far new ones may be from them.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::counted::Counted;

/// How much a case may grow, in percent.
const TOLERANCE: f64 = 3.0;

/// The file beside this benchmark.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Committed {
    /// The compiler that made what was counted.
    rustc: String,
    cases: BTreeMap<String, Case>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Case {
    airlock: u64,
    by_hand: u64,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.json")
}

/// What is committed; nothing of any case, where there is no file.
pub(crate) fn read() -> Result<Committed, String> {
    match std::fs::read_to_string(path()) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| problem(&error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Committed::default()),
        Err(error) => Err(problem(&error)),
    }
}

fn problem(error: &dyn Error) -> String {
    format!("{}: {error}", path().display())
}

/// Makes these counts the committed ones.
pub(crate) fn write(counted: &[Counted]) -> Result<(), String> {
    let case = |counted: &Counted| {
        let Counted { case, airlock, by_hand } = counted;
        (case.clone(), Case { airlock: *airlock, by_hand: *by_hand })
    };
    let committed = Committed { rustc: rustc(), cases: counted.iter().map(case).collect() };
    let json = serde_json::to_string_pretty(&committed).map_err(|error| problem(&error))?;
    std::fs::write(path(), json + "\n").map_err(|error| problem(&error))
}

/// `rustc 1.95.0`, or nothing where it does not answer.
fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().split(' ').take(2).collect::<Vec<_>>().join(" ")
}

impl Committed {
    /// What a case has grown by, in percent; `None` where nothing is committed of it.
    ///
    /// It has grown by the less of two figures: by its instructions, and by its relation to the
    /// hand-written side of the same run. Another libc changes what an allocation counts on both
    /// sides, and that is no growth of ours.
    pub(crate) fn growth(&self, counted: &Counted) -> Option<f64> {
        let committed = self.cases.get(&counted.case)?;
        let ours = ratio(counted.airlock, committed.airlock);
        let theirs = ratio(counted.by_hand, committed.by_hand);
        Some((ours.min(ours / theirs) - 1.0) * 100.0)
    }

    /// Whether every case is committed, is still there, and has not grown.
    ///
    /// # Errors
    ///
    /// What is wrong with which, and what to do.
    pub(crate) fn check(&self, counted: &[Counted]) -> Result<(), String> {
        let mut wrong = Vec::new();
        for count in counted {
            let Counted { case, airlock, .. } = count;
            match self.growth(count) {
                None => {
                    wrong.push(format!("{case}: {airlock} instructions, and no committed figure"));
                }
                Some(growth) if growth > TOLERANCE => {
                    let old = self.cases[case].airlock;
                    wrong.push(format!(
                        "{case}: {old} instructions before, {airlock} now, +{growth:.1} %"
                    ));
                }
                Some(_) => {}
            }
        }
        for case in
            self.cases.keys().filter(|case| counted.iter().all(|count| count.case != **case))
        {
            wrong.push(format!("{case}: a committed figure, and no such case"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(self.advice(&wrong)) }
    }

    fn advice(&self, wrong: &[String]) -> String {
        let now = rustc();
        let moved = if now == self.rustc {
            String::new()
        } else {
            format!(
                "\n\nThe committed figures are of {}, these are of {now}: that may be all.",
                self.rustc
            )
        };
        format!(
            "{}\n\nMore than {TOLERANCE} % is too much. Where it is meant to be, run\n\n    \
             .ci/instructions --commit\n\nand commit `airlock/benches/instructions.json` together with \
             what causes it and the reason.{moved}",
            wrong.join("\n"),
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage of counts far below 2^52")]
pub(crate) fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}
