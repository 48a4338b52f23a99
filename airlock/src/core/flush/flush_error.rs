//! A flush that failed.

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::core::cut::cut;
use crate::core::executor::ledger::{Ledger, State};
use crate::core::intent::Intent;
use crate::core::report::Report;
use crate::core::task::TaskInfo;
use crate::core::task::called::BoxError;

/// Not every intent left: holds the report, and hands back what failed and what was not attempted.
///
/// # Examples
///
/// ```
/// #[airlock::task(name = "mail.confirmation")]
/// fn send_confirmation_email(order_id: u64) -> Result<(), &'static str> {
///     if order_id == 2 { Err("mailbox full") } else { Ok(()) }
/// }
///
/// let error = airlock::scope()
///     .run(|| [1, 2, 3].into_iter().try_for_each(|id| send_confirmation_email::enqueue(id)))
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`mail.confirmation(order_id: 2)` failed: mailbox full \
///      (of 3 intents: 1 dispatched, 1 failed, 1 not attempted)",
/// );
///
/// let again = error.into_intents();               // the failed one first, then the others
/// assert_eq!(again[0].to_string(), "mail.confirmation(order_id: 2)");
/// assert_eq!(again[1].to_string(), "mail.confirmation(order_id: 3)");
/// ```
pub struct FlushError {
    inner: Box<Inner>,
}

struct Inner {
    report: Report,
    failures: Vec<Failure>,
    /// Why nothing could be attempted, or everything failed.
    cause: Option<BoxError>,
    /// What is handed back, in order. An intent is not `Sync` and an error has to be: the lock is
    /// only ever taken by whoever owns the error.
    intents: Mutex<HandedBack>,
}

struct Failure {
    task: &'static TaskInfo,
    call: String,
    best_effort: bool,
    error: BoxError,
}

struct HandedBack {
    /// As many as there are failures.
    failed: Vec<Option<Intent>>,
    rest: Vec<Intent>,
}

/// An intent that failed, with its error.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) -> Result<(), &'static str> {
///     if order_id == 1 { Err("mailbox full") } else { Ok(()) }
/// }
///
/// let error = airlock::scope()
///     .run(|| (1..=3).try_for_each(|id| send_mail::enqueue(id)))
///     .unwrap_err();
/// let (_, failed, not_attempted) = error.into_parts();
/// assert_eq!(failed[0].error.to_string(), "mailbox full");
/// assert!(failed[0].intent.as_ref().is_some_and(|intent| intent.is_same(&send_mail::intent(1))));
/// assert_eq!(not_attempted.len(), 2);
/// ```
pub struct FailedIntent {
    /// The task.
    pub task: &'static TaskInfo,
    /// What the executor, or the task, said.
    pub error: BoxError,
    /// The intent; `None` for a local task that ran and whose arguments are not `Clone`.
    pub intent: Option<Intent>,
}

impl fmt::Debug for FailedIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = format!("{}", cut(format_args!("{:?}", self.error)));
        f.debug_struct("FailedIntent")
            .field("task", &self.task)
            .field("error", &format_args!("{error}"))
            .field("intent", &self.intent)
            .finish()
    }
}

impl FlushError {
    pub(crate) fn new(report: Report, ledger: Ledger, batch: Vec<Intent>) -> Self {
        let (states, cause) = ledger.into_states(batch.len());
        let mut failures = Vec::new();
        let mut returned = HandedBack { failed: Vec::new(), rest: Vec::new() };
        for (intent, state) in batch.into_iter().zip(states) {
            match state {
                State::Sent | State::Duplicate => {}
                State::Failed(error) => {
                    let (task, call) = (intent.task(), intent.to_string());
                    let best_effort = intent.is_best_effort();
                    failures.push(Failure { task, call, best_effort, error });
                    returned.failed.push((!intent.is_spent()).then_some(intent));
                }
                State::NotAttempted if intent.is_spent() => {}
                State::NotAttempted => returned.rest.push(intent),
            }
        }
        let intents = Mutex::new(returned);
        Self { inner: Box::new(Inner { report, failures, cause, intents }) }
    }

    /// What became of every intent of the scope.
    pub fn report(&self) -> &Report {
        &self.inner.report
    }

    /// Each intent that failed: its task and its error.
    pub fn failures(
        &self,
    ) -> impl ExactSizeIterator<Item = (&'static TaskInfo, &(dyn Error + 'static))> {
        self.inner.failures.iter().map(|failure| (failure.task, &*failure.error as _))
    }

    /// What did not leave, to be tried again: the failed intents first, then those not attempted,
    /// each in order.
    ///
    /// What an executor has [taken](crate::Batch::take) is missing here, and so is a failed intent of
    /// a local task whose arguments are not `Clone`; [`into_parts`](Self::into_parts) has the error.
    pub fn into_intents(self) -> Vec<Intent> {
        let (_, failed, rest) = self.into_parts();
        failed.into_iter().filter_map(|failed| failed.intent).chain(rest).collect()
    }

    /// The report, the intents that failed, and those that were not attempted.
    pub fn into_parts(self) -> (Report, Vec<FailedIntent>, Vec<Intent>) {
        let Inner { report, failures, intents, .. } = *self.inner;
        let HandedBack { failed, rest } =
            intents.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failed = failures
            .into_iter()
            .zip(failed)
            .map(|(failure, intent)| FailedIntent {
                task: failure.task,
                error: failure.error,
                intent,
            })
            .collect();
        (report, failed, rest)
    }
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { report, failures, cause, .. } = &*self.inner;
        let why = failures.iter().find(|failure| !failure.best_effort).or(failures.first());
        match (why, cause) {
            (Some(first), _) => write!(f, "`{}` failed: {}", first.call, cut(&first.error))?,
            (None, Some(cause)) if report.dispatched() == 0 => {
                write!(f, "nothing was dispatched: {}", cut(cause))?;
            }
            (None, Some(cause)) => write!(f, "not everything was dispatched: {}", cut(cause))?,
            (None, None) => f.write_str("the flush failed")?,
        }
        let intents = if report.enqueued() == 1 { "intent" } else { "intents" };
        write!(f, " (of {} {intents}: {})", report.enqueued(), report.counts())
    }
}

/// The sentence and the table: what `unwrap`, and a `main` that returns the error, show.
impl fmt::Debug for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n{}", self.inner.report)
    }
}

impl Error for FlushError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // What all failed for: to the single intents it is only a text.
        let cause = self.inner.cause.as_ref();
        let first = self.inner.failures.first().map(|failure| &failure.error);
        cause.or(first).map(|error| &**error as _)
    }
}
