//! The policies that say the same of every intent.

use crate::core::intent::Intent;
use crate::core::policy::{Policy, Travel, Verdict};

/// Allows everything.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().policy(airlock::AllowAll).run(|| send_mail::enqueue(42))??;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl Policy for AllowAll {
    fn travel(&self) -> Travel {
        Travel::nothing()
    }
}

/// Drops everything at flush, for migrations, imports and dry runs.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {
///     unreachable!("dropped before it runs");
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().policy(airlock::DropAll).run(|| send_mail::enqueue(42))??;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DropAll;

impl Policy for DropAll {
    #[inline]
    fn allows(&self, _: &Intent) -> Verdict {
        Verdict::Drop
    }

    fn travel(&self) -> Travel {
        Travel::named("DropAll", &())
    }
}
