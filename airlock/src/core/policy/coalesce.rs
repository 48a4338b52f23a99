//! Identical intents leave once.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

use crate::core::intent::Intent;
use crate::core::policy::{FlushId, Memory, Occasion, Policy, Verdict};
use crate::core::task::options::Options;

/// Lets identical intents of its scope out once: the first leaves, the others are dropped.
///
/// However they leave: all at the scope's end, some early with nested scopes that are [released](crate::Scope::release),
/// or as rows of the transactions inside. One that has not left after all is not remembered: it was handed back, or its
/// transaction was rolled back. Nor is one that is still on its way in another flush of the scope, such as a row of a
/// transaction that runs beside this one: it might not arrive. So both of these may leave. Every scope begins with
/// nothing remembered, and so does that of each task that is run.
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
        let key = Key::of(intent);
        let seen_before = self.left.has(&key, intent);
        let kept = match occasion {
            Occasion::Flush(flush) => self.under_way.entry(flush).or_default(),
            Occasion::Inspection => &mut self.left,
        };
        if seen_before || kept.has(&key, intent) {
            return Verdict::Drop;
        }
        kept.keep(key, intent);
        Verdict::Allow
    }

    fn has_stayed(&mut self, intent: &Intent, flush: FlushId) {
        if let Some(kept) = self.under_way.get_mut(&flush) {
            kept.forget(&Key::of(intent), intent);
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

/// Intents that later ones are compared with.
#[derive(Default)]
struct Kept {
    wire: HashSet<WireKey, FxBuildHasher>,
    local: Vec<Intent>,
}

type WireKey = (usize, String, String);

enum Key {
    Wire(WireKey),
    /// Without JSON it is compared itself.
    Local,
}

impl Key {
    fn of(intent: &Intent) -> Self {
        intent.canonical().map_or(Self::Local, |json| {
            let task = std::ptr::from_ref(intent.task()).addr();
            Self::Wire((task, json, options(intent.options())))
        })
    }
}

impl Kept {
    fn has(&self, key: &Key, intent: &Intent) -> bool {
        match key {
            Key::Wire(key) => self.wire.contains(key),
            Key::Local => self.local.iter().any(|kept| kept.is_same(intent)),
        }
    }

    fn keep(&mut self, key: Key, intent: &Intent) {
        match key {
            Key::Wire(key) => drop(self.wire.insert(key)),
            Key::Local => self.local.extend(intent.duplicate()),
        }
    }

    fn forget(&mut self, key: &Key, intent: &Intent) {
        match key {
            Key::Wire(key) => drop(self.wire.remove(key)),
            Key::Local => self.local.retain(|kept| !kept.is_same(intent)),
        }
    }

    fn append(&mut self, other: Self) {
        if self.wire.is_empty() {
            self.wire = other.wire;
        } else {
            self.wire.extend(other.wire);
        }
        self.local.extend(other.local);
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        let local = self.local.iter().filter_map(Intent::duplicate).collect();
        Self { wire: self.wire.clone(), local }
    }
}

fn options(options: &Options) -> String {
    if *options == crate::core::task::options::NONE {
        String::new()
    } else {
        format!("{options:?}")
    }
}
