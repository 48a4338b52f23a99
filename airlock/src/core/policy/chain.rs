//! The policies in force at one place: a list that shares its tails.
//!
//! Entering a policy puts a node before the list that was in force; leaving restores that list. An
//! intent keeps the list of the place where it was enqueued, which is what law 4 asks for: nothing
//! that happens to the intent later can lift a policy.

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::intent::Intent;
use crate::core::policy::memory::{Remembered, Shared};
use crate::core::policy::{
    AllowAll, FlushId, Memory, Occasion, Policy, PolicyViolation, Travel, Verdict,
};

/// The policies in force, innermost first; `None` where there is none.
pub(crate) type Chain = Option<Arc<Node>>;

pub(crate) struct Node {
    policy: NodePolicy,
    outer: Chain,
    remembered: Remembered,
}

/// A policy, as a node: that of the list itself, where nothing else may put the policy in force or no other is. It
/// has what the policy remembers of its scope.
pub(crate) type SharedPolicy = Arc<Node>;

enum NodePolicy {
    /// Boxed inside the `Arc`, which otherwise has to look up the policy's alignment to find it.
    Own(Box<dyn Policy>),
    /// That of another node: a scope's, which may be in force at several places.
    Of(SharedPolicy),
    /// That of another node, for another scope: with a memory of its own.
    Renewed(SharedPolicy),
}

/// A policy that can be put in force.
pub(crate) fn shared(policy: impl Policy) -> SharedPolicy {
    Arc::new(Node::new(NodePolicy::Own(Box::new(policy)), None))
}

/// The same besides an earlier one of the same scope.
pub(crate) fn besides(policy: impl Policy, mut earlier: SharedPolicy) -> SharedPolicy {
    let Some(Node { policy: NodePolicy::Own(owned), .. }) = Arc::get_mut(&mut earlier) else {
        return shared((policy, earlier));
    };
    let earlier: Box<dyn Policy> = std::mem::replace(owned, Box::new(AllowAll));
    shared((policy, earlier))
}

/// The same policy for another scope: with nothing remembered.
pub(crate) fn renewed(policy: &SharedPolicy) -> SharedPolicy {
    if policy.memory_in_force().is_none() {
        return policy.clone();
    }
    let origin = match &policy.policy {
        NodePolicy::Renewed(origin) => origin,
        NodePolicy::Own(_) | NodePolicy::Of(_) => policy,
    };
    Arc::new(Node::new(NodePolicy::Renewed(origin.clone()), None))
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
#[inline]
pub(crate) fn within(policy: SharedPolicy, outer: Chain) -> Chain {
    if outer.is_none() && policy.outer.is_none() { Some(policy) } else { nested(policy, outer) }
}

#[expect(clippy::unnecessary_wraps, reason = "a chain may be empty, though not this one")]
fn nested(mut policy: SharedPolicy, outer: Chain) -> Chain {
    if let Some(node) = Arc::get_mut(&mut policy) {
        node.outer = outer;
        return Some(policy);
    }
    Some(Arc::new(Node::new(NodePolicy::Of(policy), outer)))
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
    fn new(policy: NodePolicy, outer: Chain) -> Self {
        Self { policy, outer, remembered: Remembered::default() }
    }

    /// The policy itself: pointers to policies are policies too, and would be asked first.
    #[inline]
    pub(crate) fn policy(&self) -> &dyn Policy {
        let mut node = self;
        loop {
            match &node.policy {
                NodePolicy::Own(policy) => return &**policy,
                NodePolicy::Of(of) | NodePolicy::Renewed(of) => node = of,
            }
        }
    }

    /// What the policy remembers of the scope, if it has a memory.
    #[inline]
    pub(crate) fn memory_in_force(&self) -> Option<&Shared> {
        let node = match &self.policy {
            NodePolicy::Of(node) => node,
            NodePolicy::Own(_) | NodePolicy::Renewed(_) => self,
        };
        node.remembered.of(node.policy())
    }

    /// Tells the policies that are not asked any more, and names this one as the one that refused.
    #[cold]
    fn refused(&self, intent: &Intent, violation: PolicyViolation) -> PolicyViolation {
        iter(&self.outer).for_each(|policy| policy.policy().on_refused(intent));
        violation.named(self.policy())
    }

    #[cold]
    fn dropped(&self, verdict: Verdict) -> Verdict {
        verdict.named(self.policy())
    }
}

/// Several policies of one scope are one policy, of which the earlier ones are a part.
impl Policy for Node {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        self.policy().on_enqueue(intent)
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        self.policy().allows(intent)
    }

    fn on_refused(&self, intent: &Intent) {
        self.policy().on_refused(intent);
    }

    fn name(&self) -> Cow<'static, str> {
        self.policy().name()
    }

    fn memory(&self) -> Option<Box<dyn Memory>> {
        self.policy().memory()
    }

    fn recall(&self, memory: &mut dyn Memory, intent: &Intent, occasion: Occasion) -> Verdict {
        self.policy().recall(memory, intent, occasion)
    }

    fn travel(&self) -> Travel {
        self.policy().travel()
    }
}

pub(crate) fn iter(chain: &Chain) -> impl Iterator<Item = &SharedPolicy> {
    std::iter::successors(chain.as_ref(), |node| node.outer.as_ref()).map(|node| {
        match &node.policy {
            NodePolicy::Own(_) | NodePolicy::Renewed(_) => node,
            NodePolicy::Of(policy) => policy,
        }
    })
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

/// The policy in force, where it is the only one and has no memory.
#[inline]
pub(crate) fn only(chain: &Chain) -> Option<Only<'_>> {
    let node = chain.as_deref()?;
    let is_only = node.outer.is_none() && node.memory_in_force().is_none();
    is_only.then(|| Only { node, policy: node.policy() })
}

/// A policy that is asked about many intents.
pub(crate) struct Only<'c> {
    node: &'c Node,
    policy: &'c dyn Policy,
}

impl Only<'_> {
    #[inline]
    pub(crate) fn allows(&self, intent: &Intent) -> Verdict {
        let verdict = self.policy.allows(intent);
        if verdict.is_allow() { verdict } else { self.node.dropped(verdict) }
    }
}

/// Asks every policy, innermost first, until one drops; of one with a memory, that.
#[inline]
pub(super) fn allows(chain: &Chain, intent: &Intent, flush: &mut Option<FlushId>) -> Verdict {
    let mut node = chain.as_deref();
    while let Some(asked) = node {
        let verdict = match asked.memory_in_force() {
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
