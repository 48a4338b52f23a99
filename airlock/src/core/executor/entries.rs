//! A batch's part of a report.

use crate::core::executor::batch::{Aside, Batch};
use crate::core::report::{Fate, ReportEntry};

impl Batch {
    /// Every intent's entry, in the order of enqueue: those of the batch and those put aside.
    pub(crate) fn entries(&self, fate: impl Fn(usize) -> Fate) -> Vec<ReportEntry> {
        let mut aside: Vec<_> = self.aside.iter().collect();
        aside.sort_by_key(|(position, _)| *position);
        let mut aside = aside.into_iter().peekable();
        let mut batch = self.iter().enumerate();
        let mut entries = Vec::with_capacity(self.len() + self.aside.len());
        for place in 0.. {
            if let Some((_, aside)) = aside.next_if(|(position, _)| *position <= place) {
                entries.push(match aside {
                    Aside::Entry(entry) => entry.clone(),
                    Aside::Dropped(intent, policy) => {
                        ReportEntry::new(intent, Fate::Dropped { policy: policy.to_string() })
                    }
                });
            } else if let Some((index, intent)) = batch.next() {
                let fate = match fate(index) {
                    Fate::Dispatched if self.is_left_out(index) => Fate::Duplicate,
                    fate => fate,
                };
                entries.push(ReportEntry::new(intent, fate));
            } else if aside.peek().is_none() {
                break;
            }
        }
        entries
    }
}
