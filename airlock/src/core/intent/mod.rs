//! One wish to run a task.

mod encode_error;
mod shown;

use std::borrow::Cow;
use std::fmt;
use std::hash::Hasher;
use std::panic::Location;
use std::time::{Duration, SystemTime};

pub use encode_error::EncodeError;
use serde_json::Value;
use serde_json::value::RawValue;
pub(crate) use shown::Shown;

use crate::core::task::called::Called;
use crate::core::task::counted::Counted;
use crate::core::task::options::{self, Options, Start};
use crate::core::task::payload::{Call, Here, Payload};
use crate::core::task::queue_name::queue_name;
use crate::core::task::taken::Taken;
use crate::core::task::with_options::WithOptions;
use crate::core::task::{Task, TaskInfo};

/// One wish to run a task: the task, its arguments, its options, and where it was written.
///
/// Made by a task's `intent` function, which is typed like the task itself. Nothing runs until the
/// intent is [enqueued](Self::enqueue) and its scope flushes.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64, #[secret] token: String) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let intent = send_mail::intent(42, "t0p".into()).queue("bulk");
/// assert!(intent.to_string().ends_with("send_mail(order_id: 42, token: [secret])"));
///
/// airlock::scope().run(|| send_mail::intent(42, "t0p".into()).queue("bulk").enqueue())??;
/// # Ok(())
/// # }
/// ```
#[must_use = "an intent does nothing until it is enqueued: write `.enqueue()?`"]
pub struct Intent {
    payload: Payload,
    origin: &'static Location<'static>,
}

/// The size the buffer is designed for: see `docs/performance.md`.
const _: () = assert!(size_of::<Intent>() == 24);

impl Intent {
    #[inline]
    #[track_caller]
    pub(crate) fn new(payload: Payload) -> Self {
        Self { payload, origin: Location::caller() }
    }

    /// Asks for `queue` instead of the task's own.
    ///
    /// # Panics
    ///
    /// Where the name is empty.
    #[track_caller]
    pub fn queue(self, queue: impl Into<Cow<'static, str>>) -> Self {
        let queue = queue_name(queue);
        self.with_options(|options| options.queue = Some(queue))
    }

    /// Asks that the task not run before `delay` after the flush.
    pub fn delay(self, delay: Duration) -> Self {
        self.with_options(|options| options.start = Some(Start::After(delay)))
    }

    /// Asks that the task not run before `time`; the last of this and [`delay`](Self::delay) holds.
    pub fn at(self, time: SystemTime) -> Self {
        self.with_options(|options| options.start = Some(Start::At(time)))
    }

    /// Asks that the task not be begun any more once `lifetime` has passed since the flush.
    pub fn expires(self, lifetime: Duration) -> Self {
        self.with_options(|options| options.expires = Some(lifetime))
    }

    /// Asks for a priority, 0 (lowest) to 255 (highest).
    pub fn priority(self, priority: u8) -> Self {
        self.with_options(|options| options.priority = Some(priority))
    }

    /// Asks that the task be tried at most `attempts` times, the first included.
    pub fn max_attempts(self, attempts: u32) -> Self {
        self.with_options(|options| options.max_attempts = Some(attempts))
    }

    /// Asks that the intent be left out where the engine holds one of this key that is not done.
    ///
    /// The key is taken at flush, so that an intent that is discarded or dropped holds none. One that
    /// is left out is a [duplicate](crate::Fate::Duplicate) in the report, and no error.
    pub fn unique_key(self, key: impl Into<Cow<'static, str>>) -> Self {
        self.with_options(|options| options.unique_key = Some(key.into()))
    }

