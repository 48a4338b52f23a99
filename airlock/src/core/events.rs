//! What is logged: through `tracing`, where that feature is on. What nobody else is told is said on
//! standard error where the program has no subscriber.
//!
//! Targets: `airlock::enqueue` for refusals, `airlock::flush` for what became of intents,
//! `airlock::transaction` for rollbacks that failed, after which the database rolls back by itself.
//! A fate that nobody would call trouble is at DEBUG, the others at WARN and ERROR.

use crate::core::intent::Intent;
use crate::core::report::Report;
use crate::core::stack::enqueue_error::EnqueueError;

pub(crate) use imp::*;

#[cfg(feature = "tracing")]
mod imp {
    use tracing::{Level, debug, enabled, error, info, warn};

    use super::{EnqueueError, Intent, Report, aloud};
    use crate::core::report::{Fate, Why};

    /// Whether somebody would read a report.
    #[inline]
    pub(crate) fn reports() -> bool {
        enabled!(target: "airlock::flush", Level::DEBUG)
    }

    /// Whether somebody would read that intents were discarded.
    pub(crate) fn reports_discard(why: Why) -> bool {
        match why {
            Why::Panic | Why::Cancelled | Why::Undecided => {
                enabled!(target: "airlock::flush", Level::WARN)
            }
            _ => reports(),
        }
    }

    pub(crate) fn report(report: &Report) {
        let scope = report.scope().unwrap_or_default();
        for entry in report.entries() {
            let (task, call, fate) = (entry.task().name(), entry.to_string(), entry.fate());
            match fate {
                Fate::Failed { .. } => {
                    error!(target: "airlock::flush", scope, task, %fate, "{call}");
                }
                Fate::NotAttempted
                | Fate::Discarded(Why::Panic | Why::Cancelled | Why::Undecided) => {
                    warn!(target: "airlock::flush", scope, task, %fate, "{call}");
                }
                _ => debug!(target: "airlock::flush", scope, task, %fate, "{call}"),
            }
        }
    }

    pub(crate) fn refused(error: &EnqueueError) {
        let task = error.task().name();
        debug!(target: "airlock::enqueue", task, "{error}");
    }

    pub(crate) fn flushing(intent: &Intent) {
        info!(target: "airlock::flush", task = intent.name(), "{intent}");
    }

    pub(crate) fn undecided(intents: usize) {
        if nobody_listens() {
            return aloud::undecided(intents);
        }
        warn!(
            target: "airlock::flush",
            intents,
            "a sealed scope was dropped before anyone decided: its intents are discarded",
        );
    }

    pub(crate) fn cancelled(report: &Report) {
        if nobody_listens() {
            return aloud::cancelled(report);
        }
        warn!(
            target: "airlock::flush",
            "a flush was dropped before its end: {}",
            report.counts(),
        );
    }

    pub(crate) fn failed_elsewhere(failure: &impl std::fmt::Display) {
        if nobody_listens() {
            return aloud::failed_elsewhere(failure);
        }
        error!(target: "airlock::flush", "{failure}");
    }

    #[cfg(feature = "transaction")]
    pub(crate) fn not_rolled_back(place: &str, error: &crate::core::task::called::BoxError) {
        if nobody_listens() {
            return aloud::not_rolled_back(place, error);
        }
        warn!(target: "airlock::transaction", place, "the rollback failed: {error}");
    }

    /// A future, for whatever task, in the span in force here.
    #[cfg(any(feature = "transaction", feature = "web"))]
    pub(crate) fn carried_along<F: Future>(future: F) -> impl Future<Output = F::Output> {
        tracing::Instrument::in_current_span(future)
    }

    /// Whether the program has no subscriber: then what nobody else is told is said aloud.
    fn nobody_listens() -> bool {
        !tracing::dispatcher::has_been_set()
    }
}

#[cfg(not(feature = "tracing"))]
mod imp {
    use super::{EnqueueError, Intent, Report};
    use crate::core::report::Why;

    #[inline]
    pub(crate) fn reports() -> bool {
        false
    }

    #[inline]
    pub(crate) fn reports_discard(_: Why) -> bool {
        false
    }

    #[inline]
    pub(crate) fn report(_: &Report) {}

    #[inline]
    pub(crate) fn refused(_: &EnqueueError) {}

    pub(crate) fn flushing(intent: &Intent) {
        eprintln!("airlock: flushing {intent}");
    }

    pub(crate) use super::aloud::{cancelled, failed_elsewhere, undecided};

    #[cfg(feature = "transaction")]
    pub(crate) use super::aloud::not_rolled_back;

    #[cfg(any(feature = "transaction", feature = "web"))]
    pub(crate) fn carried_along<F: Future>(future: F) -> impl Future<Output = F::Output> {
        future
    }
}

/// On standard error, where there is no log.
mod aloud {
    use super::Report;

    pub(crate) fn undecided(intents: usize) {
        eprintln!(
            "airlock: a sealed scope was dropped before anyone decided: its {intents} intents are \
             discarded"
        );
    }

    pub(crate) fn cancelled(report: &Report) {
        eprintln!("airlock: a flush was dropped before its end: {}", report.counts());
    }

    pub(crate) fn failed_elsewhere(failure: &impl std::fmt::Display) {
        eprintln!("airlock: {failure}");
    }

    #[cfg(feature = "transaction")]
    pub(crate) fn not_rolled_back(place: &str, error: &crate::core::task::called::BoxError) {
        eprintln!(
            "airlock: can't roll back in {place}, which does so once the connection is gone: {error}"
        );
    }
}
