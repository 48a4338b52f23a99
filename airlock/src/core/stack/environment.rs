//! What is in force while a future is polled or a closure runs: a scope, policies, a configuration.

use std::sync::Arc;

use crate::core::executor::lost::LostEffects;
use crate::core::policy::chain::{self, Chain, SharedPolicy};
use crate::core::report::Why;
use crate::core::stack::config::Config;
use crate::core::stack::contents::Contents;
use crate::core::stack::entered_scope::configured_policy;
use crate::core::stack::frame::Frame;
use crate::core::stack::scope_settings::ScopeSettings;
use crate::core::stack::shared_scope::SharedScope;
use crate::core::stack::thread::{Stack, THREAD, ThreadStack};

/// What is put in place each time a future is polled, or while a closure runs.
#[derive(Default)]
pub(crate) struct Environment {
    frame: Option<Frame>,
    policy: Option<SharedPolicy>,
    /// Policies of a handle, to be in force besides those around.
    carried: Chain,
    /// The policies to be in force in place of those around.
    only: Option<Chain>,
    /// The configuration to be in force; while it is, what is in force outside.
    #[expect(clippy::option_option, reason = "outside there may be none")]
    config: Option<Option<Arc<Config>>>,
    /// Of the scope, for where its future is dropped.
    settings: Option<Box<ScopeSettings>>,
    /// Of a task's own scope: where its flush looks for what is lost with it.
    lost: Option<LostEffects>,
    /// Whether a scope that nothing encloses gets the configured policy.
    configurable: bool,
    policies: Policies,
    /// Whether there is nothing more to it than policies and a buffer: the rest of its frame is like
    /// the one that stands at the bottom of a stack anyway.
    plain: bool,
}

/// The policies that were in force inside and outside at the last poll, so that those inside are only
/// put together anew when those outside have changed.
#[derive(Default)]
struct Policies {
    inside: Chain,
    outside: Chain,
    known: bool,
    /// Whether the innermost is the environment's own.
    own: bool,
}

impl Environment {
    /// A new scope.
    #[inline]
    pub(crate) fn of_scope(
        policy: Option<SharedPolicy>,
        settings: Option<Box<ScopeSettings>>,
    ) -> Self {
        Self {
            frame: Some(ScopeSettings::frame(settings.as_deref())),
            configurable: policy.is_none(),
            policy,
            settings,
            ..Self::default()
        }
    }

    /// The scope behind a handle, which is the first of `scopes`, with what was in force where the handle was made.
    pub(crate) fn of_handle(
        scopes: &Arc<[Arc<SharedScope>]>,
        chain: Chain,
        config: Option<Arc<Config>>,
    ) -> Self {
        Self {
            frame: Some(Frame::carried(scopes)),
            carried: chain,
            config: config.map(Some),
            ..Self::default()
        }
    }

    /// A policy, and no scope of its own.
    pub(crate) fn of_policy(policy: SharedPolicy) -> Self {
        Self { policy: Some(policy), ..Self::default() }
    }

    /// A configuration, and no scope of its own; nothing where there is none.
    pub(crate) fn of_config(config: Option<Arc<Config>>) -> Self {
        Self { config: config.map(Some), ..Self::default() }
    }

    /// The scope of a task's run, under the policies that were in force for the task. What the task has enqueued
    /// is noted in `lost` where its future is dropped.
    pub(crate) fn of_task(chain: &Chain, lost: LostEffects) -> Self {
        Self {
            frame: Some(Frame::boundary()),
            only: Some(chain::renewed_all(chain)),
            lost: Some(lost),
            ..Self::default()
        }
    }

