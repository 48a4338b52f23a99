//! Policies that go along with a message: what a task enqueues in another process is judged there by those that were in
//! force where the task was enqueued.

#[cfg(feature = "worker")]
mod arrived;
#[cfg(feature = "worker")]
mod arrived_list;
mod listed;
mod registration;
mod stays_here;
#[cfg(feature = "envelope")]
mod written;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

#[cfg(feature = "worker")]
pub(crate) use arrived::arrived;
pub use registration::TravellingRegistration;
pub use stays_here::StaysHere;
#[cfg(feature = "envelope")]
pub(crate) use written::travelling;

use crate::core::policy::Policy;
use crate::core::policy::chain::{self, Chain};

/// A policy that goes along with messages, under a name and with its settings as JSON; `#[airlock::travels]` on the
/// `impl Policy` implements it.
///
/// # Examples
///
/// ```
/// use airlock::{Intent, Policy, TravellingPolicy, Verdict};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct OnlyTenant { tenant: u64 }
///
/// #[airlock::travels(name = "only-tenant")]
/// impl Policy for OnlyTenant {
///     fn allows(&self, intent: &Intent) -> Verdict {
///         match intent.arguments()["tenant"].as_u64() {
///             Some(tenant) if tenant != self.tenant => Verdict::Drop,
///             _ => Verdict::Allow,
///         }
///     }
/// }
/// assert_eq!(OnlyTenant::NAME, "only-tenant");
/// ```
pub trait TravellingPolicy: Policy + Serialize + DeserializeOwned {
    /// The name under which every binary finds the policy.
    const NAME: &'static str;
}

/// How a policy goes along with messages.
///
/// # Examples
///
/// A policy that hands on what another one says, also how that travels:
///
/// ```
/// use airlock::{DropAll, Intent, Policy, Travel, Verdict};
///
/// struct Rehearsal(DropAll);
///
/// impl Policy for Rehearsal {
///     fn allows(&self, intent: &Intent) -> Verdict {
///         self.0.allows(intent)
///     }
///
///     fn travel(&self) -> Travel {
///         self.0.travel()
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Travel(Result<Vec<Travelling>, CannotTravel>);

/// A policy on its way: its name and its settings.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "envelope", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(not(feature = "envelope"), expect(dead_code, reason = "envelopes have the settings"))]
pub(crate) struct Travelling {
    name: Cow<'static, str>,
    #[cfg_attr(feature = "envelope", serde(default, skip_serializing_if = "Option::is_none"))]
    settings: Option<Box<RawValue>>,
}

impl Travel {
    /// Nothing goes along, for nothing is restricted there: for policies that only watch, or that have nothing to say of
    /// what a task enqueues.
    pub fn nothing() -> Self {
        Self(Ok(Vec::new()))
    }

    /// The policy goes along, with its settings.
    pub fn of<P: TravellingPolicy>(policy: &P) -> Self {
        Self::named(P::NAME, policy)
    }

    /// The policy can't go along: where it would be lost, the flush to an engine is refused.
    pub fn stays() -> Self {
        Self(Err(CannotTravel { policy: None, why: None }))
    }

    /// Both go along.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.and_then(|mut these| {
            these.extend(other.0?);
            Ok(these)
        }))
    }

    pub(crate) fn named(name: &'static str, settings: &impl Serialize) -> Self {
        Self(match to_raw_value(settings) {
            Ok(settings) => {
                let settings = (settings.get() != "null").then_some(settings);
                Ok(vec![Travelling { name: name.into(), settings }])
            }
            Err(error) => {
                let why = format!("its settings have no JSON: {error}");
                Err(CannotTravel { policy: Some(name.to_owned()), why: Some(why) })
            }
        })
    }

    /// The same with the policy's name, where it can't and none is said.
    pub(crate) fn or_named(mut self, policy: &(impl Policy + ?Sized)) -> Self {
        if let Err(CannotTravel { policy: unnamed @ None, .. }) = &mut self.0 {
            *unnamed = Some(policy.name().into_owned());
        }
        self
    }
}

/// The names of the policies of a place that go along with its messages, innermost first, each once.
///
/// # Errors
///
/// The name of the innermost that can't.
pub(crate) fn names(chain: &Chain) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for node in chain::iter(chain) {
        let policy = node.policy();
        let travelling = policy.travel().or_named(policy).0;
        let travelling = travelling.map_err(|error| error.policy.unwrap_or_default())?;
        names.extend(travelling.into_iter().map(|one| one.name.into_owned()));
    }
    names.dedup();
    Ok(names)
}

/// A policy would be lost on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CannotTravel {
    policy: Option<String>,
    why: Option<String>,
}

impl fmt::Display for CannotTravel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LOST: &str =
            "it is in force here and would be lost there, for what the task enqueues";
        const NEXT: &str = "go by `block_tasks![…]`, `allow_only![…]` or `DropAll`, register it with \
             `#[airlock::travels]`, or let it go where it is put in force: `StaysHere(…)`";
        let policy = self.policy.as_deref().unwrap_or("a policy");
        let why = self.why.as_deref().unwrap_or(LOST);
        write!(f, "the policy `{policy}` can't travel with the message: {why}; {NEXT}")
    }
}

impl std::error::Error for CannotTravel {}
