//! What a policy remembers of a scope.

use std::any::Any;
use std::fmt;
use std::sync::{OnceLock, PoisonError};

use crate::core::intent::Intent;
use crate::core::panics::shielded;
use crate::core::policy::{Policy, Verdict};
use crate::core::threads::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::core::threads::sync::{Mutex, MutexGuard};

/// A policy's memory of the scope that it is in force for.
///
/// It lasts as long as the scope, however the scope's intents leave: at its end, when nested scopes are
/// [released](crate::Scope::release) early, or as rows of transactions. Other scopes under the same policy, and the
/// scope of each task that is run under it, have memories of their own.
///
/// # Examples
///
/// ```
/// use airlock::{Intent, Memory, Occasion, Policy, Verdict};
///
/// /// Lets every other intent of a scope out.
/// struct Half;
///
/// #[derive(Clone)]
/// struct Next(Verdict);
///
/// impl Policy for Half {
///     fn memory(&self) -> Option<Box<dyn Memory>> {
///         Some(Box::new(Next(Verdict::Allow)))
///     }
/// }
///
/// impl Memory for Next {
///     fn allows(&mut self, _: &Intent, _: Occasion) -> Verdict {
///         let next = if self.0.is_allow() { Verdict::Drop } else { Verdict::Allow };
///         std::mem::replace(&mut self.0, next)
///     }
///
///     fn duplicate(&self) -> Box<dyn Memory> {
///         Box::new(self.clone())
///     }
/// }
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope()
///     .policy(Half)
///     .seal(|| (1..=4).try_for_each(|id| send_mail::enqueue(id)));
/// assert_eq!(sealed.flush()?.dropped(), 2);
/// # Ok(())
/// # }
/// ```
pub trait Memory: Any + Send {
    /// Asked in place of [`Policy::allows`], once for each intent that got as far as the policy, in order.
    ///
    /// Flushes of one scope may be under way at the same time, such as those of its transactions; the occasion says
    /// which one asks.
    fn allows(&mut self, intent: &Intent, occasion: Occasion) -> Verdict;

    /// Told of an intent that it let pass at a flush and that has not left: it was handed back, or was a row of a
    /// transaction that was rolled back. What is enqueued in its place must not be dropped on its account.
    fn has_stayed(&mut self, intent: &Intent, flush: FlushId) {
        let _ = (intent, flush);
    }

    /// Told that a flush has ended: what it let pass has left, but for what it was told has stayed.
    fn has_ended(&mut self, flush: FlushId) {
        let _ = flush;
    }

    /// A copy, for an inspection of the scope: what that asks must not be remembered.
    fn duplicate(&self) -> Box<dyn Memory>;
}

/// Why intents are judged.
///
/// # Examples
///
/// ```
/// use airlock::{Intent, Memory, Occasion, Policy, Verdict};
///
/// /// Prints what leaves.
/// struct Print;
///
/// impl Policy for Print {
///     fn memory(&self) -> Option<Box<dyn Memory>> {
///         Some(Box::new(Printer))
///     }
/// }
///
/// struct Printer;
///
/// impl Memory for Printer {
///     fn allows(&mut self, intent: &Intent, occasion: Occasion) -> Verdict {
///         if let Occasion::Flush(_) = occasion {
///             println!("{intent}");
///         }
///         Verdict::Allow
///     }
///
///     fn duplicate(&self) -> Box<dyn Memory> {
///         Box::new(Self)
///     }
/// }
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().policy(Print).seal(|| send_mail::enqueue(42));
/// println!("{}", sealed.inspect());                       // not printed by the policy
/// sealed.flush()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// They leave if they pass.
    Flush(FlushId),
    /// An inspection of what would happen: nothing may be logged.
    Inspection,
}

/// Tells flushes apart.
///
/// # Examples
///
/// ```
/// use std::collections::HashMap;
///
/// use airlock::FlushId;
///
/// /// How many intents each flush that is under way has let pass.
/// #[derive(Clone, Default)]
/// struct UnderWay(HashMap<FlushId, usize>);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlushId(u64);

impl FlushId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The memory of a policy in force, made when the policy is first asked about a flush.
#[derive(Default)]
pub(crate) struct Remembered {
    memory: OnceLock<Box<Shared>>,
    /// Whether the policy has said that it has none.
    none: AtomicBool,
}

/// Other flushes of the scope may be under way on other threads.
pub(crate) struct Shared(Mutex<Box<dyn Memory>>);

impl Remembered {
    /// The memory of `policy`, if it has one.
    #[inline]
    pub(crate) fn of(&self, policy: &dyn Policy) -> Option<&Shared> {
        self.memory.get().map(|memory| &**memory).or_else(|| self.first(policy))
    }

    fn first(&self, policy: &dyn Policy) -> Option<&Shared> {
        if self.none.load(Ordering::Relaxed) {
            return None;
        }
        let Some(memory) = policy.memory() else {
            self.none.store(true, Ordering::Relaxed);
            return None;
        };
        Some(self.memory.get_or_init(|| Box::new(Shared(Mutex::new(memory)))))
    }
}

impl Shared {
    pub(crate) fn allows(&self, policy: &dyn Policy, intent: &Intent, flush: FlushId) -> Verdict {
        policy.recall(&mut **self.lock(), intent, Occasion::Flush(flush))
    }

    /// These intents of a flush have stayed.
    pub(crate) fn stayed<'i>(&self, intents: impl Iterator<Item = &'i Intent>, flush: FlushId) {
        self.told(|memory| intents.for_each(|intent| memory.has_stayed(intent, flush)));
    }

    /// A flush has ended, and what has not stayed has left.
    pub(crate) fn ended(&self, flush: FlushId) {
        self.told(|memory| memory.has_ended(flush));
    }

    /// The memory and the arguments are the user's code: a panic there can't undo what has become of the intents.
    fn told(&self, tell: impl FnOnce(&mut dyn Memory)) {
        shielded(|| tell(&mut **self.lock()));
    }

    pub(crate) fn duplicate(&self) -> Box<dyn Memory> {
        self.lock().duplicate()
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Memory>> {
        // A memory that has panicked remembers what it can.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
