//! Policies: what judges single intents.

mod assert_no_effects;
pub(crate) mod chain;
mod coalesce;
mod combine;
mod constant;
pub(crate) mod judging;
mod limit;
mod log_on_flush;
pub(crate) mod memory;
mod task_lists;
pub(crate) mod travel;

use std::borrow::Cow;
use std::fmt;

pub use assert_no_effects::AssertNoEffects;
pub use coalesce::Coalesce;
pub use constant::{AllowAll, DropAll};
pub use limit::Limit;
pub use log_on_flush::LogOnFlush;
pub use memory::{FlushId, Memory, Occasion};
pub use task_lists::{AllowOnly, BlockTasks};
pub use travel::{StaysHere, Travel, TravellingPolicy};

use crate::core::cut::cut;
use crate::core::intent::Intent;

/// Judges single intents: may refuse one at enqueue, may drop one at flush.
///
/// A policy never creates or reorders. Every policy in force where an intent was enqueued is asked,
/// innermost first: at enqueue, until one refuses, and again at flush, until one drops, whichever
/// scope flushes.
///
/// Tuples, arrays, `Vec`s, `Option`s and boxes of policies are policies, and so is a closure from
/// `&Intent` to [`Verdict`], asked at flush.
///
/// # Examples
///
/// ```
/// use airlock::{Intent, Policy, PolicyViolation, Verdict};
///
/// /// Keeps mails in the building while the office is closed.
/// struct OfficeHours { open: bool }
///
/// impl Policy for OfficeHours {
///     fn allows(&self, intent: &Intent) -> Verdict {
///         if self.open || intent.task().queue() != Some("emails") {
///             Verdict::Allow
///         } else {
///             Verdict::Drop
///         }
///     }
/// }
///
/// #[airlock::task(queue = "emails")]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope()
///     .policy(OfficeHours { open: false })
///     .seal(|| send_mail::enqueue(42));
/// assert_eq!(sealed.flush()?.dropped(), 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy",
    label = "not a policy",
    note = "a policy implements `airlock::Policy`, or is a closure from `&Intent` to `Verdict`; a tuple, an array and a `Vec` are policies if their members are",
    note = "a list of tasks is for `block_tasks![…]` and `allow_only![…]`, which are policies"
)]
pub trait Policy: Send + Sync + 'static {
    /// Asked at enqueue.
    ///
    /// # Errors
    ///
    /// A [`PolicyViolation`] refuses the intent: the enqueue fails with it.
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        let _ = intent;
        Ok(())
    }

    /// Asked at flush, and at each inspection of a scope: the answer must not depend on how often it is asked.
    ///
    /// A policy whose answer depends on what else leaves the scope has a [`Memory`] instead.
    fn allows(&self, intent: &Intent) -> Verdict {
        let _ = intent;
        Verdict::Allow
    }

    /// Told of an intent that an inner policy has refused, so that this one was not asked.
    #[doc(hidden)]
    fn on_refused(&self, intent: &Intent) {
        let _ = intent;
    }

    /// The name that reports give the policy: its type's, unless it says otherwise.
    fn name(&self) -> Cow<'static, str> {
        short_name(std::any::type_name::<Self>())
    }

    /// How the policy goes along with a message that an engine takes into another process, where it then judges what the
    /// task enqueues. Unless it says otherwise, it can't, and a flush to an engine under it is refused:
    /// `#[airlock::travels]` on the `impl` makes it travel, [`StaysHere`] lets it go.
    fn travel(&self) -> Travel {
        Travel::stays()
    }

    /// What the policy remembers of a scope, for policies whose answer depends on what else has left it, such as
    /// [`Limit`] and [`Coalesce`]. It is asked in place of [`allows`](Self::allows), and made anew for each scope.
    ///
    /// A policy that hands this on to a policy inside it hands on [`recall`](Self::recall) as well.
    fn memory(&self) -> Option<Box<dyn Memory>> {
        None
    }

    /// Asks a memory that [`memory`](Self::memory) has made. Combinations of policies ask those of their members.
    fn recall(&self, memory: &mut dyn Memory, intent: &Intent, occasion: Occasion) -> Verdict {
        memory.allows(intent, occasion)
    }
}

