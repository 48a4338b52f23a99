//! Scopes of closures: current on this thread until they are left.

use std::sync::Arc;

use crate::core::policy::chain::{self, Chain, SharedPolicy};
use crate::core::report::Why;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::config::Config;
use crate::core::stack::contents::Contents;
use crate::core::stack::scope_settings::ScopeSettings;
use crate::core::stack::thread::{THREAD, ThreadStack};

/// A scope that is current on this thread until it is left.
#[must_use]
pub(crate) struct EnteredScope {
    /// The policies in force outside, where entering changed them.
    outside: Option<Chain>,
    settings: Option<Box<ScopeSettings>>,
    /// Whether it is on a stack.
    present: bool,
}

/// Makes a new scope current. One that nothing encloses and that has no policy of its own gets the
/// configured one.
pub(crate) fn enter(
    policy: Option<SharedPolicy>,
    settings: Option<Box<ScopeSettings>>,
) -> EnteredScope {
    let mut asked = Some((policy, settings));
    let entered = THREAD.try_with(|thread| {
        let (policy, settings) = asked.take().unwrap_or_default();
        thread.enter(policy, settings)
    });
    // A thread that is being torn down has no scopes any more: nothing can be enqueued in this one.
    entered.unwrap_or_else(|_| EnteredScope {
        outside: None,
        settings: asked.and_then(|(_, settings)| settings),
        present: false,
    })
}

impl ThreadStack {
    #[inline(never)]
    fn enter(
        &self,
        policy: Option<SharedPolicy>,
        settings: Option<Box<ScopeSettings>>,
    ) -> EnteredScope {
        let mut stack = self.stack();
        let policy = match policy {
            None if stack.depth == 0 => configured_policy(stack.config.as_ref()),
            policy => policy,
        };
        let outside = policy.map(|policy| {
            let outside = stack.chain.take();
            stack.chain = chain::within(policy, outside.clone());
            outside
        });
        stack.push(ScopeSettings::frame(settings.as_deref()));
        EnteredScope { outside, settings, present: true }
    }

    #[inline(never)]
    pub(super) fn leave(&self, outside: Option<Chain>) -> (Buffer, u32) {
        let mut stack = self.stack();
        let inside = outside.map(|outside| std::mem::replace(&mut stack.chain, outside));
        let frame = stack.pop();
        drop(stack);
        // A policy may have a `Drop` of its own, and that may use airlock.
        drop(inside);
        frame.end()
    }
}

/// The policy of a scope that nothing encloses and that has none of its own.
pub(super) fn configured_policy(config: Option<&Arc<Config>>) -> Option<SharedPolicy> {
    let policy = match config {
        Some(config) => config.policy.as_ref(),
        None => Config::installed().and_then(|config| config.policy.as_ref()),
    };
    policy.map(chain::renewed)
}

impl EnteredScope {
    /// Takes the scope off the stack.
    pub(crate) fn leave(mut self) -> Contents {
        let contents = self.pop();
        std::mem::forget(self);
        contents
    }

    #[inline]
    fn pop(&mut self) -> Contents {
        let outside = self.outside.take();
        let (buffer, level) = if self.present {
            THREAD.with(|thread| thread.leave(outside))
        } else {
            (Buffer::new(), 0)
        };
        Contents { buffer, level, settings: self.settings.take() }
    }
}

impl Drop for EnteredScope {
    /// Only a panic gets here.
    fn drop(&mut self) {
        self.pop().discard_for(Why::Panic);
    }
}