    /// Puts everything in place until the guard is dropped.
    #[inline]
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        // On a thread that is being torn down nothing can be current.
        if THREAD.try_with(|_| ()).is_err() {
            return Entered { environment: self, place: StackPlace::Nowhere };
        }
        if self.plain && THREAD.with(|thread| thread.enter_at_bottom(self)) {
            return Entered { environment: self, place: StackPlace::Bottom };
        }
        THREAD.with(|thread| thread.enter_on_top(self))
    }

    /// What its scope held, which has ended; `None` where it has no scope.
    #[inline]
    pub(crate) fn into_contents(self) -> Option<Contents> {
        let (buffer, level) = self.frame?.end();
        Some(Contents { buffer, level, settings: self.settings })
    }

    /// The same of one that stays.
    pub(crate) fn close(&mut self) -> Option<Contents> {
        let (buffer, level) = self.frame.take()?.end();
        Some(Contents { buffer, level, settings: self.settings.take() })
    }

    /// Whether it has a scope that has not ended.
    #[cfg(feature = "transaction")]
    pub(crate) fn has_scope(&self) -> bool {
        self.frame.is_some()
    }

    /// Ends its scope where its future is dropped before its end.
    pub(super) fn abandon(&mut self, why: Why) {
        let Some(contents) = self.close() else { return };
        if let Some(lost) = &self.lost {
            lost.add(contents.entries(&crate::core::report::Fate::Discarded(why)));
        }
        contents.discard_for(why);
    }

    #[cold]
    fn find_policies(&mut self, stack: &Stack) {
        if self.configurable && stack.depth == 0 {
            self.policy = configured_policy(stack.config.as_ref());
        }
        self.configurable = false;
        let inside = match &self.only {
            Some(only) => only.clone(),
            None => chain::carried(&self.carried, &stack.chain),
        };
        // Put in force once, it is nobody else's, and is found there again.
        let policy = match self.policy.take() {
            None if self.policies.own => chain::iter(&self.policies.inside).next().cloned(),
            policy => policy,
        };
        self.policies.own = policy.is_some();
        self.policies.inside = match policy {
            Some(policy) => chain::within(policy, inside),
            None => inside,
        };
        self.policies.outside.clone_from(&stack.chain);
        self.policies.known = true;
    }

    /// Whether nothing was enqueued in its scope, which has no settings and no handles.
    #[cfg(feature = "tower")]
    pub(crate) fn is_untouched(&self) -> bool {
        self.settings.is_none() && self.frame.as_ref().is_some_and(Frame::is_untouched)
    }

    fn is_plain(&self) -> bool {
        self.config.is_none()
            && self.policies.outside.is_none()
            && self.frame.as_ref().is_some_and(Frame::is_plain)
    }
}

/// An [`Environment`] that is in force until this is dropped.
pub(crate) struct Entered<'a> {
    environment: &'a mut Environment,
    place: StackPlace,
}

#[derive(Clone, Copy)]
enum StackPlace {
    Nowhere,
    /// On top of the stack, with all that belongs to it.
    Top,
    /// At the bottom of the stack, where of a plain environment only the buffer is put in place.
    Bottom,
}

impl ThreadStack {
    /// Takes the bottom of the stack with as little as it needs; `false` where that is not free.
    ///
    /// Most polls come here. To exchange whole frames is twice as much, for stores are what it costs.
    #[inline(never)]
    fn enter_at_bottom(&self, environment: &mut Environment) -> bool {
        let Some(mut stack) = self.unless_judging() else { return false };
        if stack.depth > 0 || stack.chain.is_some() {
            return false;
        }
        stack.depth = 1;
        std::mem::swap(&mut stack.chain, &mut environment.policies.inside);
        if let Some(frame) = &mut environment.frame
            && !frame.buffer.is_empty()
        {
            std::mem::swap(&mut stack.current.buffer, &mut frame.buffer);
        }
        true
    }

    #[inline(never)]
    fn leave_bottom(&self, environment: &mut Environment) {
        let mut stack = self.stack();
        stack.depth = 0;
        std::mem::swap(&mut stack.chain, &mut environment.policies.inside);
        if !stack.current.is_untouched()
            && let Some(frame) = &mut environment.frame
        {
            environment.plain = frame.take_from(&mut stack.current);
        }
    }

    #[inline(never)]
    fn enter_on_top<'a>(&self, environment: &'a mut Environment) -> Entered<'a> {
        let mut stack = self.stack();
        if let Some(config) = &mut environment.config {
            std::mem::swap(&mut stack.config, config);
        }
        let policies = &environment.policies;
        if !policies.known || !chain::is_same(&policies.outside, &stack.chain) {
            environment.find_policies(&stack);
        }
        std::mem::swap(&mut stack.chain, &mut environment.policies.inside);
        if let Some(frame) = &mut environment.frame {
            stack.exchange_in(frame);
        }
        Entered { environment, place: StackPlace::Top }
    }

    #[inline(never)]
    fn leave_top(&self, entered: &mut Entered<'_>) {
        let mut stack = self.stack();
        let environment = &mut *entered.environment;
        if let Some(frame) = &mut environment.frame {
            stack.exchange_out(frame);
        }
        std::mem::swap(&mut stack.chain, &mut environment.policies.inside);
        if let Some(config) = &mut environment.config {
            std::mem::swap(&mut stack.config, config);
        }
        environment.plain = environment.is_plain();
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        let _ = match self.place {
            StackPlace::Nowhere => Ok(()),
            StackPlace::Top => THREAD.try_with(|thread| thread.leave_top(self)),
            StackPlace::Bottom => THREAD.try_with(|thread| thread.leave_bottom(self.environment)),
        };
    }
}