/// What a policy says of an intent at flush.
///
/// # Examples
///
/// ```
/// use airlock::{Intent, Verdict};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let no_bulk = |intent: &Intent| match intent.effective_queue() {
///     Some("bulk") => Verdict::Drop,
///     _ => Verdict::Allow,
/// };
/// assert!(no_bulk(&send_mail::intent(42)).is_allow());
///
/// let (_, sealed) =
///     airlock::scope().policy(no_bulk).seal(|| send_mail::intent(42).queue("bulk").enqueue());
/// assert_eq!(sealed.flush()?.dropped(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave.
    Allow,
    /// It is dropped.
    Drop,
    /// It is dropped, by a policy inside this one: combinations say by which.
    DropBy(PolicyName),
}

/// The name of the policy, inside a combination, that dropped an intent.
///
/// Behind a pointer, so that a [`Verdict`] is returned in registers.
///
/// # Examples
///
/// ```
/// use airlock::{AllowAll, DropAll, Policy, Verdict};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let verdict = (AllowAll, DropAll).allows(&send_mail::intent(42));
/// assert!(matches!(verdict, Verdict::DropBy(policy) if policy.as_str() == "DropAll"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyName(Box<Cow<'static, str>>);

impl PolicyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Verdict {
    /// Whether the intent may leave.
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow)
    }

    /// The same with the policy's name, where it is a drop without one.
    pub(crate) fn named(self, policy: &(impl Policy + ?Sized)) -> Self {
        match self {
            Self::Drop => Self::DropBy(PolicyName(Box::new(policy.name()))),
            named => named,
        }
    }
}

/// A policy refused an intent.
///
/// # Examples
///
/// ```
/// let violation = airlock::PolicyViolation::new("refunds above 100 € need a second person");
/// assert_eq!(violation.reason(), "refunds above 100 € need a second person");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyViolation {
    /// Behind a pointer, so that what `on_enqueue` returns is one register.
    inner: Box<Violation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Violation {
    policy: Option<Cow<'static, str>>,
    reason: Cow<'static, str>,
}

impl PolicyViolation {
    /// A refusal for this reason.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { inner: Box::new(Violation { policy: None, reason: reason.into() }) }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.inner.reason
    }

    /// The name of the policy that refused, once one did.
    pub fn policy(&self) -> Option<&str> {
        self.inner.policy.as_deref()
    }

    /// The same with the policy's name, where it has none.
    pub(crate) fn named(mut self, policy: &(impl Policy + ?Sized)) -> Self {
        self.inner.policy.get_or_insert_with(|| policy.name());
        self
    }
}

impl fmt::Display for PolicyViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.policy() {
            Some(policy) => write!(f, "{policy}: {}", cut(self.reason())),
            None => cut(self.reason()).fmt(f),
        }
    }
}

impl std::error::Error for PolicyViolation {}

/// `shop::policies::OfficeHours` as `OfficeHours`; a closure's as `closure in shop::checkout`.
fn short_name(type_name: &'static str) -> Cow<'static, str> {
    if let Some(function) = type_name.strip_suffix("::{{closure}}") {
        return format!("closure in {function}").into();
    }
    let path = type_name.split('<').next().unwrap_or(type_name);
    path.rsplit("::").next().unwrap_or(path).into()
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn names_are_short() {
        assert_eq!(short_name("shop::policies::OfficeHours"), "OfficeHours");
        assert_eq!(short_name("shop::Wrapped<shop::policies::OfficeHours>"), "Wrapped");
        assert_eq!(short_name("shop::checkout::{{closure}}"), "closure in shop::checkout");
    }
}
