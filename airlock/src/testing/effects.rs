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
/// ```
pub struct Effects {
    intents: Vec<Intent>,
    inspection: Inspection,
}

impl Effects {
    pub(crate) fn of(sealed: Sealed) -> Self {
        let inspection = sealed.inspect();
        Self { intents: sealed.into_intents(), inspection }
    }

    /// The intents, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Intent> {
        self.intents.iter()
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

    /// The effects as JSON, `[{"task", "arguments"}]`, with the keys of each object sorted.
    pub fn to_json(&self) -> Value {
        let effects = self.intents.iter();
        let mut json: Value = effects
            .map(|intent| json!({ "task": intent.name(), "arguments": intent.arguments() }))
            .collect();
        // Whether they are by themselves is a feature of serde_json, which any crate may turn on.
        json.sort_all_objects();
        json
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.intents).finish()
    }
}

/// One intent a line.
impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, intent) in self.intents.iter().enumerate() {
            write!(f, "{}{intent}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
