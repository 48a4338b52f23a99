//! What became of intents, in the log.

use std::fmt::Display;

use crate::core::log::{event, has_subscriber, is_read};
use crate::core::report::{Fate, Report, ReportEntry, Why};

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

/// One event for each fate that the program may not have meant, and at DEBUG one for each intent.
pub(crate) fn report(report: &Report) {
    if !is_read!(ERROR, "airlock::flush") {
        return;
    }
    let scope = report.scope().unwrap_or_default();
    let troubles = Trouble::ALL.map(|trouble| {
        let mut alike = report.entries().iter().filter(|entry| Trouble::of(entry) == Some(trouble));
        let first: Vec<_> = alike.by_ref().take(FEW).collect();
        let intents = first.len() + alike.count();
        trouble.log(scope, intents, &first);
        intents
    });
    if !reports() {
        return;
    }
    for entry in report.entries() {
        let alone = Trouble::of(entry).is_some_and(|trouble| troubles[trouble as usize] == 1);
        if !alone {
            let (task, fate) = (entry.task().name(), entry.fate());
            event!(debug, "airlock::flush", [scope, task, %fate], "{entry}");
        }
    }
}

/// How many intents an event about many names.
const FEW: usize = 3;

/// A fate that the program may not have meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Failed,
    BestEffortFailed,
    NotAttempted,
    Panic,
    Cancelled,
    Undecided,
}

impl Trouble {
    /// In the order of the variants.
    const ALL: [Self; 6] = [
        Self::Failed,
        Self::BestEffortFailed,
        Self::NotAttempted,
        Self::Panic,
        Self::Cancelled,
        Self::Undecided,
    ];

    fn of(entry: &ReportEntry) -> Option<Self> {
        match entry.fate() {
            Fate::Failed { .. } if entry.is_best_effort() => Some(Self::BestEffortFailed),
            Fate::Failed { .. } => Some(Self::Failed),
            Fate::NotAttempted => Some(Self::NotAttempted),
            Fate::Discarded(Why::Panic) => Some(Self::Panic),
            Fate::Discarded(Why::Cancelled) => Some(Self::Cancelled),
            Fate::Discarded(Why::Undecided) => Some(Self::Undecided),
            _ => None,
        }
    }

    /// One event, however many intents of a scope share the fate: any client that hangs up can cancel a scope of
    /// thousands.
    fn log(self, scope: &str, intents: usize, first: &[&ReportEntry]) {
        let text = match first {
            [] => return,
            [one] => one.to_string(),
            first => several(intents, first),
        };
        let task = if let [one] = first { one.task().name() } else { "several" };
        let fate = match self {
            Self::Failed | Self::BestEffortFailed if intents > 1 => "failed".to_owned(),
            _ => first[0].fate().to_string(),
        };
        if self == Self::Failed {
            event!(error, "airlock::flush", [scope, task, intents, %fate], "{text}");
        } else {
            event!(warn, "airlock::flush", [scope, task, intents, %fate], "{text}");
        }
    }
}

/// `15000 intents: note(n: 1): discarded: cancelled; note(n: 2): …; and 14997 more`.
fn several(intents: usize, first: &[&ReportEntry]) -> String {
    let named: Vec<_> = first.iter().map(ToString::to_string).collect();
    let more = match intents - first.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{intents} intents: {}{more}", named.join("; "))
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

/// Intents of best effort have failed, which fails no flush. With a subscriber their fates are in the log already.
pub(crate) fn best_effort_failed(report: &Report) {
    if has_subscriber() {
        return;
    }
    for entry in report.entries().iter().filter(|entry| entry.is_best_effort()) {
        if let Fate::Failed { .. } | Fate::NotAttempted = entry.fate() {
            eprintln!("airlock: {entry}");
        }
    }
}

/// A flush failed whose caller does not wait for it.
pub(crate) fn failed_elsewhere(failure: &impl Display) {
    if !has_subscriber() {
        return eprintln!("airlock: {failure}");
    }
    event!(error, "airlock::flush", [], "{failure}");
}

/// A `ThreadPool` was dropped where it can't be waited for.
pub(crate) fn not_waited_for(intents: usize) {
    const WHY: &str = "a `ThreadPool` was dropped on a runtime's only thread and is not waited for: drop it outside the \
                       runtime, before the program ends";
    if !has_subscriber() {
        return eprintln!("airlock: {WHY}; {intents} of its intents are not done");
    }
    event!(warn, "airlock::flush", [intents], "{WHY}");
}
