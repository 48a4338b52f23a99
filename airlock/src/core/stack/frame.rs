//! What stands on a thread's stack of scopes.

use std::sync::Arc;

use crate::core::executor::DynExecutor;
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::stack::bounds::Bounds;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::contents::Contents;
use crate::core::stack::enqueue_error::Bound;
use crate::core::stack::shared_scope::SharedScope;
use crate::core::task::counted::Counted;

/// One scope that is current, or the outer of one that is.
///
/// The buffer lives in here, and so in the thread-local stack, as long as there is no handle on the
/// scope: enqueuing takes no lock.
pub(crate) struct Frame {
    pub(crate) buffer: Buffer,
    bounds: Bounds,
    /// How deep the scope is nested, as found when it was first entered.
    level: u32,
    entered: bool,
    /// What is above this frame is not asked for anything: the scope of a task's run, a capture.
    pub(crate) boundary: bool,
    extra: Option<Box<Extra>>,
}

/// What most frames don't need.
#[derive(Default)]
struct Extra {
    release: Release,
    role: Role,
    executor: Option<Arc<dyn DynExecutor>>,
    shared: Option<Arc<SharedScope>>,
    /// For a frame that re-enters a handle's scope: what encloses that, innermost first.
    carried: Option<Arc<[Arc<SharedScope>]>>,
}

/// What a scope lets its descendants flush by themselves.
#[derive(Clone, Default)]
pub(crate) enum Release {
    #[default]
    None,
    All,
    If(Arc<dyn Fn(&Intent) -> bool + Send + Sync>),
}

/// What a scope is besides a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    #[default]
    None,
    /// A test's capture, which holds what would leave.
    Capture,
    /// That of a transaction inside a capture: it decides for its savepoints. Without a capture it is not marked.
    #[cfg_attr(not(feature = "transaction"), expect(dead_code, reason = "there are none"))]
    Transaction,
}

