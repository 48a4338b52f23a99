//! Identical intents leave once.

use std::collections::HashMap;
use std::hash::Hasher as _;

use rustc_hash::{FxBuildHasher, FxHasher};

use crate::core::intent::Intent;
use crate::core::policy::{Judge, Occasion, Policy, Verdict};

/// Lets identical intents of a flush out once: the first stays, the others are dropped.
///
/// Identical are intents that [are the same](Intent::is_same): of one task, with equal arguments and equal
/// options. Arguments are found by their hash: their type's own, or else that of what serde sees of them.
/// Those of a `local` task may offer neither. They are compared with `==`, one by one, which takes long where
/// there are many; and where their type has no `==` either, all of them stay, and the log says so at `DEBUG`.
///
/// # Examples
///
/// ```
/// use airlock::Coalesce;
///
/// #[airlock::task]
/// fn reindex(product_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().policy(Coalesce).seal(|| {
///     reindex::enqueue(1)?;
///     reindex::enqueue(2)?;
///     reindex::enqueue(1)
/// });
/// let report = sealed.flush()?;
/// assert_eq!((report.dispatched(), report.dropped()), (2, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Coalesce;

impl Policy for Coalesce {
    fn judge(&self, _: Occasion) -> Option<Box<dyn Judge + '_>> {
        Some(Box::new(Seen::default()))
    }
}

#[derive(Default)]
struct Seen {
    /// By hash, for intents that are not the same may have one.
    hashed: HashMap<u64, Vec<Intent>, FxBuildHasher>,
    unhashed: Vec<Intent>,
}

impl Judge for Seen {
    fn allows(&mut self, intent: &Intent) -> Verdict {
        let mut hasher = FxHasher::default();
        let seen = if intent.hash(&mut hasher) {
            self.hashed.entry(hasher.finish()).or_default()
        } else {
            &mut self.unhashed
        };
        if seen.iter().any(|seen| seen.is_same(intent)) {
            return Verdict::Drop;
        }
        seen.extend(intent.duplicate());
        Verdict::Allow
    }
}
