//! A limit on what one scope lets out.

use crate::core::intent::Intent;
use crate::core::policy::{FlushId, Memory, Occasion, Policy, Verdict};

/// Lets the first *n* intents of its scope out and drops the rest.
///
/// However they leave: all at the scope's end, some early with nested scopes that are [released](crate::Scope::release),
/// or as rows of the transactions inside. Intents that an inner policy dropped don't count, nor do those that have not
/// left after all: they were handed back, or their transaction was rolled back. Every scope counts from zero, and so does
/// that of each task that is run.
///
/// # Examples
///
/// ```
/// use airlock::Limit;
///
/// #[airlock::task]
/// fn send_mail(user_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope()
///     .policy(Limit::per_flush(2))
///     .seal(|| (0..5).try_for_each(|id| send_mail::enqueue(id)));
/// let report = sealed.flush()?;
/// assert_eq!((report.dispatched(), report.dropped()), (2, 3));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    limit: usize,
}

impl Limit {
    /// At most `limit` intents a scope.
    pub const fn per_flush(limit: usize) -> Self {
        Self { limit }
    }
}

impl Policy for Limit {
    fn memory(&self) -> Option<Box<dyn Memory>> {
        Some(Box::new(Counter { left: self.limit }))
    }
}

#[derive(Clone)]
struct Counter {
    left: usize,
}

impl Memory for Counter {
    fn allows(&mut self, _: &Intent, _: Occasion) -> Verdict {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Verdict::Allow
            }
            None => Verdict::Drop,
        }
    }

    fn has_stayed(&mut self, _: &Intent, _: FlushId) {
        self.left += 1;
    }

    fn duplicate(&self) -> Box<dyn Memory> {
        Box::new(self.clone())
    }
}
