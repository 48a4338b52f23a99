//! Why an enqueue was refused.

use std::fmt;
use std::panic::Location;

use crate::core::intent::Intent;
use crate::core::policy::PolicyViolation;
use crate::core::task::TaskInfo;

/// An intent was not accepted; the error names its task, its arguments and where it was written.
///
/// # Examples
///
/// ```
/// use airlock::EnqueueError;
///
/// #[airlock::task(name = "mail.confirmation")]
/// fn send_confirmation_email(order_id: u64) {}
///
/// let error = send_confirmation_email::enqueue(42).unwrap_err();
/// assert!(matches!(error, EnqueueError::NoScope(_)));
/// assert!(error.to_string().starts_with(
///     "`mail.confirmation(order_id: 42)` was enqueued outside any scope",
/// ));
/// ```
#[non_exhaustive]
pub enum EnqueueError {
    /// No scope is current, so nothing would decide when the effect escapes.
    NoScope(Refusal),
    /// A policy, or a rule that decides what a scope releases, enqueued: those judge, they never
    /// create.
    InPolicy(Refusal),
    /// A policy in force refused the intent.
    Refused(Refusal, PolicyViolation),
    /// The scope behind a handle has ended.
    Closed(Refusal),
    /// The scope has no room for the intent within this bound, its own or that of a scope around.
    Full(Refusal, Bound),
}

/// How much a scope may hold: what [`Scope::limit`](crate::Scope::limit) and
/// [`Scope::limit_bytes`](crate::Scope::limit_bytes) say.
///
/// # Examples
///
/// ```
/// use airlock::{Bound, EnqueueError};
///
/// #[airlock::task]
/// fn send_letter(text: String) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scope = airlock::scope().limit_bytes(100);
/// let full = scope.run(|| send_letter::enqueue("x".repeat(400)))?;
/// assert!(matches!(full, Err(EnqueueError::Full(_, Bound::Bytes(100)))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// So many intents.
    Intents(usize),
    /// So many bytes of arguments.
    Bytes(usize),
}

/// Which intent was refused.
///
/// # Examples
///
/// ```
/// use airlock::EnqueueError;
///
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// match welcome::enqueue(7) {
///     Err(EnqueueError::NoScope(refusal)) => {
///         assert!(format!("{refusal:?}").starts_with("mail.welcome(user_id: 7) at "));
///     }
///     other => panic!("{other:?}"),
/// }
/// ```
pub struct Refusal {
    intent: Box<RefusedIntent>,
}

struct RefusedIntent {
    task: &'static TaskInfo,
    arguments: String,
    origin: &'static Location<'static>,
}

impl Refusal {
    pub(crate) fn of(intent: &Intent) -> Self {
        Self {
            intent: Box::new(RefusedIntent {
                task: intent.task(),
                arguments: intent.argument_list(),
                origin: intent.origin(),
            }),
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RefusedIntent { task, arguments, origin } = &*self.intent;
        write!(f, "{task}({arguments}) at {origin}")
    }
}

impl EnqueueError {
    /// The refused intent's task.
    pub fn task(&self) -> &'static TaskInfo {
        self.refusal().intent.task
    }

    /// The refused intent's arguments, as `order_id: 42`, secrets covered and each long one cut.
    pub fn arguments(&self) -> &str {
        &self.refusal().intent.arguments
    }

    /// Where the refused intent was written.
    pub fn origin(&self) -> &'static Location<'static> {
        self.refusal().intent.origin
    }

    /// What the policy said, where a policy refused.
    pub fn violation(&self) -> Option<&PolicyViolation> {
        match self {
            Self::Refused(_, violation) => Some(violation),
            _ => None,
        }
    }

    fn refusal(&self) -> &Refusal {
        match self {
            Self::NoScope(refusal)
            | Self::InPolicy(refusal)
            | Self::Refused(refusal, _)
            | Self::Closed(refusal)
            | Self::Full(refusal, _) => refusal,
        }
    }
}

impl fmt::Display for EnqueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RefusedIntent { task, arguments, origin } = &*self.refusal().intent;
        write!(f, "`{task}({arguments})` was ")?;
        match self {
            Self::NoScope(_) => f.write_str(
                "enqueued outside any scope: wrap the caller in `airlock::scope().run(…)` or \
                 `#[airlock::scoped]`; what is spawned starts without a scope unless handed one by \
                 `airlock::current()`",
            ),
            Self::InPolicy(_) => f.write_str(
                "enqueued from inside a policy: policies judge effects, they never create them",
            ),
            Self::Refused(_, violation) => write!(f, "refused by {violation}"),
            Self::Closed(_) => f.write_str(
                "enqueued through a handle whose scope has ended: let the scope wait for the work \
                 it was handed to, or open a scope there",
            ),
            Self::Full(_, Bound::Intents(limit)) => write!(
                f,
                "refused because the scope has no room for it within its limit of {limit} intents: \
                 raise `.limit(…)`, or open a scope a chunk"
            ),
            Self::Full(_, Bound::Bytes(limit)) => write!(
                f,
                "refused because the scope has no room for it within its limit of {limit} bytes of \
                 arguments: raise `.limit_bytes(…)`, pass an id in place of what is large, or open a scope a \
                 chunk"
            ),
        }?;
        write!(f, " ({origin})")
    }
}

/// The sentence of `Display`, so that `unwrap` says what happened.
impl fmt::Debug for EnqueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for EnqueueError {}
