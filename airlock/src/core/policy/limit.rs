//! A limit on what one flush lets out.

use crate::core::intent::Intent;
use crate::core::policy::{Judge, Occasion, Policy, Verdict};

/// Lets the first *n* intents of a flush out and drops the rest.
///
/// Intents that an inner policy dropped don't count; every flush counts from zero.
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
    /// At most `limit` intents a flush.
    pub const fn per_flush(limit: usize) -> Self {
        Self { limit }
    }
}

impl Policy for Limit {
    fn judge(&self, _: Occasion) -> Option<Box<dyn Judge + '_>> {
        Some(Box::new(Counter { left: self.limit }))
    }
}

struct Counter {
    left: usize,
}

impl Judge for Counter {
    fn allows(&mut self, _: &Intent) -> Verdict {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Verdict::Allow
            }
            None => Verdict::Drop,
        }
    }
}
