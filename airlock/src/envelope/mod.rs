//! What an intent is outside this process: a versioned JSON text.

// This file is long because an envelope has many fields, each with its getter.

mod batch;
mod error;
#[cfg(feature = "_store")]
mod expiry;
#[cfg(feature = "opentelemetry")]
pub(crate) mod opentelemetry;
mod read;
pub(crate) mod time;
mod trace;
mod write;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "worker")]
use std::time::Duration;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

#[cfg(feature = "_redis-list")]
pub(crate) use batch::each;
pub use batch::of_batch;
pub use error::EnvelopeError;
#[cfg(feature = "_store")]
pub(crate) use expiry::without_expiry;
pub use trace::TraceContext;
#[cfg(feature = "worker")]
pub(crate) use trace::{in_current_trace, within_trace};

use crate::core::task::queue_name::queue_name;

/// The version of the layout that this library writes.
const VERSION: u32 = 1;

/// The version of one with policies, which a binary that knows none would run wider, and so has to refuse.
const VERSION_WITH_POLICIES: u32 = 2;

/// An intent on its way through an engine.
///
/// `docs/envelope.md` has the layout, field by field, and what binaries of different ages make of
/// one another's envelopes.
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::SystemTime;
///
/// use airlock::envelope::Envelope;
///
/// #[airlock::task(name = "mail.confirmation", queue = "emails")]
/// fn send_confirmation_email(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sent = Envelope::of(&send_confirmation_email::intent(42), SystemTime::now())?;
/// let came = Envelope::from_json(&sent.to_json())?;
/// assert_eq!(came.task(), "mail.confirmation");
/// assert_eq!(came.queue(), Some("emails"));
/// let intent = came.intent(airlock::registry()?)?;
/// assert_eq!(intent.to_string(), "mail.confirmation(order_id: 42)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// The version of the layout.
    airlock: u32,
    id: Uuid,
    task: Cow<'static, str>,
    arguments: Box<RawValue>,
    #[serde(default, skip_serializing_if = "EnvelopeOptions::is_empty")]
    options: EnvelopeOptions,
    /// Most intents of a batch have few origins, so they share them.
    #[serde(default, skip_serializing_if = "is_empty")]
    origin: Arc<str>,
    #[serde(with = "time")]
    enqueued_at: SystemTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<TraceContext>,
    /// What the policies in force where the intent was enqueued are elsewhere. Most intents of a batch share them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policies: Option<Arc<RawValue>>,
    #[cfg(feature = "worker")]
    #[serde(skip)]
    due: Due,
    /// It isn't part of the JSON: engines whose messages have a time limit have their own field for it.
    #[cfg(feature = "worker")]
    #[serde(skip)]
    time_limit: Option<Duration>,
}

/// The options of an intent, with points in time instead of durations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct EnvelopeOptions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue: Option<Cow<'static, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::option")]
    at: Option<SystemTime>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::option")]
    expires: Option<SystemTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_key: Option<String>,
}

impl EnvelopeOptions {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Since when a message could have run.
#[cfg(feature = "worker")]
#[derive(Clone, Copy, Default)]
enum Due {
    /// Since what the envelope says.
    #[default]
    Written,
    /// Since another system has sent it.
    Since(SystemTime),
    /// It says no time.
    Unknown,
}

fn is_empty(text: &str) -> bool {
    text.is_empty()
}

impl Envelope {
    /// The id, a UUID version 7: later flushes have greater ids.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The task's name.
    pub fn task(&self) -> &str {
        &self.task
    }

    /// The task's name and the id, without the rest.
    #[cfg(feature = "worker")]
    pub(crate) fn into_name(self) -> (Cow<'static, str>, Uuid) {
        (self.task, self.id)
    }

    /// The arguments: a JSON object keyed by parameter name.
    pub fn arguments(&self) -> &str {
        self.arguments.get()
    }

    /// The arguments, as a value that serialises as it is.
    #[cfg(feature = "_dramatiq")]
    pub(crate) fn raw_arguments(&self) -> &RawValue {
        &self.arguments
    }

    /// The queue that the intent or else its task names.
    pub fn queue(&self) -> Option<&str> {
        self.options.queue.as_deref()
    }

