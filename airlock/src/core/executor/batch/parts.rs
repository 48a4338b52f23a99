//! A batch that several executors share.

use crate::core::executor::batch::Batch;
use crate::core::executor::batch::in_place::{InPlace, in_place};

impl Batch {
    /// Takes the intents out that `out` names, to be dispatched as a batch of their own; until it
    /// [is back](Self::rejoin), this one holds the others.
    pub(crate) fn part(&mut self, out: &[bool]) -> Self {
        let mut part = self.of_same_flush();
        part.lost = Some(self.lost.get_or_insert_default().clone());
        let runs = self.runs();
        let mut intents = self.take_all().into_iter().zip(out);
        let mut start = 0;
        for (chain, generation, end) in runs {
            let mut taken = Vec::new();
            for (intent, out) in intents.by_ref().take(end - start) {
                if *out { taken.push(intent) } else { self.intents.push(intent) }
            }
            part.append(chain, generation, taken);
            start = end;
        }
        part
    }

    /// Puts back what was [taken out](Self::part), and behind it what its tasks have enqueued.
    pub(crate) fn rejoin(&mut self, mut part: Self, out: &[bool]) {
        let own = out.iter().filter(|out| **out).count();
        let mut runs = part.runs().into_iter().skip_while(|(_, _, end)| *end <= own);
        let report_only = part.take_report_only();
        let mut theirs = part.take_all().into_iter();
        let mut ours = self.take_all().into_iter();
        let sources = out.iter().map(|out| if *out { theirs.next() } else { ours.next() });
        self.intents = sources.flatten().collect();
        let (mut index, mut end) = (own, own);
        for one in in_place(own, report_only, theirs) {
            let place = self.advance();
            match one {
                InPlace::ReportOnly(what) => self.report_only(place, what),
                InPlace::Intent(intent) => {
                    if index == end
                        && let Some((chain, generation, next)) = runs.next()
                    {
                        self.begin_run(chain, generation);
                        end = next;
                    }
                    self.intents.push(intent);
                    index += 1;
                }
            }
        }
    }
}
