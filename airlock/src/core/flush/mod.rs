//! How a scope ends that is to flush: its intents are offered to the scopes around, judged, dispatched, and what became of
//! them is reported.

mod chunks;
mod dispatch;
mod flush_error;
mod offer;
mod outgoing;
mod plain;
#[cfg(feature = "transaction")]
mod rows;

pub use flush_error::{FailedIntent, FlushError};
#[cfg(feature = "transaction")]
pub(crate) use rows::Rows;

use crate::core::executor::DispatchError;
use crate::core::executor::batch::Batch;
use crate::core::flush::outgoing::Outgoing;
use crate::core::report::Report;
use crate::core::run::Runner;
use crate::core::stack::contents::Contents;
#[cfg(feature = "transaction")]
use crate::core::stack::enclosing::Enclosing;
use crate::core::stack::scope_settings::wants_report;
use crate::core::stack::while_judging::is_judging;

/// What is left to do of a scope that is to flush.
pub(crate) enum Flush {
    /// Scopes around have captured everything, which is to be reported.
    Captured(Outgoing),
    /// The intents can't leave, as their ledger says.
    Refused(Outgoing),
    /// They are to be dispatched.
    Ready(Outgoing),
}

impl Flush {
    /// Moves the intents into the scope around, where nothing more is to be done of a scope that is to flush; whether it
    /// was so.
    pub(crate) fn is_captured(contents: &mut Contents) -> bool {
        offer::is_captured_unread(contents)
    }

    /// Offers the intents to the scopes around and judges what they release. `None` where nothing is
    /// left to do or to report.
    pub(crate) fn prepare(contents: Contents, reported: bool) -> Option<Self> {
        let reported = reported || wants_report(contents.settings.as_deref());
        if is_judging() && !contents.buffer.is_empty() {
            let inside = DispatchError::refused(
                "a scope is flushed from inside a policy: policies judge effects, they never let \
                 them out",
            );
            return Some(Outgoing::held(contents, reported).refused(inside));
        }
        offer::to_scopes_around(contents, reported)
    }

    /// Intents that their scope has let go and that are dispatched elsewhere.
    pub(crate) fn of(batch: Batch) -> Self {
        Self::Ready(Outgoing::of(batch))
    }

    /// The intents, where they are not dispatched after all.
    pub(crate) fn into_batch(self) -> Batch {
        let Self::Ready(mut outgoing) = self else { unreachable!("it is made of a batch") };
        outgoing.take_batch()
    }

    /// Dispatches from sync code.
    pub(crate) fn run(self) -> Result<(), FlushError> {
        self.dispatch().map(drop)
    }

    /// The same, with the report.
    pub(crate) fn run_reported(self) -> Result<Report, FlushError> {
        self.dispatch().map(Option::unwrap_or_default)
    }

    fn dispatch(mut self) -> Result<Option<Report>, FlushError> {
        match &mut self {
            Self::Captured(outgoing) => outgoing.finish(),
            Self::Refused(outgoing) => Err(outgoing.fail()),
            Self::Ready(outgoing) => {
                outgoing.dispatch();
                outgoing.finish()
            }
        }
    }

    /// Dispatches from async code.
    pub(crate) async fn run_async(self) -> Result<(), FlushError> {
        self.dispatch_async().await.map(drop)
    }

    /// The same, with the report.
    pub(crate) async fn run_reported_async(self) -> Result<Report, FlushError> {
        self.dispatch_async().await.map(Option::unwrap_or_default)
    }

    async fn dispatch_async(mut self) -> Result<Option<Report>, FlushError> {
        match &mut self {
            Self::Captured(outgoing) => outgoing.finish(),
            Self::Refused(outgoing) => Err(outgoing.fail()),
            Self::Ready(outgoing) => {
                outgoing.dispatch_async().await;
                outgoing.finish()
            }
        }
    }

    /// Runs the tasks here.
    pub(crate) fn run_with(mut self, runner: &Runner) -> Result<(), FlushError> {
        let Self::Ready(outgoing) = &mut self else { unreachable!("it is made of a batch") };
        let result = runner.run_now(&mut outgoing.batch);
        outgoing.finish_whole(result)
    }

    /// The same from async code.
    #[cfg(feature = "tokio")]
    pub(crate) async fn run_with_async(mut self, runner: &Runner) -> Result<(), FlushError> {
        let Self::Ready(outgoing) = &mut self else { unreachable!("it is made of a batch") };
        let result = runner.run_async(&mut outgoing.batch).await;
        outgoing.finish_whole(result)
    }

    /// Names the executor that would be used here, for a flush that is run elsewhere.
    #[cfg(feature = "_detached")]
    pub(crate) fn apart(mut self) -> Self {
        if let Self::Ready(outgoing) = &mut self {
            let executor = outgoing.executor();
            outgoing.settings.get_or_insert_default().executor = executor;
        }
        self
    }
}

/// What transactions ask for.
#[cfg(feature = "transaction")]
impl Flush {
    /// Moves the intents into a scope further out, which is asked nothing.
    pub(crate) fn hand_to(scope: &Enclosing, contents: Contents) -> Self {
        offer::to_scope(scope, contents)
    }

    /// Moves the intents into the scope around, which is asked nothing.
    pub(crate) fn hand_over(contents: Contents) -> Self {
        offer::to_scope_around(contents)
    }

    /// Ends without having attempted anything.
    pub(crate) fn give_back(
        contents: Contents,
        why: crate::core::task::called::BoxError,
    ) -> FlushError {
        let mut outgoing = Outgoing::held(contents, crate::core::report::log::reports());
        outgoing.undone(DispatchError::refused(why))
    }
}