    /// The time before which the task may not run.
    pub fn at(&self) -> Option<SystemTime> {
        self.options.at
    }

    /// The time from which on the task is not worth running any more.
    pub fn expires(&self) -> Option<SystemTime> {
        self.options.expires
    }

    /// The priority, 0 (lowest) to 255 (highest).
    pub fn priority(&self) -> Option<u8> {
        self.options.priority
    }

    /// How many attempts the intent or else its task allows.
    pub fn max_attempts(&self) -> Option<u32> {
        self.options.max_attempts
    }

    /// The key of which the engine takes one intent at a time.
    pub fn unique_key(&self) -> Option<&str> {
        self.options.unique_key.as_deref()
    }

    /// Where the intent was written, as `file:line`; empty if that is unknown.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// When the scope was flushed.
    pub fn enqueued_at(&self) -> SystemTime {
        self.enqueued_at
    }

    /// The trace that the flush belongs to.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// The policies that were in force where the intent was enqueued and hold for what its task enqueues: a list in JSON,
    /// innermost first, each with its `name` and its `settings`. `None` if there are none.
    pub fn policies(&self) -> Option<&str> {
        self.policies.as_ref().map(|policies| policies.get())
    }

    /// The same as JSON.
    #[cfg(feature = "worker")]
    pub(crate) fn raw_policies(&self) -> Option<&RawValue> {
        self.policies.as_deref()
    }

    /// Since when it could have run, if anybody can tell: an engine with messages of its own may have set their time
    /// anew, and of those the id of airlock's says when it was made.
    #[cfg(feature = "worker")]
    pub(crate) fn due_since(&self) -> Option<SystemTime> {
        match self.due {
            Due::Written => Some(self.at().map_or(self.enqueued_at, |at| at.max(self.enqueued_at))),
            Due::Since(sent) => Some(sent),
            Due::Unknown => None,
        }
    }

    /// How long one attempt may take, if that is shorter than the worker's timeout.
    #[cfg(feature = "worker")]
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    /// Sets the queue.
    ///
    /// # Panics
    ///
    /// Where the name is empty.
    #[must_use]
    #[track_caller]
    pub fn with_queue(mut self, queue: impl Into<String>) -> Self {
        self.options.queue = Some(queue_name(queue.into()));
        self
    }

    /// Sets the time before which the task may not run.
    #[must_use]
    pub fn with_at(mut self, time: Option<SystemTime>) -> Self {
        self.options.at = time;
        self
    }

    /// Sets the time from which on the task is not worth running any more.
    #[must_use]
    pub fn with_expires(mut self, time: Option<SystemTime>) -> Self {
        self.options.expires = time;
        self
    }

    /// Sets how long one attempt may take, which Celery's senders may ask for.
    #[cfg(feature = "_celery")]
    pub(crate) fn with_time_limit(mut self, limit: Option<Duration>) -> Self {
        self.time_limit = limit;
        self
    }

    /// Says that its id is none of the sender's, and says nothing of the time.
    #[cfg(feature = "_celery")]
    pub(crate) fn with_new_id(mut self) -> Self {
        self.due = Due::Unknown;
        self
    }

    /// Sets the policies, which an engine with messages of its own has in a header.
    #[cfg(feature = "_celery")]
    pub(crate) fn with_policies(mut self, policies: Option<&str>) -> Result<Self, EnvelopeError> {
        let Some(policies) = policies else { return Ok(self) };
        let policies = RawValue::from_string(policies.to_owned());
        self.policies = Some(policies.map_err(|error| EnvelopeError::json(&error))?.into());
        self.airlock = VERSION_WITH_POLICIES;
        Ok(self)
    }

    /// Sets the trace.
    #[must_use]
    pub fn with_trace(mut self, trace: Option<TraceContext>) -> Self {
        self.trace = trace;
        self
    }
}

/// Without the arguments, which may be secret.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("id", &self.id)
            .field("task", &self.task)
            .field("options", &self.options)
            .field("origin", &self.origin)
            .field("enqueued_at", &self.enqueued_at)
            .field("trace", &self.trace)
            .field("policies", &self.policies())
            .finish_non_exhaustive()
    }
}
