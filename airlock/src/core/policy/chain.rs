//! The policies in force at one place: a list that shares its tails.
//!
//! Entering a policy puts a node before the list that was in force; leaving restores that list. An
//! intent keeps the list of the place where it was enqueued, which is what law 4 asks for: nothing
//! that happens to the intent later can lift a policy.

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::intent::Intent;
use crate::core::policy::memory::{Remembered, Shared};
use crate::core::policy::{FlushId, Memory, Occasion, Policy, PolicyViolation, Verdict};

/// The policies in force, innermost first; `None` where there is none.
pub(crate) type Chain = Option<Arc<Node>>;

pub(crate) struct Node {
    policy: SharedPolicy,
    outer: Chain,
}

/// A policy that several nodes have: a scope's, where its future is polled at several places.
pub(crate) type SharedPolicy = Arc<InForce>;

/// A policy as it is in force for one scope, with what it remembers of that.
pub(crate) struct InForce {
    /// Boxed inside the `Arc`, which otherwise has to look up the policy's alignment to find it.
    policy: Box<dyn Policy>,
    remembered: Remembered,
    /// What it is the same policy as, with a memory of its own.
    origin: Option<SharedPolicy>,
}

/// A policy that can be put in force.
pub(crate) fn shared(policy: impl Policy) -> SharedPolicy {
    Arc::new(InForce { policy: Box::new(policy), remembered: Remembered::default(), origin: None })
}

/// The same policy for another scope: with nothing remembered.
pub(crate) fn renewed(policy: &SharedPolicy) -> SharedPolicy {
    if policy.memory_in_force().is_none() {
        return policy.clone();
    }
    let origin = policy.origin.as_ref().unwrap_or(policy);
    Arc::new(InForce {
        policy: Box::new(origin.clone()),
        remembered: Remembered::default(),
        origin: Some(origin.clone()),
    })
}

/// The same policies for another scope: with nothing remembered.
pub(crate) fn renewed_all(chain: &Chain) -> Chain {
    if !remembers(chain) {
        return chain.clone();
    }
    let policies: Vec<_> = iter(chain).collect();
    policies.into_iter().rev().fold(None, |outer, policy| within(renewed(policy), outer))
}

/// Whether one of the policies has a memory.
pub(crate) fn remembers(chain: &Chain) -> bool {
    iter(chain).any(|policy| policy.memory_in_force().is_some())
}

impl InForce {
    /// The policy itself: pointers to policies are policies too, and would be asked first.
    #[inline]
    pub(crate) fn policy(&self) -> &dyn Policy {
        &*self.policy
    }

    /// What the policy remembers of the scope, if it has a memory.
    #[inline]
    pub(crate) fn memory_in_force(&self) -> Option<&Shared> {
        self.remembered.of(self.policy())
    }
}

/// Several policies of one scope are one policy, of which the earlier ones are a part.
impl Policy for InForce {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        (*self.policy).on_enqueue(intent)
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        (*self.policy).allows(intent)
    }

    fn on_refused(&self, intent: &Intent) {
        (*self.policy).on_refused(intent);
    }

    fn name(&self) -> Cow<'static, str> {
        (*self.policy).name()
    }

    fn memory(&self) -> Option<Box<dyn Memory>> {
        (*self.policy).memory()
    }

    fn recall(&self, memory: &mut dyn Memory, intent: &Intent, occasion: Occasion) -> Verdict {
        (*self.policy).recall(memory, intent, occasion)
    }
}

impl Drop for Node {
    /// Without recursion: policies may be nested deeper than a stack.
    fn drop(&mut self) {
        let mut outer = self.outer.take();
        while let Some(mut node) = outer.and_then(Arc::into_inner) {
            outer = node.outer.take();
        }
    }
}

/// `outer` with `policy` inside it.
#[expect(clippy::unnecessary_wraps, reason = "a chain may be empty, though not this one")]
pub(crate) fn within(policy: SharedPolicy, outer: Chain) -> Chain {
    Some(Arc::new(Node { policy, outer }))
}

#[inline]
pub(crate) fn is_same(a: &Chain, b: &Chain) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

impl Node {
    #[inline]
    fn policy(&self) -> &dyn Policy {
        self.policy.policy()
    }

    /// Tells the policies that are not asked any more, and names this one as the one that refused.
    #[cold]
    fn refused(&self, intent: &Intent, violation: PolicyViolation) -> PolicyViolation {
        iter(&self.outer).for_each(|policy| policy.on_refused(intent));
        violation.named(self.policy())
    }

    #[cold]
    fn dropped(&self, verdict: Verdict) -> Verdict {
        verdict.named(self.policy())
    }
}

pub(crate) fn iter(chain: &Chain) -> impl Iterator<Item = &SharedPolicy> {
    std::iter::successors(chain.as_deref(), |node| node.outer.as_deref()).map(|node| &node.policy)
}

/// The policies in force where a handle's scope is re-entered under `ambient`: the handle's and
/// those around the call, none of them twice.
pub(crate) fn carried(handle: &Chain, ambient: &Chain) -> Chain {
    if handle.is_none() {
        return ambient.clone();
    }
    if ambient.is_none() || is_tail(ambient, handle) {
        return handle.clone();
    }
    let known: Vec<_> = iter(ambient).map(Arc::as_ptr).collect();
    let new: Vec<_> = iter(handle).filter(|policy| !known.contains(&Arc::as_ptr(policy))).collect();
    new.into_iter().rev().fold(ambient.clone(), |outer, policy| within(policy.clone(), outer))
}

fn is_tail(tail: &Chain, chain: &Chain) -> bool {
    std::iter::successors(chain.as_ref(), |node| node.outer.as_ref())
        .any(|node| tail.as_ref().is_some_and(|tail| Arc::ptr_eq(tail, node)))
}

/// Asks every policy, innermost first, until one refuses.
#[inline]
pub(crate) fn on_enqueue(chain: &Chain, intent: &Intent) -> Result<(), PolicyViolation> {
    let mut node = chain.as_deref();
    while let Some(asked) = node {
        if let Err(violation) = asked.policy().on_enqueue(intent) {
            return Err(asked.refused(intent, violation));
        }
        node = asked.outer.as_deref();
    }
    Ok(())
}

/// Asks every policy, innermost first, until one drops; of one with a memory, that.
#[inline]
pub(super) fn allows(chain: &Chain, intent: &Intent, flush: &mut Option<FlushId>) -> Verdict {
    let mut node = chain.as_deref();
    while let Some(asked) = node {
        let verdict = match asked.policy.memory_in_force() {
            None => asked.policy().allows(intent),
            Some(memory) => {
                let flush = *flush.get_or_insert_with(FlushId::next);
                memory.allows(asked.policy(), intent, flush)
            }
        };
        if !verdict.is_allow() {
            return asked.dropped(verdict);
        }
        node = asked.outer.as_deref();
    }
    Verdict::Allow
}
