//! What became of one intent.

use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

use serde_json::Value;

use crate::core::intent::{Intent, Shown};
use crate::core::report::Fate;
use crate::core::task::TaskInfo;

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
    shown: Shown,
    /// The same as an object, once it is asked for: most are only counted.
    arguments: OnceLock<Value>,
    origin: &'static Location<'static>,
    best_effort: bool,
    row: bool,
    fate: Fate,
}

impl ReportEntry {
    pub(crate) fn new(intent: &Intent, fate: Fate) -> Self {
        Self {
            shown: intent.shown(),
            arguments: OnceLock::new(),
            origin: intent.origin(),
            best_effort: intent.is_best_effort(),
            row: false,
            fate,
        }
    }

    /// The same of an effect that a queue wrote in its transaction.
    #[cfg(feature = "transaction")]
    pub(crate) fn into_row(self) -> Self {
        Self { row: true, ..self }
    }

    /// The task.
    pub fn task(&self) -> &'static TaskInfo {
        self.shown.task()
    }

    /// The arguments for people, as of [`Intent::arguments`].
    pub fn arguments(&self) -> &Value {
        self.arguments.get_or_init(|| self.shown.object())
    }

    pub(super) fn argument_list(&self) -> String {
        self.shown.list()
    }

    /// Where the intent was written.
    pub fn origin(&self) -> &'static Location<'static> {
        self.origin
    }

    /// Whether its failure fails no flush, as of [`Intent::is_best_effort`].
    pub fn is_best_effort(&self) -> bool {
        self.best_effort
    }

    /// Whether it was its transaction's [queue](crate::transaction::Queue)'s to write, and no executor's to carry out.
    #[cfg(feature = "transaction")]
    #[cfg_attr(docsrs, doc(cfg(feature = "transaction")))]
    pub fn is_row(&self) -> bool {
        self.row
    }

    pub(super) fn is_of_queue(&self) -> bool {
        self.row
    }

    /// The fate as a report shows it.
    pub(super) fn became(&self) -> String {
        let row = if self.row && self.fate == Fate::Dispatched { " as a row" } else { "" };
        format!("{}{row}", self.fate)
    }

    /// What became of it.
    pub fn fate(&self) -> &Fate {
        &self.fate
    }
}

impl fmt::Display for ReportEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}): {}", self.task(), self.shown.list(), self.became())
    }
}

/// The same text as `Display`: it holds nothing that moves between runs.
impl fmt::Debug for ReportEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
