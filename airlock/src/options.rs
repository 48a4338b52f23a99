//! What an intent asks of the executor besides running its task.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What one intent asks of the executor that carries it out.
///
/// An executor that cannot honour an option fails the intent with an [`UnsupportedOption`] rather
/// than ignoring it. A queue and a number of attempts are limits that running a task here and once
/// keeps to, so the executors of this process accept both.
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
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub(crate) queue: Option<Cow<'static, str>>,
    pub(crate) delay: Option<Duration>,
    pub(crate) priority: Option<u8>,
    pub(crate) max_attempts: Option<u32>,
}

/// The options of an intent that was given none.
pub(crate) static NONE: Options =
    Options { queue: None, delay: None, priority: None, max_attempts: None };

impl Options {
    /// The queue to use instead of the task's own.
    pub fn queue(&self) -> Option<&str> {
        self.queue.as_deref()
    }

    /// How long to wait, counted from the flush, before the task may run.
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// The priority, 0 (lowest) to 255 (highest).
    pub fn priority(&self) -> Option<u8> {
        self.priority
    }

    /// How often the task may be tried, the first time included.
    pub fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// Refuses what an executor that runs tasks at once, in this process, can't honour.
    pub(crate) fn check_immediate(&self, executor: &'static str) -> Result<(), UnsupportedOption> {
        let option = if self.delay.is_some() {
            "delay"
        } else if self.priority.is_some() {
            "priority"
        } else {
            return Ok(());
        };
        Err(UnsupportedOption::new(option, executor))
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
