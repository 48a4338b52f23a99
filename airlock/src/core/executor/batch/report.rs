//! A batch's part of the report.

use std::collections::VecDeque;

use crate::core::executor::batch::Batch;
use crate::core::executor::batch::in_place::{InPlace, in_place};
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::report::{Fate, ReportEntry};

/// What is not in the batch but in its report, at a place in the order of enqueue.
pub(super) enum ReportOnly {
    /// Dropped by the policy of this name.
    Dropped(Intent, Box<str>),
    /// Gone elsewhere.
    Entry(ReportEntry),
}

/// Places of the report, in order.
pub(super) type Places = VecDeque<usize>;

impl ReportOnly {
    fn entry(&self) -> ReportEntry {
        match self {
            Self::Entry(entry) => entry.clone(),
            Self::Dropped(intent, policy) => {
                ReportEntry::new(intent, Fate::Dropped { policy: policy.to_string() })
            }
        }
    }
}

impl Batch {
    /// Appends intents some of which, by index, were dropped by the policies named.
    pub(crate) fn append_judged(
        &mut self,
        chain: Chain,
        generation: u32,
        intents: Vec<Intent>,
        dropped: Vec<(usize, Box<str>)>,
    ) {
        let mut passed = Vec::with_capacity(intents.len() - dropped.len());
        let mut dropped = dropped.into_iter().peekable();
        for (index, intent) in intents.into_iter().enumerate() {
            let place = self.advance();
            match dropped.next_if(|(dropped, _)| *dropped == index) {
                Some((_, policy)) => self.report_only(place, ReportOnly::Dropped(intent, policy)),
                None => passed.push(intent),
            }
        }
        self.append_in_place(chain, generation, passed);
    }

    /// Puts entries into the report, behind what is there.
    pub(crate) fn put_aside(&mut self, entries: impl IntoIterator<Item = ReportEntry>) {
        for entry in entries {
            let place = self.advance();
            self.report_only(place, ReportOnly::Entry(entry));
        }
    }

    /// Puts entries into the report, at the places given.
    pub(crate) fn put_aside_at(&mut self, entries: impl Iterator<Item = (usize, ReportEntry)>) {
        for (place, entry) in entries {
            self.rare_mut().ahead.push_back(place);
            self.report_only(place, ReportOnly::Entry(entry));
        }
        self.rare_mut().ahead.make_contiguous().sort_unstable();
    }

    pub(super) fn report_only(&mut self, place: usize, what: ReportOnly) {
        self.rare_mut().report_only.push((place, what));
    }

    /// Takes out what is only in the report, in order.
    pub(super) fn take_report_only(&mut self) -> Vec<(usize, ReportOnly)> {
        let rare = self.rare.as_deref_mut();
        let mut taken = rare.map(|rare| std::mem::take(&mut rare.report_only)).unwrap_or_default();
        taken.sort_by_key(|(place, _)| *place);
        taken
    }

    #[inline]
    pub(super) fn advance_by(&mut self, intents: usize) {
        match &self.rare {
            Some(rare) if !rare.ahead.is_empty() => {
                for _ in 0..intents {
                    self.advance();
                }
            }
            _ => self.place += intents,
        }
    }

    /// The place in the report of what is appended next.
    pub(super) fn advance(&mut self) -> usize {
        if let Some(rare) = &mut self.rare {
            while let Some(ahead) = rare.ahead.front().copied()
                && ahead <= self.place
            {
                rare.ahead.pop_front();
                self.place += usize::from(ahead == self.place);
            }
        }
        self.place += 1;
        self.place - 1
    }

    /// Every intent's entry, in the order of enqueue: those of the batch, each as `told` makes of what the ledger
    /// says, and those that are only in the report.
    pub(crate) fn entries(&self, told: impl Fn(Fate) -> Fate) -> Vec<ReportEntry> {
        let report_only = self.rare.as_deref().map_or(&[][..], |rare| &rare.report_only);
        let mut report_only: Vec<_> =
            report_only.iter().map(|(place, what)| (*place, what)).collect();
        report_only.sort_by_key(|(place, _)| *place);
        let mut entries = Vec::with_capacity(self.len() + report_only.len());
        let intents = self.intents.iter().zip(self.ledger.fates(self.len()));
        for one in in_place(0, report_only, intents) {
            entries.push(match one {
                InPlace::ReportOnly(what) => what.entry(),
                InPlace::Intent((intent, fate)) => ReportEntry::new(intent, told(fate)),
            });
        }
        entries
    }
}
