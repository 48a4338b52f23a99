//! The scope of the tasks that run on this thread, one after another.

use crate::core::policy::chain::{self, Chain};
use crate::core::stack::contents::Contents;
use crate::core::stack::frame::Frame;
use crate::core::stack::thread::{THREAD, ThreadStack};

/// The scope of the tasks that run on this thread, one after another, until it is dropped.
pub(crate) struct TaskScope<'a> {
    thread: &'a ThreadStack,
    outside: Chain,
    /// Whether its frame is the one at the bottom of the stack, as new but for a mark.
    marked: bool,
}

/// Calls `run` with a scope for the tasks that it runs. While the thread is torn down, theirs is on no stack: what they
/// enqueue is an error.
pub(crate) fn run_tasks<T>(run: impl FnOnce(&TaskScope<'_>) -> T) -> T {
    if THREAD.try_with(|_| ()).is_err() {
        return run(&ThreadStack::new().enter_tasks());
    }
    run_plain_tasks(run)
}

/// The same for those of a scope that was on the thread's stack, which is there then. Called in one place, and so inlined.
#[inline]
pub(crate) fn run_plain_tasks<T>(run: impl FnOnce(&TaskScope<'_>) -> T) -> T {
    THREAD.with(|thread| run(&thread.enter_tasks()))
}

impl TaskScope<'_> {
    /// Puts the policies in force that were so for the task that runs next.
    #[inline]
    pub(crate) fn judge_by(&self, chain: &Chain) {
        drop(self.thread.replace_chain(chain));
    }

    /// The same with policies that are handed over; what was in force is in their place.
    #[inline]
    pub(crate) fn exchange(&self, chain: &mut Chain) {
        std::mem::swap(&mut self.thread.stack().chain, chain);
    }

    /// Whether the task that has just run enqueued nothing.
    #[inline]
    pub(crate) fn is_untouched(&self) -> bool {
        self.thread.stack().current.is_untouched()
    }

    /// What the task that has just run enqueued, if anything.
    #[inline]
    pub(crate) fn take_contents(&self) -> Option<Contents> {
        if self.is_untouched() { None } else { self.thread.take_contents() }
    }
}

impl ThreadStack {
    #[inline]
    fn enter_tasks(&self) -> TaskScope<'_> {
        let mut stack = self.stack();
        let marked = stack.depth == 0 && stack.is_unconfigured();
        if marked {
            // The frame is as new, so it is only marked.
            stack.depth = 1;
            stack.current.boundary = true;
        } else {
            stack.push_boundary();
        }
        TaskScope { thread: self, outside: stack.chain.take(), marked }
    }

    #[inline(never)]
    fn replace_chain(&self, chain: &Chain) -> Chain {
        let mut stack = self.stack();
        if chain::is_same(&stack.chain, chain) {
            return None;
        }
        std::mem::replace(&mut stack.chain, chain.clone())
    }

    #[inline(never)]
    fn take_contents(&self) -> Option<Contents> {
        self.stack().current.take_contents()
    }

    #[inline(never)]
    fn leave_tasks(&self, outside: Chain) -> (Frame, Chain) {
        let mut stack = self.stack();
        let inside = std::mem::replace(&mut stack.chain, outside);
        (stack.pop(), inside)
    }
}

impl Drop for TaskScope<'_> {
    #[inline]
    fn drop(&mut self) {
        let mut stack = self.thread.stack();
        if self.marked && stack.current.is_untouched() {
            stack.depth = 0;
            stack.current.boundary = false;
            let inside = std::mem::replace(&mut stack.chain, self.outside.take());
            drop(stack);
            // A policy may have a `Drop` of its own, and that may use airlock.
            drop(inside);
            return;
        }
        drop(stack);
        drop(self.thread.leave_tasks(self.outside.take()));
    }
}
