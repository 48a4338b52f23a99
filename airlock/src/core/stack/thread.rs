//! The stack of scopes of a thread.
//!
//! A scope is current from when its closure is called until it returns, or while its future is
//! polled: it is put on the stack and taken off again, buffer and all. Nothing is current between
//! two polls, so whatever else the thread does then has no part in it.

use std::cell::{RefCell, RefMut};
use std::sync::Arc;

use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::stack::config::Config;
use crate::core::stack::frame::Frame;
use crate::core::threads;

/// Looks at the thread's scopes. While a thread is torn down it has none any more, as `in_ruins` says.
#[inline]
pub(super) fn on_thread<T>(
    look: impl FnOnce(&ThreadStack) -> T,
    in_ruins: impl FnOnce() -> T,
) -> T {
    if THREAD.try_with(|_| ()).is_err() {
        return in_ruins();
    }
    THREAD.with(look)
}

threads::thread_local! {
    pub(super) static THREAD: ThreadStack = const { ThreadStack::new() };
}

/// The scopes that are current on one thread.
///
/// No borrow of the stack is held while the user's code runs, but for one: a policy is asked under it, and that is
/// how the thread knows that it must not enqueue. [`judging`](super::while_judging) has the guards.
pub(super) struct ThreadStack {
    /// Borrowed while a policy, or a rule of what to release, is asked: the intent that it judges
    /// stays in its buffer meanwhile.
    stack: RefCell<Stack>,
    /// The scopes that a policy opens. They stay empty, because it may not enqueue.
    while_judging: RefCell<Stack>,
}

/// The scopes, one inside another, with the policies and the configuration in force.
pub(super) struct Stack {
    /// The policies in force, of scopes and local ones.
    pub(super) chain: Chain,
    /// How many scopes are current, one inside another.
    pub(super) depth: usize,
    /// The innermost. With a depth of 0 it is as new, but for the emptied buffer of an earlier scope:
    /// entering the first scope, and leaving it when it was not used, moves nothing.
    pub(super) current: Frame,
    /// Those around it, innermost last.
    outer: Vec<Frame>,
    /// The configuration that overrides the installed one.
    pub(super) config: Option<Arc<Config>>,
    /// The emptied buffer of an earlier scope, for one that does not begin in `current`: most scopes
    /// allocate nothing.
    spare: Vec<Intent>,
}

/// The largest buffer that a thread keeps for its next scope, in intents.
const SPARE: usize = 1024;

impl ThreadStack {
    pub(super) const fn new() -> Self {
        Self { stack: RefCell::new(Stack::new()), while_judging: RefCell::new(Stack::new()) }
    }

    /// The stack that scopes are put on now.
    #[inline]
    pub(super) fn stack(&self) -> RefMut<'_, Stack> {
        match self.stack.try_borrow_mut() {
            Ok(stack) => stack,
            Err(_) => self.while_judging.borrow_mut(),
        }
    }

    /// The stack, unless a policy is being asked: then nothing can be enqueued.
    #[inline]
    pub(super) fn unless_judging(&self) -> Option<RefMut<'_, Stack>> {
        self.stack.try_borrow_mut().ok()
    }
}

impl Stack {
    const fn new() -> Self {
        Self {
            chain: None,
            depth: 0,
            current: Frame::new(),
            outer: Vec::new(),
            config: None,
            spare: Vec::new(),
        }
    }

    /// The list to append one intent of so many bytes to; `None` where none can be appended on this
    /// thread.
    #[inline]
    pub(super) fn open(&mut self, bytes: usize) -> Option<&mut Vec<Intent>> {
        if self.depth == 0 || self.current.is_elsewhere() {
            return None;
        }
        self.current.open(&self.chain, bytes, &mut self.spare)
    }

    #[inline]
    pub(super) fn push(&mut self, frame: Frame) {
        self.keep_spare();
        let around = std::mem::replace(&mut self.current, frame);
        let usual = || Config::bounds(self.config.as_ref());
        if self.depth > 0 {
            self.current.enter_in(Some(&around), usual);
            self.outer.push(around);
        } else {
            self.current.enter_in(None, usual);
        }
        self.depth += 1;
    }

    #[inline(never)]
    pub(super) fn push_boundary(&mut self) {
        self.push(Frame::boundary());
    }

    /// Puts `frame` on the stack and leaves in its place what stood there, which at the bottom of the
    /// stack is a frame as new: nothing but two frames is exchanged.
    #[inline]
    pub(super) fn exchange_in(&mut self, frame: &mut Frame) {
        if self.depth > 0 {
            return self.push(std::mem::take(frame));
        }
        if !frame.is_entered() {
            self.begin(frame);
        }
        std::mem::swap(&mut self.current, frame);
        self.depth = 1;
    }

    #[inline(never)]
    fn begin(&mut self, frame: &mut Frame) {
        self.keep_spare();
        frame.enter_in(None, || Config::bounds(self.config.as_ref()));
    }

    /// Takes what [`exchange_in`](Self::exchange_in) has put there off the stack again.
    #[inline]
    pub(super) fn exchange_out(&mut self, frame: &mut Frame) {
        if self.depth == 1 {
            std::mem::swap(&mut self.current, frame);
            self.depth = 0;
        } else {
            *frame = self.pop();
        }
    }

    /// Takes the emptied buffer out of the frame at the bottom, which is to be replaced.
    #[inline]
    fn keep_spare(&mut self) {
        if self.depth == 0 && self.current.buffer.emptied().capacity() > self.spare.capacity() {
            std::mem::swap(&mut self.spare, self.current.buffer.emptied());
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Frame {
        debug_assert!(self.depth > 0, "scopes are left in the order in which they nest");
        self.depth -= 1;
        std::mem::replace(&mut self.current, self.outer.pop().unwrap_or_default())
    }

    /// All frames, innermost first.
    pub(super) fn frames(&mut self) -> impl Iterator<Item = &mut Frame> {
        let current = (self.depth > 0).then_some(&mut self.current);
        current.into_iter().chain(self.outer.iter_mut().rev())
    }

    /// The frames an intent passes on its way out, innermost first: up to a boundary, that included.
    pub(super) fn enclosing(&mut self) -> impl Iterator<Item = &mut Frame> {
        let mut ended = false;
        self.frames().take_while(move |frame| {
            let before = ended;
            ended |= frame.boundary;
            !before
        })
    }

    #[inline]
    pub(super) fn captures_whole(&self) -> bool {
        self.depth > 0 && self.current.releases_nothing()
    }

    /// Whether a new scope is told nothing by a configuration.
    #[inline]
    pub(super) fn is_unconfigured(&self) -> bool {
        self.config.is_none() && Config::installed().is_none()
    }
}

/// Keeps the allocation of a buffer that has been flushed for the thread's next scope.
#[inline]
pub(crate) fn recycle(intents: &mut Vec<Intent>) {
    intents.clear();
    if intents.capacity() <= SPARE {
        let _ = THREAD.try_with(|thread| thread.recycle(intents));
    }
}

impl ThreadStack {
    /// Leaves in its place the smaller allocation of the two, if any.
    #[inline(never)]
    fn recycle(&self, intents: &mut Vec<Intent>) {
        let mut stack = self.stack();
        let spare =
            if stack.depth == 0 { stack.current.buffer.emptied() } else { &mut stack.spare };
        if intents.capacity() > spare.capacity() {
            std::mem::swap(spare, intents);
        }
    }
}
