//! Judging intents: those of one flush, with what policies remember of the scope, or for an inspection.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::core::intent::Intent;
use crate::core::policy::chain::{self, Chain, SharedPolicy};
use crate::core::policy::memory::Shared;
use crate::core::policy::{FlushId, Memory, Occasion, Verdict};

/// Judges the intents of one flush.
#[derive(Default)]
pub(crate) struct Judging {
    /// Once a policy with a memory was asked.
    flush: Option<FlushId>,
}

impl Judging {
    /// Asks every policy, innermost first, until one drops.
    #[inline]
    pub(crate) fn ask(&mut self, chain: &Chain, intent: &Intent) -> Verdict {
        chain::allows(chain, intent, &mut self.flush)
    }

    /// Under which number policies remember it, if one does.
    pub(crate) fn flush(&self) -> Option<FlushId> {
        self.flush
    }
}

/// Tells the policies that remember it which intents of a flush have stayed.
pub(crate) fn stayed<'i>(
    chain: &Chain,
    flush: FlushId,
    intents: &(impl Iterator<Item = &'i Intent> + Clone),
) {
    memories(chain).for_each(|memory| memory.stayed(intents.clone(), flush));
}

/// Tells them that it has ended: after all that has stayed, for a policy may be in force at several places.
pub(crate) fn ended(chain: &Chain, flush: FlushId) {
    memories(chain).for_each(|memory| memory.ended(flush));
}

fn memories(chain: &Chain) -> impl Iterator<Item = &Shared> {
    chain::iter(chain).filter_map(|policy| policy.memory_in_force())
}

/// Judges the intents of one inspection, which policies don't remember.
pub(crate) struct Inspecting {
    /// Copies of what policies remember, by the address of the policy, so that a policy that is in force at several
    /// places has one.
    memories: FxHashMap<usize, Box<dyn Memory>>,
    /// Whether it is a policy that inspects: what that remembers is being asked.
    inside: bool,
}

impl Inspecting {
    pub(crate) fn new(inside: bool) -> Self {
        Self { memories: FxHashMap::default(), inside }
    }

    /// What each policy of `chain` says of `intent`, whatever the others say.
    pub(crate) fn ask_each(&mut self, chain: &Chain, intent: &Intent) -> Vec<(String, Verdict)> {
        let mut dropped = false;
        chain::iter(chain)
            .map(|in_force| {
                let policy = in_force.policy();
                let verdict = match self.memory(in_force) {
                    // At flush it would not be asked any more, so it must not count the intent.
                    Some(_) if dropped => Verdict::Allow,
                    Some(memory) => policy.recall(&mut **memory, intent, Occasion::Inspection),
                    None => policy.allows(intent),
                };
                dropped |= !verdict.is_allow();
                (policy.name().into_owned(), verdict)
            })
            .collect()
    }

    fn memory(&mut self, in_force: &SharedPolicy) -> Option<&mut Box<dyn Memory>> {
        let shared = in_force.memory_in_force()?;
        let copy = || {
            let new = self.inside.then(|| in_force.policy().memory()).flatten();
            new.unwrap_or_else(|| shared.duplicate())
        };
        Some(self.memories.entry(Arc::as_ptr(in_force).addr()).or_insert_with(copy))
    }
}
