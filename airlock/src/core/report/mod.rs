//! What became of every intent of a scope.

mod entry;
mod fate;
pub(crate) mod log;
pub(crate) mod table;

use std::borrow::Cow;
use std::fmt;

pub use entry::ReportEntry;
pub use fate::{Fate, Why};
use serde_json::{Value, json};

use crate::core::report::table::Table;

/// What became of every intent of a scope, in the order in which they were enqueued.
///
/// The counts add up to what was enqueued. `Display` is an aligned table; [`to_json`](Self::to_json)
/// is the same for machines.
///
/// # Examples
///
/// ```
/// use airlock::{Fate, block_tasks};
///
/// #[airlock::task(name = "mail.confirmation")]
/// fn send_confirmation_email(order_id: u64) {}
///
/// #[airlock::task(name = "warehouse.notify")]
/// fn notify_warehouse(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().policy(block_tasks![send_confirmation_email]).seal(|| {
///     send_confirmation_email::enqueue(42)?;
///     notify_warehouse::enqueue(42)
/// });
/// let report = sealed.flush()?;
/// assert_eq!((report.enqueued(), report.dropped(), report.dispatched()), (2, 1, 1));
/// assert_eq!(*report.entries()[0].fate(), Fate::Dropped { policy: "BlockTasks".into() });
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Report {
    pub(crate) scope: Option<Cow<'static, str>>,
    pub(crate) entries: Vec<ReportEntry>,
}

impl Report {
    /// The scope's name, where it was given one.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Each intent, in the order in which they were enqueued.
    pub fn entries(&self) -> &[ReportEntry] {
        &self.entries
    }

    /// How many intents there were.
    pub fn enqueued(&self) -> usize {
        self.entries.len()
    }

    /// How many were dispatched.
    pub fn dispatched(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Dispatched))
    }

    /// How many were left out because their unique key was taken.
    pub fn duplicates(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Duplicate))
    }

    /// How many a policy dropped.
    pub fn dropped(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Dropped { .. }))
    }

    /// How many were discarded.
    pub fn discarded(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Discarded(_)))
    }

    /// How many the enclosing scope took over.
    pub fn captured(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Captured))
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Failed { .. }))
    }

    /// How many were not attempted, because an earlier one failed or the executor could attempt none.
    pub fn not_attempted(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::NotAttempted))
    }

    fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.entries.iter().filter(|entry| is(entry.fate())).count()
    }

    /// The counts that are not zero, as `2 dispatched, 1 dropped`.
    pub(crate) fn counts(&self) -> String {
        let counts = [
            (self.dispatched(), "dispatched"),
            (self.duplicates(), "left out as duplicates"),
            (self.dropped(), "dropped"),
            (self.discarded(), "discarded"),
            (self.captured(), "captured"),
            (self.failed(), "failed"),
            (self.not_attempted(), "not attempted"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        if counts.is_empty() { "nothing enqueued".into() } else { counts.join(", ") }
    }

    /// The report as JSON: `{"scope", "entries": [{"task", "arguments", "fate"}]}`, and `"row": true` of what was the
    /// queue's of a transaction.
    ///
    /// It holds nothing that moves between runs: no places, times or addresses.
    pub fn to_json(&self) -> Value {
        let entries: Vec<_> = self
            .entries
            .iter()
            .map(|entry| {
                let mut json = json!({
                    "task": entry.task().name(),
                    "arguments": entry.arguments(),
                    "fate": entry.fate().to_string(),
                });
                if entry.is_of_queue() {
                    json["row"] = true.into();
                }
                json
            })
            .collect();
        json!({ "scope": self.scope, "entries": entries })
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries).finish()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["#", "task", "arguments", "enqueued at", "what became of it"]);
        for (index, entry) in self.entries.iter().enumerate() {
            let origin = entry.origin();
            table.row([
                (index + 1).to_string(),
                entry.task().name().to_owned(),
                entry.argument_list(),
                format!("{}:{}", last_two(origin.file()), origin.line()),
                entry.became(),
            ]);
        }
        match &self.scope {
            Some(name) => write!(f, "scope {name}: ")?,
            None => f.write_str("scope: ")?,
        }
        write!(f, "{}{table}", self.counts())
    }
}

/// The file and its folder: enough to find it, and no wider than needed.
fn last_two(path: &str) -> &str {
    let mut separators = path.rmatch_indices(['/', '\\']);
    separators.nth(1).map_or(path, |(at, _)| &path[at + 1..])
}
