//! Judging the intents of one flush, with the memories that policies have of it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::core::intent::Intent;
use crate::core::policy::chain::{self, Chain, SharedPolicy};
use crate::core::policy::{Judge, Occasion, Verdict};

/// Judges the intents of one flush or one inspection.
pub(crate) struct Judging<'c> {
    occasion: Occasion,
    /// The judges of this occasion, by the address of their policy, so that a policy that is in
    /// force at several places has one memory.
    judges: Option<Box<FxHashMap<usize, Box<dyn Judge + 'c>>>>,
    /// Whether a policy of the chain turned to has a judge.
    judged: bool,
}

impl<'c> Judging<'c> {
    pub(crate) fn new(occasion: Occasion) -> Self {
        Self { occasion, judges: None, judged: false }
    }

    /// Lets go of the judges. Most policies have none, and then there is nothing to drop, which the compiler does not
    /// see.
    #[inline]
    pub(crate) fn end(self) {
        if self.judges.is_none() {
            std::mem::forget(self);
        }
    }

    /// Asks every policy, innermost first, until one drops. It has been [turned
    /// to](Self::turn_to) the chain.
    #[inline]
    pub(crate) fn ask(&mut self, chain: &Chain, intent: &Intent) -> Verdict {
        if self.judged {
            return self.ask_judges(chain, intent);
        }
        chain::allows(chain, intent)
    }

    /// What each policy of `chain` says of `intent`, whatever the others say.
    pub(crate) fn ask_each(&mut self, chain: &Chain, intent: &Intent) -> Vec<(String, Verdict)> {
        let mut dropped = false;
        chain::iter(chain)
            .map(|policy| {
                let verdict = match self.judge(policy) {
                    // At flush it would not be asked any more, so it must not count the intent.
                    Some(_) if dropped => Verdict::Allow,
                    Some(judge) => judge.allows(intent),
                    None => policy.policy().allows(intent),
                };
                dropped |= !verdict.is_allow();
                (policy.policy().name().into_owned(), verdict)
            })
            .collect()
    }

    fn ask_judges(&mut self, chain: &Chain, intent: &Intent) -> Verdict {
        for policy in chain::iter(chain) {
            let verdict = match self.judge(policy) {
                Some(judge) => judge.allows(intent),
                None => policy.policy().allows(intent),
            };
            if !verdict.is_allow() {
                return verdict.named(policy.policy());
            }
        }
        Verdict::Allow
    }

    /// The one that the policy has.
    #[inline]
    fn judge(&mut self, policy: &SharedPolicy) -> Option<&mut Box<dyn Judge + 'c>> {
        self.judges.as_mut()?.get_mut(&address(policy))
    }

    /// Appoints the judges that the policies of `chain` have for this occasion.
    pub(crate) fn turn_to(&mut self, chain: &'c Chain) {
        self.judged = false;
        for policy in chain::iter(chain) {
            if self.judge(policy).is_some() {
                self.judged = true;
            } else if let Some(judge) = policy.policy().judge(self.occasion) {
                self.judges.get_or_insert_default().insert(address(policy), judge);
                self.judged = true;
            }
        }
    }
}

/// What tells policies apart.
fn address(policy: &SharedPolicy) -> usize {
    Arc::as_ptr(policy).addr()
}
