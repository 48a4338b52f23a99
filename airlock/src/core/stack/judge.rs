//! Asking the policies about the intents that are about to leave.

use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;
use crate::core::panics::{Panic, catch};
use crate::core::policy::chain::{self, Chain};
use crate::core::policy::judging::{Judging, ended, stayed};
use crate::core::policy::{FlushId, Verdict};
use crate::core::stack::segments::Segment;
use crate::core::stack::while_judging::while_judging;

/// What policies have said of the intents of a flush, or of a part of it.
pub(crate) struct Judged<T> {
    pub(crate) intents: T,
    /// The flush's number, where policies remember it.
    pub(crate) remembered: Option<FlushId>,
}

/// The indices of the intents that are dropped, each with the policy's name.
pub(crate) type Dropped = Vec<(usize, Box<str>)>;

/// Judges segments into a batch; what is dropped is put aside for the report.
///
/// # Errors
///
/// A policy's panic, with the segments as they were.
pub(crate) fn judge_into(
    batch: &mut Batch,
    segments: Vec<Segment>,
    generation: u32,
) -> Result<Judged<()>, (Vec<Segment>, Panic)> {
    let (mut judging, mut verdicts) = (Judging::default(), Vec::new());
    let judge = || {
        for segment in &segments {
            verdicts.push(Verdicts::default());
            if let Some(verdicts) = verdicts.last_mut() {
                verdicts.find(&mut judging, &segment.chain, &segment.intents);
            }
        }
    };
    if let Err(panic) = catch(|| while_judging(judge)) {
        let judged = segments.iter().map(|segment| (&segment.chain, &*segment.intents));
        forget(judging.flush(), judged.zip(&verdicts));
        return Err((segments, panic));
    }
    for (segment, Verdicts { dropped, .. }) in segments.into_iter().zip(verdicts) {
        let Segment { chain, intents, .. } = segment;
        if dropped.is_empty() {
            batch.append(chain, generation, intents);
        } else {
            batch.append_judged(chain, generation, intents, dropped);
        }
    }
    Ok(Judged { intents: (), remembered: judging.flush() })
}

/// Judges intents that are one segment.
///
/// # Errors
///
/// A policy's panic.
pub(crate) fn judge_single(chain: &Chain, intents: &[Intent]) -> Result<Judged<Dropped>, Panic> {
    let (mut judging, mut verdicts) = (Judging::default(), Verdicts::default());
    let judge = || verdicts.find(&mut judging, chain, intents);
    match catch(|| while_judging(judge)) {
        Ok(()) => Ok(Judged { intents: verdicts.dropped, remembered: judging.flush() }),
        Err(panic) => {
            forget(judging.flush(), std::iter::once(((chain, intents), &verdicts)));
            Err(panic)
        }
    }
}

/// What policies have said so far of the intents of a segment.
#[derive(Default)]
struct Verdicts {
    dropped: Dropped,
    /// How many were judged.
    judged: usize,
}

impl Verdicts {
    #[inline]
    fn find(&mut self, judging: &mut Judging, chain: &Chain, intents: &[Intent]) {
        if chain.is_none() {
            return;
        }
        // One policy that remembers nothing is found once; of what it lets pass it takes nothing back.
        if let Some(only) = chain::only(chain) {
            for (index, intent) in intents.iter().enumerate() {
                let verdict = only.allows(intent);
                if !verdict.is_allow() {
                    self.add(index, verdict);
                }
            }
            return;
        }
        for (index, intent) in intents.iter().enumerate() {
            let verdict = judging.ask(chain, intent);
            if !verdict.is_allow() {
                self.add(index, verdict);
            }
            self.judged += 1;
        }
    }

    #[cold]
    fn add(&mut self, index: usize, verdict: Verdict) {
        let policy = match verdict {
            Verdict::Allow => return,
            Verdict::Drop => "a policy".into(),
            Verdict::DropBy(policy) => policy.as_str().into(),
        };
        self.dropped.push((index, policy));
    }

    fn has_passed(&self, index: usize) -> bool {
        self.dropped.binary_search_by_key(&index, |(dropped, _)| *dropped).is_err()
    }
}

/// Takes back what policies remember of a flush that a panic has ended: what has passed does not leave.
#[cold]
fn forget<'s>(
    flush: Option<FlushId>,
    judged: impl Iterator<Item = ((&'s Chain, &'s [Intent]), &'s Verdicts)> + Clone,
) {
    let Some(flush) = flush else { return };
    while_judging(|| {
        for ((chain, intents), verdicts) in judged.clone() {
            let judged = intents[..verdicts.judged].iter().enumerate();
            let passed = judged.filter(|(index, _)| verdicts.has_passed(*index));
            stayed(chain, flush, &passed.map(|(_, intent)| intent));
        }
        judged.for_each(|((chain, _), _)| ended(chain, flush));
    });
}
