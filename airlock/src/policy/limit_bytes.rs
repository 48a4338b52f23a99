//! How many bytes a scope may hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Bound;
use crate::intent::Intent;
use crate::policy::{Policy, PolicyViolation};

/// Refuses what makes a scope's intents more than so many bytes: see
/// [`Scope::limit_bytes`](crate::Scope::limit_bytes). One belongs to one scope, whose count it keeps.
pub(crate) struct LimitBytes {
    limit: usize,
    held: AtomicUsize,
}

impl LimitBytes {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, held: AtomicUsize::new(0) }
    }
}

impl Policy for LimitBytes {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        // What has no JSON can't leave for an engine; here it weighs what every intent does.
        let bytes = size_of::<Intent>() + intent.to_json().map_or(0, |json| json.len());
        let held = self.held.fetch_add(bytes, Ordering::Relaxed);
        if held.saturating_add(bytes) <= self.limit {
            return Ok(());
        }
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        Err(PolicyViolation::full(Bound::Bytes(self.limit)))
    }
}
