//! What a scope held when it ended.

use crate::core::intent::Intent;
use crate::core::panics::shielded;
use crate::core::policy::chain::Chain;
use crate::core::report::log::reports_discard;
use crate::core::report::{Fate, Report, ReportEntry, Why};
use crate::core::stack::buffer::Buffer;
use crate::core::stack::scope_settings::{ScopeSettings, has_listener, tell};
use crate::core::stack::segments::Segment;

/// What a scope held when it ended: its intents, how deep it was nested, and what it was told.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) buffer: Buffer,
    /// How deep the scope was nested.
    pub(crate) level: u32,
    pub(crate) settings: Option<Box<ScopeSettings>>,
}

impl Contents {
    #[inline]
    pub(crate) fn new(buffer: Buffer, level: u32) -> Self {
        Self { buffer, level, settings: None }
    }

    /// Those of an outermost scope in which the same policies were in force for all.
    pub(crate) fn of_single(intents: Vec<Intent>, chain: Chain) -> Self {
        Self::new(Buffer::of_single(intents, chain), 0)
    }

    /// Whether there is nothing to end: no intent, and no settings that ask for a report.
    #[inline]
    pub(crate) fn is_nothing(&self) -> bool {
        self.buffer.is_empty() && self.settings.is_none()
    }

    /// The intents, in order.
    pub(crate) fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.buffer.segments(self.level).flat_map(|(_, _, intents)| intents)
    }

    /// The intents by the policies in force at their enqueue.
    pub(crate) fn into_segments(self) -> impl Iterator<Item = Segment> {
        self.buffer.into_segments(self.level)
    }

    /// A report's entry of each intent, of which the same became.
    pub(crate) fn entries(&self, fate: &Fate) -> Vec<ReportEntry> {
        self.intents().map(|intent| ReportEntry::new(intent, fate.clone())).collect()
    }

    /// Discards the intents, and reports it.
    pub(crate) fn discard(&self, why: Why) -> Report {
        let settings = self.settings.as_deref();
        let report = Report {
            scope: settings.and_then(|settings| settings.name.clone()),
            entries: self.entries(&Fate::Discarded(why)),
        };
        tell(settings, &report);
        report
    }

    /// Discards the intents; makes a report only where one is read.
    pub(crate) fn discard_for(&self, why: Why) {
        if has_listener(self.settings.as_deref()) || reports_discard(why) {
            // This runs while a panic unwinds, and arguments that panic when they are shown would make
            // it two.
            shielded(|| drop(self.discard(why)));
        }
    }
}
