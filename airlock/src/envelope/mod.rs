//! What an intent is outside this process: a versioned JSON text.

#[cfg(feature = "opentelemetry")]
pub(crate) mod opentelemetry;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::core::executor::{Batch, DispatchError};
use crate::core::intent::{EncodeError, Intent};
use crate::core::registry::Registry;
use crate::core::task::decode_error::DecodeError;
use crate::core::task::options::Start;

/// The version of the layout that this library writes.
const VERSION: u32 = 1;

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
    /// It does not travel: engines whose messages say so have a place of their own for it.
    #[cfg(feature = "worker")]
    #[serde(skip)]
    time_limit: Option<Duration>,
}

/// What an intent asked of the engine, with times instead of spans.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct EnvelopeOptions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue: Option<Cow<'static, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe_time")]
    at: Option<SystemTime>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe_time")]
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

/// The trace that a flush belongs to, as W3C Trace Context writes it.
///
/// Source: <https://www.w3.org/TR/trace-context/>.
///
/// # Examples
///
/// ```
/// use airlock::envelope::TraceContext;
///
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let trace = TraceContext::new(parent, "");
/// assert_eq!(trace.traceparent(), parent);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    traceparent: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tracestate: String,
}

impl TraceContext {
    /// The context of these two headers; `tracestate` may be empty.
    pub fn new(traceparent: impl Into<String>, tracestate: impl Into<String>) -> Self {
        Self { traceparent: traceparent.into(), tracestate: tracestate.into() }
    }

    /// The header `traceparent`.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// The header `tracestate`, empty where there is none.
    pub fn tracestate(&self) -> &str {
        &self.tracestate
    }
}

impl Envelope {
    /// The longest text that [`from_json`](Self::from_json) reads, in bytes: 16 MiB.
    pub const MAX_BYTES: usize = 16 << 20;

    /// The longest name of a task that is read, in bytes: looking for one like it takes time.
    const MAX_NAME: usize = 1 << 10;

    /// The envelope of an intent that is flushed at `now`.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] where the arguments have no JSON, or one that no worker would read: the envelope
    /// would be longer than [16 MiB](Self::MAX_BYTES), or nested deeper than 127 levels.
    pub fn of(intent: &Intent, now: SystemTime) -> Result<Self, EncodeError> {
        Self::from(intent, now, origin(intent))
    }

    fn from(intent: &Intent, now: SystemTime, origin: Arc<str>) -> Result<Self, EncodeError> {
        let options = intent.options();
        let own_queue = options.queue().map(|queue| Cow::Owned(queue.to_owned()));
        let envelope = Self {
            airlock: VERSION,
            id: Uuid::now_v7(),
            task: intent.name().into(),
            arguments: intent.to_raw_json()?,
            options: EnvelopeOptions {
                queue: own_queue.or_else(|| intent.task().queue().map(Cow::Borrowed)),
                at: options.start.map(|start| match start {
                    Start::After(delay) => later(now, delay),
                    Start::At(time) => time,
                }),
                expires: options.expires().map(|lifetime| later(now, lifetime)),
                priority: options.priority(),
                max_attempts: intent.effective_max_attempts(),
                unique_key: options.unique_key().map(str::to_owned),
            },
            origin,
            enqueued_at: now,
            trace: current_trace(),
            #[cfg(feature = "worker")]
            time_limit: None,
        };
        envelope.check().map_err(|why| EncodeError::unreadable(intent.task(), why))?;
        Ok(envelope)
    }

    /// Whether a worker will read it: one that can't would keep as a dead letter what could have been
    /// an error where it was written.
    fn check(&self) -> Result<(), String> {
        const SURELY: usize = 1 << 20;
        const DEEPEST: usize = 127;
        let texts = [self.queue(), self.unique_key()];
        let texts = texts.into_iter().flatten().map(str::len).sum::<usize>();
        if self.arguments.get().len() + texts > SURELY {
            let bytes = self.to_json().len();
            if bytes > Self::MAX_BYTES {
                return Err(format!(
                    "the message would be {bytes} bytes long, and at most {} are read: keep the value \
                     elsewhere, and pass its id",
                    Self::MAX_BYTES
                ));
            }
        }
        let depth = depth(self.arguments.get());
        if depth > DEEPEST {
            return Err(format!(
                "they are nested {depth} levels deep, and at most {DEEPEST} are read: keep the value \
                 elsewhere, and pass its id"
            ));
        }
        Ok(())
    }

    /// An envelope for what was not enqueued through airlock, such as a message from Python.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] where `arguments` is no JSON, or no task can have such a name.
    pub fn foreign(id: Uuid, task: &str, arguments: &str) -> Result<Self, EnvelopeError> {
        let envelope = Self {
            airlock: VERSION,
            id,
            task: Cow::Owned(task.to_owned()),
            arguments: RawValue::from_string(arguments.to_owned())
                .map_err(|error| EnvelopeError::json(&error))?,
            options: EnvelopeOptions::default(),
            origin: Arc::default(),
            enqueued_at: SystemTime::now(),
            trace: None,
            #[cfg(feature = "worker")]
            time_limit: None,
        };
        envelope.bounded()
    }

