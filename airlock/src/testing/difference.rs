//! How two intents differ that look the same.

use crate::core::intent::Intent;
use crate::core::task::Parameter;

/// How much of a value is quoted, in bytes.
const QUOTED: usize = 60;

/// What tells the two apart, where both are written alike; `None` where they are not.
///
/// Secrets are compared and not shown, JSON has one `null` for many values, and options are not part of the line.
pub(super) fn between(expected: &Intent, enqueued: &Intent) -> Option<String> {
    if expected.task() != enqueued.task() || expected.to_string() != enqueued.to_string() {
        return None;
    }
    let parameters = expected.task().parameters().iter().enumerate();
    let mut all: Vec<_> = parameters
        .filter_map(|(index, parameter)| argument(expected, enqueued, index, *parameter))
        .collect();
    if expected.options() != enqueued.options() {
        all.push(format!("its options are {:?}, not {:?}", enqueued.options(), expected.options()));
    }
    Some(all.join(", "))
}

/// Which argument keeps two intents from being compared, if they may be the same.
pub(super) fn unseen(expected: &Intent, enqueued: &Intent) -> Option<String> {
    if expected.task() != enqueued.task() {
        return None;
    }
    let parameters = expected.task().parameters().iter().enumerate();
    let mut unseen = None;
    for (index, parameter) in parameters {
        match expected.same_argument(enqueued, index) {
            Some(true) => {}
            Some(false) => return None,
            None => unseen = Some(incomparable(*parameter)),
        }
    }
    unseen
}

fn incomparable(parameter: Parameter) -> String {
    format!("the type of `{}` has neither `==` nor `Serialize`", parameter.name())
}

fn argument(
    expected: &Intent,
    enqueued: &Intent,
    index: usize,
    parameter: Parameter,
) -> Option<String> {
    let name = parameter.name();
    match expected.same_argument(enqueued, index) {
        Some(true) => None,
        None => Some(incomparable(parameter)),
        Some(false) if parameter.is_secret() => Some(format!("`{name}` differs, which is secret")),
        Some(false) => {
            Some(match (expected.debug_argument(index), enqueued.debug_argument(index)) {
                (Some(expected), Some(enqueued)) if expected != enqueued => {
                    let start = common(&expected, &enqueued);
                    let (enqueued, expected) = (quoted(&enqueued, start), quoted(&expected, start));
                    format!("`{name}` is `{enqueued}`, not `{expected}`")
                }
                _ => format!("`{name}` is not equal, though it is written alike"),
            })
        }
    }
}

/// How many bytes two texts begin with that are the same, less a few that are shown.
fn common(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if same < QUOTED / 2 { 0 } else { a.floor_char_boundary(same - QUOTED / 4) }
}

fn quoted(text: &str, start: usize) -> String {
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(start + QUOTED);
    let (before, after) =
        (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    format!("{before}{}{after}", &text[start..end])
}
