//! Asking the policies about the intents that are about to leave.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::policy::judging::Judging;
use crate::core::policy::{Occasion, Verdict};
use crate::core::stack::buffer::Segment;
use crate::core::stack::while_judging::while_judging;

/// Judges segments into a batch; what is dropped is put aside for the report.
///
/// # Errors
///
/// A policy's panic, with the segments as they were.
pub(crate) fn judge_into(
    batch: &mut Batch,
    segments: Vec<Segment>,
    generation: u32,
) -> Result<(), (Vec<Segment>, Box<dyn Any + Send>)> {
    let verdicts = catch_unwind(AssertUnwindSafe(|| while_judging(|| verdicts(&segments))));
    let verdicts = match verdicts {
        Ok(verdicts) => verdicts,
        Err(panic) => return Err((segments, panic)),
    };
    for (segment, dropped) in segments.into_iter().zip(verdicts) {
        let Segment { chain, intents, .. } = segment;
        if dropped.is_empty() {
            batch.append(chain, generation, intents);
        } else {
            batch.append_judged(chain, generation, intents, dropped);
        }
    }
    Ok(())
}

/// The indices of the intents that are dropped, each with the policy's name.
pub(crate) type Dropped = Vec<(usize, Box<str>)>;

/// Judges intents that are one segment.
///
/// # Errors
///
/// A policy's panic.
pub(crate) fn judge_single(
    chain: &Chain,
    intents: &[Intent],
) -> Result<Dropped, Box<dyn Any + Send>> {
    let mut dropped = Vec::new();
    let judge = || {
        let mut judges = Judging::new(Occasion::Flush);
        find_dropped(&mut judges, chain, intents, &mut dropped);
        judges.end();
    };
    catch_unwind(AssertUnwindSafe(|| while_judging(judge)))?;
    Ok(dropped)
}

/// For each segment what is dropped of it.
fn verdicts(segments: &[Segment]) -> Vec<Dropped> {
    let mut judges = Judging::new(Occasion::Flush);
    let mut verdicts = Vec::with_capacity(segments.len());
    for Segment { chain, intents, .. } in segments {
        let mut dropped = Vec::new();
        find_dropped(&mut judges, chain, intents, &mut dropped);
        verdicts.push(dropped);
    }
    verdicts
}

#[inline]
fn find_dropped<'c>(
    judges: &mut Judging<'c>,
    chain: &'c Chain,
    intents: &[Intent],
    dropped: &mut Dropped,
) {
    if chain.is_some() {
        judges.turn_to(chain);
        for (index, intent) in intents.iter().enumerate() {
            if let Some(policy) = drop_by(judges, chain, intent) {
                dropped.push((index, policy));
            }
        }
    }
}

#[inline]
fn drop_by(judges: &mut Judging<'_>, chain: &Chain, intent: &Intent) -> Option<Box<str>> {
    match judges.ask(chain, intent) {
        Verdict::Allow => None,
        Verdict::Drop => Some("a policy".into()),
        Verdict::DropBy(policy) => Some(policy.as_str().into()),
    }
}