    /// The envelope as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Every field is a string, a number, a time that is brought into range, or JSON already.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads an envelope.
    ///
    /// Unknown fields are left alone, so that a later version may add some. The text may be
    /// [16 MiB](Self::MAX_BYTES) long. Arguments that are nested deeper than 128 levels are refused
    /// when they are read, by [`intent`](Self::intent).
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] says what is wrong, and where.
    pub fn from_json(json: &[u8]) -> Result<Self, EnvelopeError> {
        if json.len() > Self::MAX_BYTES {
            return Err(EnvelopeError::new(format!(
                "it is {} bytes long, and at most {} are read",
                json.len(),
                Self::MAX_BYTES
            )));
        }
        let envelope: Self = match serde_json::from_slice(json) {
            Ok(envelope) => envelope,
            Err(error) => return Err(EnvelopeError::of_version(json, &error)),
        };
        if envelope.airlock > VERSION {
            return Err(EnvelopeError::version(envelope.airlock));
        }
        envelope.bounded()
    }

    fn bounded(self) -> Result<Self, EnvelopeError> {
        if self.task.len() > Self::MAX_NAME {
            return Err(EnvelopeError::new(format!(
                "its task's name is {} bytes long, and at most {} are read",
                self.task.len(),
                Self::MAX_NAME
            )));
        }
        Ok(self)
    }

    /// The intent, found in the registry by the task's name.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where no task has the name, or the arguments are not its own.
    pub fn intent(&self, registry: &Registry) -> Result<Intent, DecodeError> {
        registry.decode(&self.task, self.arguments.get())
    }

    /// The id: of the time of the flush, so that later ones are greater.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The task's name.
    pub fn task(&self) -> &str {
        &self.task
    }

    /// The arguments: a JSON object keyed by parameter name.
    pub fn arguments(&self) -> &str {
        self.arguments.get()
    }

    /// The same, known to be JSON.
    #[cfg(any(feature = "dramatiq-rabbitmq", feature = "dramatiq-redis"))]
    pub(crate) fn raw_arguments(&self) -> &RawValue {
        &self.arguments
    }

    /// The queue asked for, by the intent or else by its task.
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

    /// How often the task may be tried, asked for by the intent or else by its task.
    pub fn max_attempts(&self) -> Option<u32> {
        self.options.max_attempts
    }

    /// The key of which the engine takes one intent at a time.
    pub fn unique_key(&self) -> Option<&str> {
        self.options.unique_key.as_deref()
    }

    /// Where the intent was written, as `file:line`; empty where that is unknown.
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

    /// The same in a queue.
    #[must_use]
    pub fn with_queue(mut self, queue: impl Into<String>) -> Self {
        self.options.queue = Some(Cow::Owned(queue.into()));
        self
    }

    /// The same with a time before which the task may not run.
    #[must_use]
    pub fn with_at(mut self, time: Option<SystemTime>) -> Self {
        self.options.at = time;
        self
    }

    /// The same with a time from which on the task is not worth running any more.
    #[must_use]
    pub fn with_expires(mut self, time: Option<SystemTime>) -> Self {
        self.options.expires = time;
        self
    }

    /// The same with a time that one attempt may take, as Celery's senders may ask for.
    #[cfg(any(feature = "celery-rabbitmq", feature = "celery-redis"))]
    pub(crate) fn with_time_limit(mut self, limit: Option<Duration>) -> Self {
        self.time_limit = limit;
        self
    }

    /// How long one attempt may take, beside what the worker says.
    #[cfg(feature = "worker")]
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    /// The same as part of a trace.
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
            .finish_non_exhaustive()
    }
}

/// The envelopes of a batch for an executor that honours these options, in order.
///
/// # Errors
///
/// For the first intent that asks for another option, or whose arguments have no JSON.
///
/// # Examples
///
/// ```
/// use airlock::{Batch, DispatchError, Executor, envelope};
///
/// /// Prints what would leave.
/// struct Print;
///
/// impl Executor for Print {
///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
///         for envelope in envelope::of_batch(batch, "Print", &["queue"])? {
///             println!("{}", String::from_utf8_lossy(&envelope.to_json()));
///         }
///         Ok(())
///     }
/// }
/// ```
pub fn of_batch(
    batch: &Batch,
    executor: &'static str,
    honoured: &[&str],
) -> Result<Vec<Envelope>, DispatchError> {
    each(batch, executor, honoured).map(|made| made.map(|(_, _, envelope)| envelope)).collect()
}

