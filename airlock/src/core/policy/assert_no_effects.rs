//! The policy of pure code.

use crate::core::intent::Intent;
use crate::core::policy::{Policy, PolicyViolation, Travel, Verdict};

/// Refuses every enqueue, for code that must have no effects.
///
/// On a test, `#[airlock::scoped(policy = AssertNoEffects)]` fails it with the task, its arguments
/// and the line that enqueued; [`testing::assert_no_effects`](crate::testing::assert_no_effects)
/// also sees refusals that the code under test swallowed.
///
/// # Examples
///
/// ```
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let refused = airlock::scope()
///     .policy(airlock::AssertNoEffects)
///     .run(|| welcome::enqueue(7))?
///     .unwrap_err();
/// assert!(refused.to_string().starts_with(
///     "`mail.welcome(user_id: 7)` was refused by AssertNoEffects: no effects are expected here",
/// ));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AssertNoEffects;

impl Policy for AssertNoEffects {
    fn on_enqueue(&self, _: &Intent) -> Result<(), PolicyViolation> {
        Err(PolicyViolation::new("no effects are expected here"))
    }

    fn allows(&self, _: &Intent) -> Verdict {
        Verdict::Drop
    }

    fn travel(&self) -> Travel {
        Travel::named("AssertNoEffects", &())
    }
}
