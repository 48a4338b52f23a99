//! What became of intents, in the log.

use std::fmt::Display;

use crate::core::log::{event, has_subscriber, is_read};
use crate::core::report::{Fate, Report, Why};

/// Whether a report would be read.
#[inline]
pub(crate) fn reports() -> bool {
    is_read!(DEBUG, "airlock::flush")
}

/// Whether it would be read that intents were discarded.
pub(crate) fn reports_discard(why: Why) -> bool {
    match why {
        Why::Panic | Why::Cancelled | Why::Undecided => is_read!(WARN, "airlock::flush"),
        _ => reports(),
    }
}

/// One event for each intent, where one would be read: a failure at least.
pub(crate) fn report(report: &Report) {
    if !is_read!(ERROR, "airlock::flush") {
        return;
    }
    let scope = report.scope().unwrap_or_default();
    for entry in report.entries() {
        let (task, call, fate) = (entry.task().name(), entry.to_string(), entry.fate());
        match fate {
            Fate::Failed { .. } => {
                event!(error, "airlock::flush", [scope, task, %fate], "{call}");
            }
            Fate::NotAttempted | Fate::Discarded(Why::Panic | Why::Cancelled | Why::Undecided) => {
                event!(warn, "airlock::flush", [scope, task, %fate], "{call}");
            }
            _ => event!(debug, "airlock::flush", [scope, task, %fate], "{call}"),
        }
    }
}

/// A sealed scope was dropped before anyone decided.
pub(crate) fn undecided(intents: usize) {
    if !has_subscriber() {
        return eprintln!(
            "airlock: a sealed scope was dropped before anyone decided: its {intents} intents are \
             discarded"
        );
    }
    event!(
        warn,
        "airlock::flush",
        [intents],
        "a sealed scope was dropped before anyone decided: its intents are discarded"
    );
}

/// A flush was dropped half-way.
pub(crate) fn cancelled(report: &Report) {
    let counts = report.counts();
    if !has_subscriber() {
        return eprintln!("airlock: a flush was dropped before its end: {counts}");
    }
    event!(warn, "airlock::flush", [], "a flush was dropped before its end: {counts}");
}

/// A flush failed whose caller does not wait for it.
pub(crate) fn failed_elsewhere(failure: &impl Display) {
    if !has_subscriber() {
        return eprintln!("airlock: {failure}");
    }
    event!(error, "airlock::flush", [], "{failure}");
}