/// The same one by one, each with its index and its intent: for who needs an envelope no longer than
/// it takes to write its message.
pub(crate) fn each<'a>(
    batch: &'a Batch,
    executor: &'static str,
    honoured: &'a [&'a str],
) -> impl Iterator<Item = Result<(usize, &'a Intent, Envelope), DispatchError>> {
    let now = batch.flushed_at();
    let mut last: Option<(&Location<'static>, Arc<str>)> = None;
    batch.iter().enumerate().map(move |(index, intent)| {
        let checked = intent.options().check(executor, honoured);
        checked.map_err(|error| DispatchError::only(index, error))?;
        let origin = match &last {
            Some((place, origin)) if ptr::eq(*place, intent.origin()) => origin.clone(),
            _ => last.insert((intent.origin(), origin(intent))).1.clone(),
        };
        let envelope = Envelope::from(intent, now, origin);
        Ok((index, intent, envelope.map_err(|error| DispatchError::only(index, error))?))
    })
}

/// The text of an envelope without its expiry, and with all else that is in it, whoever wrote that; nothing
/// where it does not expire.
#[cfg(any(
    feature = "apalis-postgres",
    feature = "apalis-redis",
    feature = "apalis-sqlite",
    feature = "graphile",
))]
pub(crate) fn without_expiry(json: &[u8]) -> Option<Vec<u8>> {
    type Fields = std::collections::BTreeMap<String, Box<RawValue>>;
    Envelope::from_json(json).ok()?.expires()?;
    let mut fields: Fields = serde_json::from_slice(json).ok()?;
    let mut options: Fields = serde_json::from_str(fields.get("options")?.get()).ok()?;
    options.remove("expires");
    fields.insert("options".to_owned(), serde_json::value::to_raw_value(&options).ok()?);
    serde_json::to_vec(&fields).ok()
}

/// How many objects and lists are one in another, in a text that is JSON.
fn depth(json: &str) -> usize {
    // Each of them takes two characters: most are too short to be deep.
    const SHALLOW: usize = 128;
    if json.len() < 2 * SHALLOW {
        return 0;
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut inside_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = inside_text,
            b'"' => inside_text = !inside_text,
            _ if inside_text => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Where an intent was written.
fn origin(intent: &Intent) -> Arc<str> {
    format!("{}:{}", intent.origin().file(), intent.origin().line()).into()
}

fn is_empty(text: &str) -> bool {
    text.is_empty()
}

/// A span so long that it can't be added is as good as for ever.
fn later(now: SystemTime, span: Duration) -> SystemTime {
    const FOR_EVER: Duration = Duration::from_hours(100 * 365 * 24);
    now + span.min(FOR_EVER)
}

#[cfg(feature = "opentelemetry")]
fn current_trace() -> Option<TraceContext> {
    crate::envelope::opentelemetry::current()
}

#[cfg(not(feature = "opentelemetry"))]
fn current_trace() -> Option<TraceContext> {
    None
}

/// A text of so many bytes at most.
pub(crate) fn shortened(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
    text
}

/// Times in RFC 3339, in UTC.
pub(crate) mod time {
    use serde::Serializer;
    use serde::de::Error as _;

    use super::{Cow, Deserialize, Deserializer, SystemTime, Timestamp};

    /// A time beyond the years that can be written is as good as the last of them.
    pub(crate) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let beyond = if *time > SystemTime::UNIX_EPOCH { Timestamp::MAX } else { Timestamp::MIN };
        serializer.collect_str(&Timestamp::try_from(*time).unwrap_or(beyond))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let time = text.parse::<Timestamp>().map_err(D::Error::custom)?;
        SystemTime::try_from(time).map_err(D::Error::custom)
    }
}

mod maybe_time {
    use serde::Serializer;

    use super::{Deserialize, Deserializer, SystemTime, time};

    #[allow(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => time::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        #[derive(Deserialize)]
        struct Time(#[serde(with = "time")] SystemTime);
        Ok(Option::<Time>::deserialize(deserializer)?.map(|Time(time)| time))
    }
}

/// A text that is no envelope.
///
/// # Examples
///
/// ```
/// use airlock::envelope::Envelope;
///
/// let error = Envelope::from_json(br#"{"airlock": 7}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the message is no envelope: it is of version 7, and this binary reads up to 1: \
///      update the worker",
/// );
/// let error = Envelope::from_json(b"hello").unwrap_err();
/// assert!(error.to_string().starts_with("the message is no envelope: expected value"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError {
    why: String,
}

impl EnvelopeError {
    /// Readers quote what they did not expect, which may be all of a message that was not meant for
    /// logs.
    pub(crate) fn new(why: impl Into<String>) -> Self {
        const LONGEST: usize = 256;
        Self { why: shortened(why.into(), LONGEST) }
    }

    fn json(error: &serde_json::Error) -> Self {
        Self::new(error.to_string())
    }

    fn version(version: u32) -> Self {
        Self::new(format!(
            "it is of version {version}, and this binary reads up to {VERSION}: update the worker"
        ))
    }

    /// What can't be read may be of a later version, which explains it better.
    fn of_version(json: &[u8], error: &serde_json::Error) -> Self {
        #[derive(Deserialize)]
        struct Version {
            airlock: u32,
        }
        match serde_json::from_slice(json) {
            Ok(Version { airlock }) if airlock > VERSION => Self::version(airlock),
            _ => Self::new(error.to_string()),
        }
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message is no envelope: {}", self.why)
    }
}

impl std::error::Error for EnvelopeError {}
