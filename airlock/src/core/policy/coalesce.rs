//! Identical intents leave once.

use std::collections::HashMap;
use std::hash::Hasher as _;

use rustc_hash::{FxBuildHasher, FxHasher};

use crate::core::intent::Intent;
use crate::core::policy::{FlushId, Memory, Occasion, Policy, Verdict};

/// Lets identical intents of its scope out once: the first leaves, the others are dropped.
///
/// However they leave: all at the scope's end, some early with nested scopes that are [released](crate::Scope::release),
/// or as rows of the transactions inside. One that has not left after all is not remembered: it was handed back, or its
/// transaction was rolled back. Nor is one that is still on its way in another flush of the scope, such as a row of a
/// transaction that runs beside this one: it might not arrive. So both of these may leave. Every scope begins with
/// nothing remembered, and so does that of each task that is run.
///
/// Identical are intents that [are the same](Intent::is_same): of one task, with equal arguments and equal
/// options. Arguments are found by their hash: their type's own, or else that of what serde sees of them.
/// Those of a `local` task may offer neither. They are compared with `==`, one by one, which takes long where
/// there are many; and where their type has no `==` either, all of them stay.
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
    fn memory(&self) -> Option<Box<dyn Memory>> {
        Some(Box::new(Seen::default()))
    }
}

#[derive(Clone, Default)]
struct Seen {
    left: Kept,
    /// What flushes have let pass that have not ended.
    under_way: HashMap<FlushId, Kept, FxBuildHasher>,
}

impl Memory for Seen {
    fn allows(&mut self, intent: &Intent, occasion: Occasion) -> Verdict {
        let hash = hash(intent);
        let seen_before = self.left.has(hash, intent);
        let kept = match occasion {
            Occasion::Flush(flush) => self.under_way.entry(flush).or_default(),
            Occasion::Inspection => &mut self.left,
        };
        if seen_before || kept.has(hash, intent) {
            return Verdict::Drop;
        }
        kept.keep(hash, intent);
        Verdict::Allow
    }

    fn has_stayed(&mut self, intent: &Intent, flush: FlushId) {
        if let Some(kept) = self.under_way.get_mut(&flush) {
            kept.forget(hash(intent), intent);
        }
    }

    fn has_ended(&mut self, flush: FlushId) {
        if let Some(kept) = self.under_way.remove(&flush) {
            self.left.append(kept);
        }
    }

    fn duplicate(&self) -> Box<dyn Memory> {
        Box::new(self.clone())
    }
}

/// `None` where its type offers no hash.
fn hash(intent: &Intent) -> Option<u64> {
    let mut hasher = FxHasher::default();
    intent.hash(&mut hasher).then(|| hasher.finish())
}

/// Intents that later ones are compared with.
#[derive(Default)]
struct Kept {
    /// By hash, for intents that are not the same may have one.
    hashed: HashMap<u64, Vec<Intent>, FxBuildHasher>,
    unhashed: Vec<Intent>,
}

impl Kept {
    fn has(&self, hash: Option<u64>, intent: &Intent) -> bool {
        let kept = match hash {
            Some(hash) => self.hashed.get(&hash),
            None => Some(&self.unhashed),
        };
        kept.is_some_and(|kept| kept.iter().any(|kept| kept.is_same(intent)))
    }

    fn keep(&mut self, hash: Option<u64>, intent: &Intent) {
        self.list(hash).extend(intent.duplicate());
    }

    fn forget(&mut self, hash: Option<u64>, intent: &Intent) {
        self.list(hash).retain(|kept| !kept.is_same(intent));
    }

    fn list(&mut self, hash: Option<u64>) -> &mut Vec<Intent> {
        match hash {
            Some(hash) => self.hashed.entry(hash).or_default(),
            None => &mut self.unhashed,
        }
    }

    fn append(&mut self, other: Self) {
        if self.hashed.is_empty() {
            self.hashed = other.hashed;
        } else {
            for (hash, intents) in other.hashed {
                self.hashed.entry(hash).or_default().extend(intents);
            }
        }
        self.unhashed.extend(other.unhashed);
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        let copies = |intents: &Vec<Intent>| intents.iter().filter_map(Intent::duplicate).collect();
        let hashed = self.hashed.iter().map(|(hash, intents)| (*hash, copies(intents)));
        Self { hashed: hashed.collect(), unhashed: copies(&self.unhashed) }
    }
}
