//! Under which policies the intents of a batch were enqueued.

use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;
use crate::core::policy::FlushId;
use crate::core::policy::chain::Chain;
use crate::core::policy::judging::{ended, stayed};
use crate::core::report::Fate;

/// Intents enqueued one after another under the same policies, by tasks of the same generation.
pub(super) struct Run {
    start: usize,
    chain: Chain,
    generation: u32,
}

impl Batch {
    /// The policies under which the intent at `index` was enqueued, its generation, and where the
    /// run that it belongs to ends.
    pub(crate) fn run_of(&self, index: usize) -> (&Chain, u32, usize) {
        let Some(rare) = &self.rare else {
            return (&self.chain, self.generation, self.intents.len());
        };
        // Runs are asked for in order, so the last ones are what a cascade appends.
        let next = rare.runs.partition_point(|run| run.start <= index);
        let end = rare.runs.get(next).map_or(self.intents.len(), |run| run.start);
        match next.checked_sub(1).map(|run| &rare.runs[run]) {
            Some(run) => (&run.chain, run.generation, end),
            None => (&self.chain, self.generation, end),
        }
    }

    /// Every run's policies and generation, and where it ends.
    pub(super) fn runs(&self) -> Vec<(Chain, u32, usize)> {
        let mut runs = Vec::new();
        let mut start = 0;
        while start < self.len() {
            let (chain, generation, end) = self.run_of(start);
            runs.push((chain.clone(), generation, end));
            start = end;
        }
        runs
    }

    /// Ends the flush for the policies that remember it: tells them of the intents that have not left, as what became
    /// of them says.
    pub(crate) fn remember(&self, flush: FlushId, has_left: impl Fn(&Fate) -> bool) {
        let has_stayed: Vec<bool> =
            self.ledger.fates(self.len()).map(|fate| !has_left(&fate)).collect();
        let runs = self.runs();
        let mut start = 0;
        for (chain, _, end) in &runs {
            let intents = self.intents[start..*end].iter().zip(&has_stayed[start..*end]);
            // What an executor has taken out has no arguments to be known by.
            let intents = intents.filter(|(intent, stayed)| **stayed && !intent.is_spent());
            stayed(chain, flush, &intents.map(|(intent, _)| intent));
            start = *end;
        }
        for (chain, ..) in &runs {
            ended(chain, flush);
        }
    }

    /// Appends intents that passed every policy.
    #[inline]
    pub(crate) fn append(&mut self, chain: Chain, generation: u32, intents: Vec<Intent>) {
        self.advance_by(intents.len());
        self.append_in_place(chain, generation, intents);
    }

    /// Appends intents whose places in the report are taken.
    #[inline]
    pub(super) fn append_in_place(
        &mut self,
        chain: Chain,
        generation: u32,
        mut intents: Vec<Intent>,
    ) {
        if self.intents.is_empty() {
            self.chain = chain;
            self.generation = generation;
            self.intents = intents;
        } else if !intents.is_empty() {
            self.begin_run(chain, generation);
            self.intents.append(&mut intents);
        }
    }

    /// What is appended next was enqueued under these policies.
    pub(super) fn begin_run(&mut self, chain: Chain, generation: u32) {
        let start = self.intents.len();
        self.rare_mut().runs.push(Run { start, chain, generation });
    }
}
