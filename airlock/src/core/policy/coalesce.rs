//! Identical intents leave once.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use crate::core::intent::Intent;
use crate::core::policy::{Judge, Occasion, Policy, Verdict};
use crate::core::task::options::Options;

/// Lets identical intents of a flush out once: the first stays, the others are dropped.
///
/// Identical are intents of the same task with the same JSON arguments and the same options. Those
/// of a `local` task have no JSON and are compared with `==`, one by one; where that can't be had,
/// all of them stay.
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
    wire: HashSet<(usize, String, String), FxBuildHasher>,
    local: Vec<Intent>,
}

impl Judge for Seen {
    fn allows(&mut self, intent: &Intent) -> Verdict {
        let fresh = match intent.canonical() {
            Some(json) => {
                let task = std::ptr::from_ref(intent.task()).addr();
                self.wire.insert((task, json, options(intent.options())))
            }
            None => self.is_fresh_local(intent),
        };
        if fresh { Verdict::Allow } else { Verdict::Drop }
    }
}

impl Seen {
    fn is_fresh_local(&mut self, intent: &Intent) -> bool {
        if self.local.iter().any(|seen| seen.is_same(intent)) {
            return false;
        }
        self.local.extend(intent.duplicate());
        true
    }
}

fn options(options: &Options) -> String {
    if *options == crate::core::task::options::NONE {
        String::new()
    } else {
        format!("{options:?}")
    }
}
