//! A batch that leaves in chunks.

use crate::core::executor::batch::Batch;
use crate::core::executor::batch::in_place::{InPlace, in_place};
use crate::core::intent::Intent;

impl Batch {
    /// A batch of intents that were taken out of this one, where they began at `start`.
    pub(crate) fn chunk(&self, start: usize, intents: Vec<Intent>) -> Self {
        let mut chunk = self.of_same_flush();
        let end = start + intents.len();
        let mut intents = intents.into_iter();
        let mut next = start;
        while next < end {
            let (chain, generation, until) = self.run_of(next);
            // The last run ends with the batch, of which the rest is taken out.
            let until = if until > next { until.min(end) } else { end };
            let run = intents.by_ref().take(until - next).collect();
            chunk.append(chain.clone(), generation, run);
            next = until;
        }
        chunk
    }

    /// Takes a chunk's own intents back, of which it had `own`, with what became of them.
    pub(crate) fn refill(&mut self, chunk: &mut Self, own: usize) {
        let came_up = chunk.ledger.split_off(own, chunk.len());
        let became = std::mem::replace(&mut chunk.ledger, came_up);
        self.ledger.append(self.len(), became, own);
        self.intents.extend(chunk.intents.drain(..own));
    }

    /// Puts what came up in a chunk behind its own intents, which were `own` and are gone, behind what is here: for
    /// the report, for it has been carried out.
    pub(crate) fn absorb(&mut self, mut chunk: Self, own: usize) {
        let (report_only, more) = (chunk.take_report_only(), chunk.len());
        self.ledger.append(self.len(), chunk.ledger, more);
        for one in in_place(own, report_only, chunk.intents) {
            let place = self.advance();
            match one {
                InPlace::ReportOnly(what) => self.report_only(place, what),
                InPlace::Intent(intent) => self.intents.push(intent),
            }
        }
    }
}
