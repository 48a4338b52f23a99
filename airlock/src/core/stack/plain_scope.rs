//! Scopes without settings that nothing encloses: most are, and they cost a few instructions.

use crate::core::intent::Intent;
use crate::core::policy::chain::{Chain, SharedPolicy};
use crate::core::report::Why;
use crate::core::stack::config::Config;
use crate::core::stack::contents::Contents;
use crate::core::stack::thread::{THREAD, ThreadStack};

/// A scope without settings that nothing encloses, until it is left.
pub(crate) struct PlainScope {
    /// Whether it has a policy, which is then the only one in force.
    judged: bool,
}

/// What a plain scope held. Intents that are left in it when it is dropped are discarded.
#[derive(Default)]
pub(crate) struct PlainContents {
    /// The tasks of these run here.
    pub(crate) intents: Vec<Intent>,
    /// The policies that were in force for all of them.
    pub(crate) chain: Chain,
    /// In their place, what is more than that.
    pub(crate) more: Option<Box<Contents>>,
}

/// Makes a new scope current that has neither settings nor a policy, if nothing else is current nor configured.
#[inline]
pub(crate) fn enter_plain() -> Option<PlainScope> {
    // Asked before anything is borrowed, so that the borrow and its end are one store.
    if Config::installed().is_some() {
        return None;
    }
    let entered = THREAD.try_with(|thread| match thread.unless_judging() {
        Some(mut stack) if stack.depth == 0 && stack.config.is_none() => {
            stack.depth = 1;
            true
        }
        _ => false,
    });
    entered.unwrap_or(false).then(|| PlainScope { judged: false })
}

/// The same for a scope with a policy, which is taken then, if no other is in force.
#[inline]
pub(crate) fn enter_judged(policy: &mut Option<SharedPolicy>) -> Option<PlainScope> {
    if Config::installed().is_some() {
        return None;
    }
    let entered = THREAD.try_with(|thread| thread.enter_judged(policy));
    entered.unwrap_or(false).then(|| PlainScope { judged: true })
}

impl PlainScope {
    /// Takes the scope off the stack where nothing was enqueued in it; else gives it back.
    #[inline]
    pub(crate) fn leave_untouched(self) -> Result<(), Self> {
        if self.judged {
            return Err(self);
        }
        let untouched = THREAD.with(|thread| match thread.unless_judging() {
            Some(mut stack) if stack.current.is_untouched() => {
                stack.depth = 0;
                true
            }
            _ => false,
        });
        if untouched {
            std::mem::forget(self);
            return Ok(());
        }
        Err(self)
    }

    /// Takes the scope off the stack, with what was enqueued in it.
    #[inline]
    pub(crate) fn leave(self) -> PlainContents {
        let judged = self.judged;
        std::mem::forget(self);
        // Written where it stays: `LocalKey::with` would copy what it returns.
        let mut contents = PlainContents { intents: Vec::new(), chain: None, more: None };
        THREAD.with(|thread| thread.leave_plain(judged, &mut contents));
        contents
    }
}

impl Drop for PlainScope {
    /// Only a panic gets here.
    fn drop(&mut self) {
        let outside = self.judged.then_some(None);
        let (buffer, level) = THREAD.with(|thread| thread.leave(outside));
        Contents::new(buffer, level).discard_for(Why::Panic);
    }
}

impl ThreadStack {
    #[inline(never)]
    fn enter_judged(&self, policy: &mut Option<SharedPolicy>) -> bool {
        let Some(mut stack) = self.unless_judging() else { return false };
        if stack.depth > 0 || stack.config.is_some() || stack.chain.is_some() {
            return false;
        }
        stack.depth = 1;
        // No other is in force, so the policy is the whole chain.
        stack.chain = policy.take();
        true
    }

    #[inline(never)]
    fn leave_plain(&self, judged: bool, contents: &mut PlainContents) {
        let mut stack = self.stack();
        let Some((intents, chain)) = stack.current.single() else {
            drop(stack);
            let (buffer, level) = self.leave(judged.then_some(None));
            contents.more = Some(Box::new(Contents::new(buffer, level)));
            return;
        };
        std::mem::swap(&mut contents.intents, intents);
        contents.chain = chain.take();
        stack.depth = 0;
        if judged {
            let inside = stack.chain.take();
            drop(stack);
            // A policy may have a `Drop` of its own, and that may use airlock.
            drop(inside);
        }
    }
}

impl PlainContents {
    /// Takes everything out.
    #[cold]
    pub(crate) fn take(&mut self) -> Contents {
        match self.more.take() {
            Some(more) => *more,
            None => Contents::of_single(std::mem::take(&mut self.intents), self.chain.take()),
        }
    }
}

impl Drop for PlainContents {
    /// Only a panic leaves anything in it.
    fn drop(&mut self) {
        self.take().discard_for(Why::Panic);
    }
}
