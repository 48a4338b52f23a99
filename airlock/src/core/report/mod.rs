//! What became of every intent of a scope.

pub(crate) mod table;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use serde_json::{Value, json};

use crate::core::intent::Intent;
use crate::core::report::table::Table;
use crate::core::task::TaskInfo;

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

/// What became of one intent.
///
/// # Examples
///
/// ```
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().policy(airlock::DropAll).seal(|| welcome::enqueue(7));
/// let report = sealed.flush()?;
/// assert_eq!(report.entries()[0].to_string(), "mail.welcome(user_id: 7): dropped by DropAll");
/// assert_eq!(report.entries()[0].arguments()["user_id"], 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ReportEntry {
    task: &'static TaskInfo,
    arguments: Value,
    list: String,
    origin: &'static Location<'static>,
    fate: Fate,
}

/// The one thing that became of an intent.
///
/// # Examples
///
/// ```
/// use airlock::Fate;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().policy(airlock::DropAll).seal(|| send_mail::enqueue(42));
/// let report = sealed.flush()?;
/// match report.entries()[0].fate() {
///     Fate::Dropped { policy } => assert_eq!(policy, "DropAll"),
///     fate => panic!("{fate}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The executor carried it out, or took it over.
    Dispatched,
    /// The engine holds one of the same [unique key](crate::Options::unique_key), so it was left out.
    Duplicate,
    /// A policy dropped it at flush.
    Dropped {
        /// The policy's name.
        policy: String,
    },
    /// Its scope ended without a flush.
    Discarded(Why),
    /// The enclosing scope took it over.
    Captured,
    /// The executor failed to carry it out; it is handed back. Where the flush was dropped half-way
    /// nobody is there to hand it to, and it may have left. A row of a transaction of which nobody can
    /// tell whether it was committed is not handed back: it is there if the transaction is.
    Failed {
        /// What the executor, or the task, said.
        error: String,
    },
    /// An earlier one failed; it is handed back.
    NotAttempted,
}

/// Why a scope ended without a flush.
///
/// # Examples
///
/// ```
/// use airlock::{Fate, Why};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let (_, sealed) = airlock::scope().seal(|| send_mail::enqueue(42));
/// let report = sealed.discard();
/// assert_eq!(*report.entries()[0].fate(), Fate::Discarded(Why::Request));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// Its body returned an error.
    Error,
    /// Its body panicked.
    Panic,
    /// Its future was dropped before its end, or its flush's was.
    Cancelled,
    /// It was asked to discard.
    Request,
    /// It was sealed, and dropped before anyone decided.
    Undecided,
    /// Its transaction was rolled back.
    RolledBack,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Cancelled => "cancelled",
            Self::Request => "on request",
            Self::Undecided => "undecided",
            Self::RolledBack => "rolled back",
        })
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dispatched => f.write_str("dispatched"),
            Self::Duplicate => f.write_str("left out: its unique key is taken"),
            Self::Dropped { policy } => write!(f, "dropped by {policy}"),
            Self::Discarded(why) => write!(f, "discarded: {why}"),
            Self::Captured => f.write_str("captured by the enclosing scope"),
            Self::Failed { error } => write!(f, "failed: {error}"),
            Self::NotAttempted => f.write_str("not attempted"),
        }
    }
}

impl ReportEntry {
    pub(crate) fn new(intent: &Intent, fate: Fate) -> Self {
        Self {
            task: intent.task(),
            arguments: intent.arguments(),
            list: intent.argument_list(),
            origin: intent.origin(),
            fate,
        }
    }

    /// The task.
    pub fn task(&self) -> &'static TaskInfo {
        self.task
    }

    /// The arguments for people, as of [`Intent::arguments`].
    pub fn arguments(&self) -> &Value {
        &self.arguments
    }

    /// Where the intent was written.
    pub fn origin(&self) -> &'static Location<'static> {
        self.origin
    }

    /// What became of it.
    pub fn fate(&self) -> &Fate {
        &self.fate
    }
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

    /// How many were not attempted because an earlier one failed.
    pub fn not_attempted(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::NotAttempted))
    }

    fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.entries.iter().filter(|entry| is(&entry.fate)).count()
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

    /// The report as JSON: `{"scope", "entries": [{"task", "arguments", "fate"}]}`.
    ///
    /// It holds nothing that moves between runs: no places, times or addresses.
    pub fn to_json(&self) -> Value {
        let entries: Vec<_> = self
            .entries
            .iter()
            .map(|entry| {
                json!({
                    "task": entry.task.name(),
                    "arguments": entry.arguments,
                    "fate": entry.fate.to_string(),
                })
            })
            .collect();
        json!({ "scope": self.scope, "entries": entries })
    }
}

impl fmt::Display for ReportEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}): {}", self.task, self.list, self.fate)
    }
}

/// The same text as `Display`: it holds nothing that moves between runs.
impl fmt::Debug for ReportEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries).finish()
    }
}

/// The file and its folder: enough to find it, and no wider than needed.
fn last_two(path: &str) -> &str {
    let mut separators = path.rmatch_indices(['/', '\\']);
    separators.nth(1).map_or(path, |(at, _)| &path[at + 1..])
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["#", "task", "arguments", "enqueued at", "what became of it"]);
        for (index, entry) in self.entries.iter().enumerate() {
            let origin = entry.origin;
            table.row([
                (index + 1).to_string(),
                entry.task.name().to_owned(),
                entry.list.clone(),
                format!("{}:{}", last_two(origin.file()), origin.line()),
                entry.fate.to_string(),
            ]);
        }
        match &self.scope {
            Some(name) => write!(f, "scope {name}: ")?,
            None => f.write_str("scope: ")?,
        }
        write!(f, "{}{table}", self.counts())
    }
}