    /// Lets the intent fail without failing the flush, as all intents of a task do that is `best_effort`.
    ///
    /// The report says that it failed, and the log at WARN. Neither the flush nor a transaction or request around it
    /// fails for it, and nothing after it is left out. A flush that fails for another hands it back as well. This is
    /// for what nobody should be turned away for, such as a courtesy mail. In a worker it fails as any other.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) -> Result<(), &'static str> {
    ///     Err("mailbox full")
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// airlock::scope().run(|| send_mail::intent(42).best_effort().enqueue())??;
    /// assert!(airlock::scope().run(|| send_mail::enqueue(42)).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn best_effort(self) -> Self {
        self.with_options(|options| options.best_effort = true)
    }

    /// The task.
    pub fn task(&self) -> &'static TaskInfo {
        self.payload.task()
    }

    /// The task's name.
    pub fn name(&self) -> &'static str {
        self.task().name()
    }

    /// Where the intent was written.
    pub fn origin(&self) -> &'static Location<'static> {
        self.origin
    }

    /// What the intent asks of the executor.
    pub fn options(&self) -> &Options {
        self.payload.options()
    }

    /// The queue asked for: the intent's own, else the task's.
    pub fn effective_queue(&self) -> Option<&str> {
        self.options().queue().or_else(|| self.task().queue())
    }

    /// The number of attempts asked for: the intent's own, else the task's.
    pub fn effective_max_attempts(&self) -> Option<u32> {
        self.options().max_attempts().or_else(|| self.task().max_attempts())
    }

    /// Whether its failure fails no flush: by its own [`best_effort`](Self::best_effort), or its task's.
    pub fn is_best_effort(&self) -> bool {
        self.task().is_best_effort() || self.options().is_best_effort()
    }

    /// The arguments for people: an object keyed by parameter name, `#[secret]` ones as `"[secret]"`.
    ///
    /// A local task's arguments are shown as their `Debug` text, where they have one.
    pub fn arguments(&self) -> Value {
        self.shown().object()
    }

    /// The arguments themselves, where the task is `T`; a policy's way to look at them.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::{Intent, Verdict};
    ///
    /// #[airlock::task]
    /// fn refund(order_id: u64, cents: u64) {}
    ///
    /// let only_small = |intent: &Intent| match intent.arguments_of::<refund>() {
    ///     Some((_, cents)) if *cents > 10_000 => Verdict::Drop,
    ///     _ => Verdict::Allow,
    /// };
    /// assert_eq!(only_small(&refund::intent(1, 20_000)), Verdict::Drop);
    /// ```
    pub fn arguments_of<T: Task>(&self) -> Option<&T::Arguments> {
        self.payload.arguments()?.downcast_ref()
    }

    /// The arguments for an engine: a JSON object keyed by parameter name, secrets included.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] for a [local](TaskInfo::is_local) task and for an argument that has no JSON,
    /// such as a map whose keys are not strings.
    pub fn to_json(&self) -> Result<String, EncodeError> {
        self.to_raw_json().map(|json| Box::<str>::from(json).into())
    }

    /// The same, known to be JSON.
    pub(crate) fn to_raw_json(&self) -> Result<Box<RawValue>, EncodeError> {
        let task = self.task();
        let error = |why: &str| EncodeError::unwritable(task, why.into());
        let wire = task.wire.as_ref().ok_or_else(|| error("the task is `local`"))?;
        let arguments =
            self.payload.arguments().ok_or_else(|| error("an executor has taken them"))?;
        (wire.encode)(arguments).map_err(|unsent| EncodeError::unsent(task, unsent))
    }

    /// A second intent like this one; `None` where an argument is not `Clone` and JSON does not keep it as it is.
    pub fn duplicate(&self) -> Option<Self> {
        Some(Self { payload: self.payload.duplicate()?, origin: self.origin })
    }

    /// Whether `other` asks for the same: the same task, equal arguments, equal options.
    ///
    /// Arguments are equal when `==` says so. Where their type has none they are equal when serde sees no
    /// difference, and never where it has no `Serialize` either.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_same_call(other) && self.options() == other.options()
    }

    /// The same as [`is_same`](Self::is_same), whatever the options.
    pub(crate) fn is_same_call(&self, other: &Self) -> bool {
        self.task() == other.task() && self.payload.equal(&*other.payload)
    }

    /// Hashes the task, the arguments and the options, so that intents that are the same have one hash;
    /// `false` where the type of an argument offers nothing to hash.
    pub(crate) fn hash(&self, state: &mut dyn Hasher) -> bool {
        state.write_usize(std::ptr::from_ref(self.task()).addr());
        if self.has_options() {
            state.write(format!("{:?}", self.options()).as_bytes());
        }
        self.payload.hash(state)
    }

    /// Whether an argument of two intents of one task is equal; `None` where its type can't say.
    pub(crate) fn same_argument(&self, other: &Self, index: usize) -> Option<bool> {
        self.payload.same(&*other.payload, index)
    }

    /// The `Debug` text of an argument, secret or not, where its type has one.
    pub(crate) fn debug_argument(&self, index: usize) -> Option<String> {
        self.payload.debug(index)
    }

    /// About how many bytes it takes besides its own.
    pub(crate) fn bytes(&self, counted: Counted) -> usize {
        self.payload.bytes(counted)
    }

    pub(crate) fn has_options(&self) -> bool {
        *self.options() != options::NONE
    }

    #[inline]
    pub(crate) fn run(&mut self, here: &Here<'_>) -> Called {
        self.payload.run(here)
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.payload.arguments().is_none()
    }

    /// Takes the intent out and leaves what a report needs of it.
    pub(crate) fn take(&mut self) -> Self {
        let (shown, options) = (self.payload.shown(), self.options().clone());
        let taken = Taken { task: self.task(), shown, options };
        let left = Self { payload: taken.pack(), origin: self.origin };
        std::mem::replace(self, left)
    }

    /// The arguments for people, secrets covered.
    pub(crate) fn shown(&self) -> Shown {
        Shown::of(self.task(), self.payload.shown())
    }

    /// The arguments as `order_id: 42, token: [secret]`.
    pub(crate) fn argument_list(&self) -> String {
        self.shown().list()
    }

    /// A call of a task, written at `origin`.
    #[inline]
    pub(crate) fn of_call<T: Task>(
        arguments: T::Arguments,
        origin: &'static Location<'static>,
    ) -> Self {
        Self { payload: Call::<T>::pack(arguments), origin }
    }

    fn with_options(mut self, set: impl FnOnce(&mut Options)) -> Self {
        if let Some(options) = self.payload.options_mut() {
            set(options);
            return self;
        }
        let mut options = Options::default();
        set(&mut options);
        let payload = WithOptions { payload: self.payload, options }.pack();
        Self { payload, origin: self.origin }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.argument_list())
    }
}

/// The same text as `Display`, and the options where there are any: neither holds anything that
/// moves between runs.
impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        if self.has_options() { write!(f, " {:?}", self.options()) } else { Ok(()) }
    }
}
