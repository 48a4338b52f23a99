//! What an intent asks of the executor besides running its task.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::core::cut::cut_argument;

/// What one intent asks of the executor that carries it out.
///
/// An executor that cannot honour an option fails the intent with an [`UnsupportedOption`] rather
/// than ignoring it. A queue, a number of attempts and an expiry are limits that running a task here
/// and at once keeps to, so the executors of this process accept these. Those that a flush hands over to,
/// `ThreadPool` and `tokio::Tasks`, come to an intent later: one that has expired by then is not begun, and
/// has failed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// #[airlock::task(queue = "emails")]
/// fn send_mail(order_id: u64) {}
///
/// let intent = send_mail::intent(42).delay(Duration::from_secs(60)).queue("bulk");
/// assert_eq!(intent.options().queue(), Some("bulk"));
/// assert_eq!(intent.options().delay(), Some(Duration::from_secs(60)));
/// assert_eq!(intent.options().given().collect::<Vec<_>>(), ["queue", "delay"]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options {
    pub(crate) queue: Option<Cow<'static, str>>,
    pub(crate) start: Option<Start>,
    pub(crate) expires: Option<Duration>,
    pub(crate) priority: Option<u8>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) unique_key: Option<Cow<'static, str>>,
    pub(crate) best_effort: bool,
}

/// When a task may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// This long after the flush.
    After(Duration),
    At(SystemTime),
}

/// The options of an intent that was given none.
pub(crate) static NONE: Options = Options {
    queue: None,
    start: None,
    expires: None,
    priority: None,
    max_attempts: None,
    unique_key: None,
    best_effort: false,
};

impl Options {
    /// The queue to use instead of the task's own.
    pub fn queue(&self) -> Option<&str> {
        self.queue.as_deref()
    }

    /// How long to wait, counted from the flush, before the task may run.
    pub fn delay(&self) -> Option<Duration> {
        match self.start? {
            Start::After(delay) => Some(delay),
            Start::At(_) => None,
        }
    }

    /// The time before which the task may not run.
    pub fn at(&self) -> Option<SystemTime> {
        match self.start? {
            Start::After(_) => None,
            Start::At(time) => Some(time),
        }
    }

    /// How long after the flush the task is still worth running.
    pub fn expires(&self) -> Option<Duration> {
        self.expires
    }

    /// The priority, 0 (lowest) to 255 (highest).
    pub fn priority(&self) -> Option<u8> {
        self.priority
    }

    /// How often the task may be tried, the first time included.
    pub fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// The key of which the engine takes one intent at a time.
    pub fn unique_key(&self) -> Option<&str> {
        self.unique_key.as_deref()
    }

    /// Whether its failure fails no flush. This is no executor's to honour, and not among those [given](Self::given).
    pub fn is_best_effort(&self) -> bool {
        self.best_effort
    }

    /// The names of the options that were given.
    pub fn given(&self) -> impl Iterator<Item = &'static str> + use<> {
        let given = [
            ("queue", self.queue.is_some()),
            ("delay", self.delay().is_some()),
            ("at", self.at().is_some()),
            ("expires", self.expires.is_some()),
            ("priority", self.priority.is_some()),
            ("max_attempts", self.max_attempts.is_some()),
            ("unique_key", self.unique_key.is_some()),
        ];
        given.into_iter().filter_map(|(name, given)| given.then_some(name))
    }

    /// Refuses, for `executor`, the options given that are not among `honoured`.
    ///
    /// # Errors
    ///
    /// [`UnsupportedOption`], for the first of them.
    ///
    /// # Examples
    ///
    /// ```
    /// #[airlock::task]
    /// fn send_mail(order_id: u64) {}
    ///
    /// let intent = send_mail::intent(42).queue("bulk").priority(9);
    /// assert!(intent.options().check("Outbox", &["queue", "priority"]).is_ok());
    /// let error = intent.options().check("Outbox", &["queue"]).unwrap_err();
    /// assert!(error.to_string().contains("`Outbox` can't honour the option `priority`"));
    /// ```
    pub fn check(
        &self,
        executor: &'static str,
        honoured: &[&str],
    ) -> Result<(), UnsupportedOption> {
        match self.given().find(|given| !honoured.contains(given)) {
            Some(option) => Err(UnsupportedOption::new(option, executor)),
            None => Ok(()),
        }
    }

    /// Refuses what an executor that runs tasks at once, in this process, can't honour.
    pub(crate) fn check_immediate(&self, executor: &'static str) -> Result<(), UnsupportedOption> {
        self.check(executor, &["queue", "expires", "max_attempts"])
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("queue", &self.queue.as_deref().map(Given))
            .field("start", &self.start)
            .field("expires", &self.expires)
            .field("priority", &self.priority)
            .field("max_attempts", &self.max_attempts)
            .field("unique_key", &self.unique_key.as_deref().map(Given))
            .field("best_effort", &self.best_effort)
            .finish()
    }
}

/// A text of the user's, which may be as long as an argument.
struct Given<'a>(&'a str);

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&cut_argument(format_args!("{:?}", self.0)), f)
    }
}

/// An intent carries an option that its executor can't honour.
///
/// # Examples
///
/// ```
/// let error = airlock::UnsupportedOption::new("delay", "Inline");
/// assert_eq!(
///     error.to_string(),
///     "the executor `Inline` can't honour the option `delay`: \
///      leave it out, or give the scope an executor that can",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedOption {
    option: &'static str,
    executor: &'static str,
}

impl UnsupportedOption {
    /// The error for `option` under `executor`, both by the name their user writes.
    pub fn new(option: &'static str, executor: &'static str) -> Self {
        Self { option, executor }
    }
}

impl fmt::Display for UnsupportedOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the executor `{}` can't honour the option `{}`: leave it out, or give the scope an \
             executor that can",
            self.executor, self.option
        )
    }
}

impl std::error::Error for UnsupportedOption {}
