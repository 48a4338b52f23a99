//! Scopes without settings that nothing encloses: most are, and they cost a few instructions.

use crate::core::intent::Intent;
use crate::core::report::Why;
use crate::core::stack::config::Config;
use crate::core::stack::contents::Contents;
use crate::core::stack::thread::{THREAD, ThreadStack};

/// A scope without settings that nothing encloses, until it is left.
pub(crate) struct PlainScope {
    // Private, so that only `enter_plain` makes one.
    _entered: (),
}

/// What a plain scope held. Intents that are left in it when it is dropped are discarded.
pub(crate) struct PlainContents {
    /// No policy judges these, and their tasks run here.
    pub(crate) intents: Vec<Intent>,
    /// In their place, what is more than that.
    pub(crate) more: Option<Box<Contents>>,
}

/// Makes a new scope current that has no settings, if nothing else is current nor configured.
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
    entered.unwrap_or(false).then(|| PlainScope { _entered: () })
}

impl PlainScope {
    /// Takes the scope off the stack where nothing was enqueued in it; else gives it back.
    #[inline]
    pub(crate) fn leave_untouched(self) -> Result<(), Self> {
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
        std::mem::forget(self);
        // Written where it stays: `LocalKey::with` would copy what it returns.
        let mut contents = PlainContents { intents: Vec::new(), more: None };
        THREAD.with(|thread| thread.leave_plain(&mut contents));
        contents
    }
}

impl Drop for PlainScope {
    /// Only a panic gets here.
    fn drop(&mut self) {
        let (buffer, level) = THREAD.with(|thread| thread.leave(None));
        Contents::new(buffer, level).discard_for(Why::Panic);
    }
}

impl ThreadStack {
    #[inline(never)]
    fn leave_plain(&self, contents: &mut PlainContents) {
        let mut stack = self.stack();
        if let Some(intents) = stack.current.unjudged() {
            std::mem::swap(&mut contents.intents, intents);
            stack.depth = 0;
            return;
        }
        drop(stack);
        let (buffer, level) = self.leave(None);
        contents.more = Some(Box::new(Contents::new(buffer, level)));
    }
}

impl PlainContents {
    /// Takes everything out.
    #[cold]
    pub(crate) fn take(&mut self) -> Contents {
        match self.more.take() {
            Some(more) => *more,
            None => Contents::of_unjudged(std::mem::take(&mut self.intents)),
        }
    }
}

impl Drop for PlainContents {
    /// Only a panic leaves anything in it.
    fn drop(&mut self) {
        self.take().discard_for(Why::Panic);
    }
}
