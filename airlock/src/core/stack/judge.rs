//! Asking the policies about the intents that are about to leave.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::policy::judging::{Judging, ended, stayed};
use crate::core::policy::{FlushId, Verdict};
use crate::core::stack::buffer::Segment;
use crate::core::stack::while_judging::while_judging;

/// Judges segments into a batch; what is dropped is put aside for the report. Gives the number of the flush where
/// policies remember it.
///
/// # Errors
///
/// A policy's panic, with the segments as they were.
#[expect(clippy::type_complexity, reason = "the error is taken apart where it is met")]
pub(crate) fn judge_into(
    batch: &mut Batch,
    segments: Vec<Segment>,
    generation: u32,
) -> Result<Option<FlushId>, (Vec<Segment>, Box<dyn Any + Send>)> {
    let (mut judging, mut verdicts) = (Judging::default(), Verdicts::default());
    let judge = || segments.iter().for_each(|segment| verdicts.find(&mut judging, segment));
    let judged = catch_unwind(AssertUnwindSafe(|| while_judging(judge)));
    if let Err(panic) = judged {
        if let Some(flush) = judging.flush() {
            while_judging(|| verdicts.forget(&segments, flush));
        }
        return Err((segments, panic));
    }
    for (segment, dropped) in segments.into_iter().zip(verdicts.dropped) {
        let Segment { chain, intents, .. } = segment;
        if dropped.is_empty() {
            batch.append(chain, generation, intents);
        } else {
            batch.append_judged(chain, generation, intents, dropped);
        }
    }
    Ok(judging.flush())
}

/// What policies have said so far.
#[derive(Default)]
struct Verdicts {
    /// For each segment the indices of the intents that are dropped, each with the policy's name.
    dropped: Vec<Vec<(usize, Box<str>)>>,
    /// How many intents of the last of these segments were judged.
    judged: usize,
}

impl Verdicts {
    fn find(&mut self, judging: &mut Judging, segment: &Segment) {
        let Segment { chain, intents, .. } = segment;
        self.judged = 0;
        self.dropped.push(Vec::new());
        let Some(dropped) = self.dropped.last_mut() else { return };
        if chain.is_some() {
            for (index, intent) in intents.iter().enumerate() {
                if let Some(policy) = drop_by(judging, chain, intent) {
                    dropped.push((index, policy));
                }
                self.judged += 1;
            }
        }
    }

    /// A policy has panicked: what has passed does not leave.
    fn forget(&self, segments: &[Segment], flush: FlushId) {
        for (at, (segment, dropped)) in segments.iter().zip(&self.dropped).enumerate() {
            let last = at + 1 == self.dropped.len();
            let judged = if last { self.judged } else { segment.intents.len() };
            let is_dropped = |index: usize| dropped.iter().any(|(dropped, _)| *dropped == index);
            let judged = segment.intents[..judged].iter().enumerate();
            let passed = judged.filter(|(index, _)| !is_dropped(*index)).map(|(_, intent)| intent);
            stayed(&segment.chain, flush, &passed);
        }
        for segment in segments {
            ended(&segment.chain, flush);
        }
    }
}

#[inline]
fn drop_by(judging: &mut Judging, chain: &Chain, intent: &Intent) -> Option<Box<str>> {
    match judging.ask(chain, intent) {
        Verdict::Allow => None,
        Verdict::Drop => Some("a policy".into()),
        Verdict::DropBy(policy) => Some(policy.as_str().into()),
    }
}