impl Default for Frame {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

impl Frame {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            buffer: Buffer::new(),
            bounds: Bounds::DEFAULT,
            level: 0,
            entered: false,
            boundary: false,
            extra: None,
        }
    }

    #[inline]
    pub(crate) const fn boundary() -> Self {
        let mut frame = Self::new();
        frame.boundary = true;
        frame
    }

    #[must_use]
    pub(crate) fn limited_to(mut self, limit: Option<usize>, limit_bytes: Option<usize>) -> Self {
        self.bounds = self.bounds.with(limit, limit_bytes);
        self
    }

    /// A frame that re-enters the first of `scopes`, which the others enclose.
    pub(crate) fn carried(scopes: &Arc<[Arc<SharedScope>]>) -> Self {
        let own = &scopes[0];
        let extra = Extra {
            release: own.release(),
            role: own.role(),
            executor: own.executor().cloned(),
            shared: Some(own.clone()),
            carried: Some(scopes.clone()),
        };
        Self {
            buffer: Buffer::new(),
            bounds: own.bounds(),
            level: own.level(),
            entered: true,
            boundary: true,
            extra: Some(Box::new(extra)),
        }
    }

    #[must_use]
    pub(crate) fn releasing(mut self, release: Release) -> Self {
        if !matches!(release, Release::None) {
            self.extra.get_or_insert_default().release = release;
        }
        self
    }

    #[must_use]
    pub(crate) fn playing(mut self, role: Role) -> Self {
        if role != Role::None {
            self.extra.get_or_insert_default().role = role;
        }
        self
    }

    #[cfg(feature = "transaction")]
    pub(crate) fn role(&self) -> Role {
        self.extra.as_ref().map_or(Role::None, |extra| extra.role)
    }

    /// Finds out the level, and what the frame may hold, when it is first entered.
    #[inline]
    pub(crate) fn enter_in(&mut self, outer: Option<&Self>, usual: impl FnOnce() -> Bounds) {
        if self.entered {
            return;
        }
        self.entered = true;
        self.level = outer.map_or(0, |outer| outer.level + 1);
        self.bounds = self.bounds.or(usual());
        if let Some(outer) = outer
            && !self.boundary
        {
            self.bounds = if outer.releases_nothing() {
                let (held, bytes) = outer.held();
                self.bounds.within(outer.bounds, held, bytes)
            } else {
                self.bounds.counted_as_in(outer.bounds)
            };
        }
    }

    #[inline]
    pub(crate) fn is_entered(&self) -> bool {
        self.entered
    }

    /// How many intents the scope holds, and how many bytes those have.
    fn held(&self) -> (usize, usize) {
        let held = |buffer: &Buffer| (buffer.len(), buffer.bytes());
        self.shared().map_or_else(|| held(&self.buffer), |shared| shared.look(|b, _| held(b)))
    }

    /// Whether nothing was enqueued and the scope has no handle.
    #[inline]
    pub(crate) fn is_untouched(&self) -> bool {
        self.buffer.is_empty() && self.extra.is_none()
    }

    /// Whether it is, but for its buffer, like a new one that was entered where nothing encloses it.
    pub(crate) fn is_plain(&self) -> bool {
        let as_new = self.extra.is_none() && self.bounds == Bounds::DEFAULT && self.level == 0;
        as_new && self.entered && !self.boundary
    }

    /// Takes over what was enqueued in `current`, which is otherwise as new, and the handles on it;
    /// whether there are none.
    #[inline]
    pub(crate) fn take_from(&mut self, current: &mut Self) -> bool {
        std::mem::swap(&mut self.buffer, &mut current.buffer);
        if current.extra.is_none() {
            return true;
        }
        self.extra = current.extra.take();
        false
    }

    #[must_use]
    pub(crate) fn carrying_out_by(mut self, executor: Option<Arc<dyn DynExecutor>>) -> Self {
        if executor.is_some() {
            self.extra.get_or_insert_default().executor = executor;
        }
        self
    }

    pub(crate) fn executor(&self) -> Option<&Arc<dyn DynExecutor>> {
        self.extra.as_ref()?.executor.as_ref()
    }

    /// The intents, where there is nothing else to the frame, with the policies in force for all of them.
    #[inline]
    pub(crate) fn single(&mut self) -> Option<(&mut Vec<Intent>, &mut Chain)> {
        if self.extra.is_none() { self.buffer.single() } else { None }
    }

    pub(crate) fn release(&self) -> Release {
        self.extra.as_ref().map_or(Release::None, |extra| extra.release.clone())
    }

    #[inline]
    pub(crate) fn releases_nothing(&self) -> bool {
        self.extra.as_ref().is_none_or(|extra| matches!(extra.release, Release::None))
    }

    pub(crate) fn shared(&self) -> Option<&Arc<SharedScope>> {
        self.extra.as_ref()?.shared.as_ref()
    }

    pub(crate) fn carried_scopes(&self) -> Option<&Arc<[Arc<SharedScope>]>> {
        self.extra.as_ref()?.carried.as_ref()
    }

    /// Whether the buffer is where others can reach it.
    #[inline]
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.shared.is_some())
    }

    /// The limit that keeps the scope from holding one more.
    pub(crate) fn reached(&self) -> Bound {
        self.bounds.reached(self.buffer.len())
    }

    /// Of which arguments the bytes are counted here.
    #[inline]
    pub(super) fn counted(&self) -> Counted {
        self.bounds.counted()
    }

    /// The list to append one intent of so many bytes to that is enqueued under `chain`; `None` where
    /// the scope is full.
    #[inline]
    pub(crate) fn open(
        &mut self,
        chain: &Chain,
        bytes: usize,
        spare: &mut Vec<Intent>,
    ) -> Option<&mut Vec<Intent>> {
        self.buffer.open(chain, self.level, self.bounds, bytes, spare)
    }

    /// The intent that was enqueued last.
    #[inline]
    pub(crate) fn last(&self) -> Option<&Intent> {
        self.buffer.last()
    }

    /// Takes the intent that was enqueued last out again, which has so many bytes.
    pub(crate) fn pop(&mut self, bytes: usize) -> (Option<Intent>, Chain) {
        self.buffer.pop(bytes)
    }

    /// Takes over what is in a nested scope's buffer; whether it has, for a handle's scope may have ended.
    #[inline]
    pub(crate) fn capture(&mut self, nested: &mut Buffer, theirs: u32) -> bool {
        if let Some(shared) = self.shared() {
            return shared.capture(nested, theirs);
        }
        self.buffer.capture(self.level, nested, theirs);
        self.buffer.keep_within(self.bounds.room());
        true
    }

    /// The scope's part that others can hold, from now on the only place of its buffer.
    pub(crate) fn share(&mut self) -> Arc<SharedScope> {
        let extra = self.extra.get_or_insert_default();
        let shared = extra.shared.get_or_insert_with(|| {
            Arc::new(SharedScope::new(
                std::mem::take(&mut self.buffer),
                extra.release.clone(),
                extra.executor.clone(),
                extra.role,
                self.bounds,
                self.level,
            ))
        });
        shared.clone()
    }

    /// What was enqueued since the frame was entered or last asked, if anything; handles on it are
    /// closed.
    #[inline]
    pub(crate) fn take_contents(&mut self) -> Option<Contents> {
        let shared = self.extra.take().and_then(|extra| extra.shared);
        let buffer = shared.map_or_else(|| std::mem::take(&mut self.buffer), |s| s.close());
        (!buffer.is_empty()).then(|| Contents::new(buffer, self.level))
    }

    /// Ends the scope: handles on it are closed, and the caller gets the buffer.
    #[inline]
    pub(crate) fn end(self) -> (Buffer, u32) {
        let level = self.level;
        let buffer = match self.extra {
            // The code that opened the scope ends it, not the one that was handed a handle.
            Some(extra) if extra.carried.is_some() => Buffer::new(),
            Some(extra) => extra.shared.map_or(self.buffer, |shared| shared.close()),
            None => self.buffer,
        };
        (buffer, level)
    }
}
