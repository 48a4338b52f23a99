//! While a policy is asked, the thread's stack is borrowed, and nothing can be enqueued.

use crate::core::stack::thread::THREAD;

/// Whether a policy is being asked on this thread.
pub(crate) fn is_judging() -> bool {
    THREAD.try_with(|thread| thread.unless_judging().is_none()).unwrap_or(false)
}

/// Runs code that judges: it may not enqueue.
pub(crate) fn while_judging<T>(judge: impl FnOnce() -> T) -> T {
    if THREAD.try_with(|_| ()).is_err() {
        return judge();
    }
    THREAD.with(|thread| {
        // Already borrowed where a policy's own scope judges.
        let _borrowed = thread.unless_judging();
        judge()
    })
}
