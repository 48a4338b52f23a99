//! A policy that is let go at the border of the process.

use std::borrow::Cow;

use crate::core::intent::Intent;
use crate::core::policy::{Memory, Occasion, Policy, PolicyViolation, Travel, Verdict};

/// Lets a policy go at the border of the process: it judges here, and does not hold for what a task enqueues that an engine
/// has taken elsewhere.
///
/// A flush to an engine is refused where a policy is in force that can't travel, such as a closure, or
/// [`Limit`](crate::Limit) and [`Coalesce`](crate::Coalesce), which remember one flush. This says that it need not.
///
/// # Examples
///
/// ```
/// use airlock::{Limit, Policy, StaysHere};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let scope = airlock::scope().policy(StaysHere(Limit::per_flush(2)));
/// let (_, sealed) = scope.seal(|| (0..3).try_for_each(send_mail::enqueue));
/// assert_eq!(sealed.flush()?.dropped(), 1);
/// # Ok::<_, airlock::FlushError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct StaysHere<P>(pub P);

impl<P: Policy> Policy for StaysHere<P> {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        self.0.on_enqueue(intent)
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        self.0.allows(intent)
    }

    fn on_refused(&self, intent: &Intent) {
        self.0.on_refused(intent);
    }

    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn memory(&self) -> Option<Box<dyn Memory>> {
        self.0.memory()
    }

    fn recall(&self, memory: &mut dyn Memory, intent: &Intent, occasion: Occasion) -> Verdict {
        self.0.recall(memory, intent, occasion)
    }

    fn travel(&self) -> Travel {
        Travel::nothing()
    }
}
