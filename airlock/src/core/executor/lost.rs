//! What is lost where nobody waits for a flush any more.

use std::sync::{Arc, PoisonError};

use crate::core::report::ReportEntry;
use crate::core::threads::sync::Mutex;

/// What the task that was running had enqueued when its flush was dropped.
#[derive(Clone, Default)]
pub(crate) struct LostEffects {
    entries: Arc<Mutex<Vec<ReportEntry>>>,
}

impl LostEffects {
    /// Notes what became of a task's effects.
    pub(crate) fn add(&self, entries: Vec<ReportEntry>) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
    }

    /// Takes what was noted.
    pub(crate) fn take(&self) -> Vec<ReportEntry> {
        std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
