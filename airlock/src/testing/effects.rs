//! What a capture kept.

use std::fmt;

use serde_json::{Value, json};

use crate::core::intent::Intent;
use crate::core::scope::{Inspection, Sealed};

/// What code under test enqueued, in order.
///
/// `Debug`, `Display` and [`to_json`](Self::to_json) hold nothing that moves between runs, for
/// snapshots; secrets are covered.
///
/// # Examples
///
/// ```
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// let (_, effects) = airlock::testing::capture(|| welcome::enqueue(7));
/// assert_eq!(effects.len(), 1);
/// assert_eq!(effects.to_string(), "mail.welcome(user_id: 7)");
/// assert_eq!(effects.to_json()[0]["arguments"]["user_id"], 7);
/// assert_eq!(effects.rows().count(), 0);
/// ```
pub struct Effects {
    /// Each with whether it would have been a row of a transaction.
    intents: Vec<(Intent, bool)>,
    inspection: Inspection,
}

impl Effects {
    pub(crate) fn of(sealed: Sealed) -> Self {
        let inspection = sealed.inspect();
        Self { intents: sealed.into_intents().collect(), inspection }
    }

    /// The intents, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Intent> {
        self.intents.iter().map(|(intent, _)| intent)
    }

    /// Those that would have been rows of a transaction, which are its queue's, in order.
    ///
    /// Without the capture their transaction would have written them to the queue in its database, and committed them
    /// with its data.
    pub fn rows(&self) -> impl Iterator<Item = &Intent> {
        self.intents.iter().filter(|(_, row)| *row).map(|(intent, _)| intent)
    }

    /// The intents, each with what an assertion's list says of it: that it would have been a row.
    pub(super) fn marked(&self) -> impl ExactSizeIterator<Item = (&Intent, &'static str)> {
        self.intents.iter().map(|(intent, is_row)| (intent, row(*is_row)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.intents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.intents.is_empty()
    }

    /// What the policies that were in force would say of each.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The effects as JSON, `[{"task", "arguments"}]`, with the keys of each object sorted. One that would have been a
    /// row of a transaction also has `"row": true`.
    pub fn to_json(&self) -> Value {
        let effects = self.intents.iter();
        let mut json: Value = effects
            .map(|(intent, row)| {
                let mut effect = json!({ "task": intent.name(), "arguments": intent.arguments() });
                if *row {
                    effect["row"] = Value::Bool(true);
                }
                effect
            })
            .collect();
        // Whether they are by themselves is a feature of serde_json, which any crate may turn on.
        json.sort_all_objects();
        json
    }
}

/// What is said of a row.
const ROW: &str = "  (a row of its transaction)";

fn row(row: bool) -> &'static str {
    if row { ROW } else { "" }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.intents.iter();
        let mut list = f.debug_list();
        for (intent, is_row) in entries {
            list.entry(&format_args!("{intent:?}{}", row(*is_row)));
        }
        list.finish()
    }
}

/// One intent a line.
impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (intent, is_row)) in self.intents.iter().enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{intent}{}", row(*is_row))?;
        }
        Ok(())
    }
}
