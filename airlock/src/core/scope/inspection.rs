//! What a scope holds, before anything has become of it.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use serde_json::{Value, json};

use crate::core::policy::Verdict;
use crate::core::policy::judging::Inspecting;
use crate::core::policy::travel::names;
use crate::core::report::table::Table;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::while_judging::{is_judging, while_judging};
use crate::core::task::TaskInfo;

/// What a scope holds: its own intents and those captured from nested scopes.
///
/// `Display` is an aligned table.
///
/// # Examples
///
/// ```
/// use airlock::block_tasks;
///
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// let (_, sealed) = airlock::scope().policy(block_tasks![welcome]).seal(|| welcome::enqueue(7));
/// let inspection = sealed.inspect();
/// assert_eq!(inspection.own()[0].to_string(), "mail.welcome(user_id: 7)");
/// assert!(!inspection.own()[0].passes());
/// sealed.discard();
/// ```
#[derive(Clone, Debug)]
pub struct Inspection {
    scope: Option<Cow<'static, str>>,
    own: Vec<Inspected>,
    captured: Vec<Inspected>,
}

/// One intent of an [`Inspection`].
///
/// # Examples
///
/// ```
/// use airlock::{AllowAll, DropAll};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let (_, sealed) = airlock::scope().policy(AllowAll).seal(|| {
///     airlock::policy(DropAll).run(|| send_mail::enqueue(42))
/// });
/// let inspection = sealed.inspect();
/// let policies: Vec<_> = inspection.own()[0].verdicts().iter().map(|(name, _)| &**name).collect();
/// assert_eq!(policies, ["DropAll", "AllowAll"]);
/// assert!(!inspection.own()[0].passes());
/// sealed.discard();
/// ```
#[derive(Clone)]
pub struct Inspected {
    task: &'static TaskInfo,
    arguments: Value,
    list: String,
    origin: &'static Location<'static>,
    verdicts: Vec<(String, Verdict)>,
    travelling: Result<Vec<String>, String>,
}

impl Inspection {
    pub(crate) fn of(buffer: &Buffer, level: u32) -> Self {
        let (mut own, mut captured) = (Vec::new(), Vec::new());
        let mut inspecting = Inspecting::new(is_judging());
        while_judging(|| {
            for (chain, theirs, intents) in buffer.segments(level) {
                let travelling = names(chain);
                let into = if theirs == level { &mut own } else { &mut captured };
                into.extend(intents.iter().map(|intent| Inspected {
                    task: intent.task(),
                    arguments: intent.arguments(),
                    list: intent.argument_list(),
                    origin: intent.origin(),
                    verdicts: inspecting.ask_each(chain, intent),
                    travelling: travelling.clone(),
                }));
            }
        });
        Self { scope: None, own, captured }
    }

    /// The same of a scope of this name.
    pub(crate) fn named(mut self, scope: Option<Cow<'static, str>>) -> Self {
        self.scope = scope;
        self
    }

    /// The scope's name, where it was given one.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The inspection as JSON:
    /// `{"scope", "own": [{"task", "arguments", "passes", "blocked_by"}], "captured": […]}`, with the keys
    /// of each object sorted.
    pub fn to_json(&self) -> Value {
        let list = |intents: &[Inspected]| -> Value {
            intents
                .iter()
                .map(|intent| {
                    json!({
                        "task": intent.name(),
                        "arguments": intent.arguments,
                        "passes": intent.passes(),
                        "blocked_by": intent.blocked_by(),
                    })
                })
                .collect()
        };
        let mut json = json!({
            "scope": self.scope,
            "own": list(&self.own),
            "captured": list(&self.captured),
        });
        // Whether they are by themselves is a feature of serde_json, which any crate may turn on.
        json.sort_all_objects();
        json
    }

    /// What was enqueued in the scope itself, in order.
    pub fn own(&self) -> &[Inspected] {
        &self.own
    }

    /// What the scope captured from nested scopes, in order.
    pub fn captured(&self) -> &[Inspected] {
        &self.captured
    }
}

impl Inspected {
    /// The task.
    pub fn task(&self) -> &'static TaskInfo {
        self.task
    }

    /// The task's name.
    pub fn name(&self) -> &'static str {
        self.task.name()
    }

    /// The arguments for people, as of [`Intent::arguments`](crate::Intent::arguments).
    pub fn arguments(&self) -> &Value {
        &self.arguments
    }

    /// Where the intent was written.
    pub fn origin(&self) -> &'static Location<'static> {
        self.origin
    }

    /// What each policy in force at its enqueue would say at a flush now, innermost first, with the
    /// policy's name.
    pub fn verdicts(&self) -> &[(String, Verdict)] {
        &self.verdicts
    }

    /// The names of the policies that go along with its message to an [engine](crate::Policy::travel), innermost first;
    /// none where one can't.
    pub fn travelling(&self) -> &[String] {
        self.travelling.as_deref().unwrap_or_default()
    }

    /// The name of a policy that can't go along, so that a flush to an engine is refused.
    pub fn staying(&self) -> Option<&str> {
        self.travelling.as_ref().err().map(String::as_str)
    }

    /// Whether every policy would let it pass.
    pub fn passes(&self) -> bool {
        self.blocked_by().is_none()
    }

    fn blocked_by(&self) -> Option<&str> {
        let (policy, verdict) = self.verdicts.iter().find(|(_, verdict)| !verdict.is_allow())?;
        match verdict {
            Verdict::DropBy(member) => Some(member.as_str()),
            _ => Some(policy),
        }
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.task, self.list)
    }
}

impl fmt::Debug for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match self.blocked_by() {
            Some(policy) => write!(f, " blocked by {policy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["#", "task", "arguments", "from", "at a flush now"]);
        let rows = self.own.iter().map(|own| (own, "own"));
        let rows = rows.chain(self.captured.iter().map(|captured| (captured, "captured")));
        for (index, (intent, from)) in rows.enumerate() {
            table.row([
                (index + 1).to_string(),
                intent.name().to_owned(),
                intent.list.clone(),
                from.to_owned(),
                match intent.blocked_by() {
                    Some(policy) => format!("dropped by {policy}"),
                    None => "leaves".to_owned(),
                },
            ]);
        }
        let (own, captured) = (self.own.len(), self.captured.len());
        match &self.scope {
            Some(name) => write!(f, "scope {name}: ")?,
            None => f.write_str("scope: ")?,
        }
        write!(f, "{own} own, {captured} captured{table}")
    }
}
