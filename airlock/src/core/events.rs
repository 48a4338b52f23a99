//! What is logged: through `tracing`, where that feature is on. What nobody else is told is said on
//! standard error where the program has no subscriber.
//!
//! Targets: `airlock::enqueue` for refusals, `airlock::flush` for what became of intents,
//! `airlock::worker` for what became of messages, `airlock::transaction` for rollbacks that failed, after
//! which the database rolls back by itself. A fate that nobody would call trouble is at DEBUG,
//! the others at WARN and ERROR.

#[cfg(any(feature = "transaction", feature = "worker"))]
pub(crate) use imp::*;

#[cfg(feature = "tracing")]
mod imp {
    use tracing::{debug, error, warn};

    use super::aloud;

    /// Runs a task in a span of its own, which a subscriber may join to the trace of the flush.
    #[cfg(feature = "worker")]
    pub(crate) async fn working<F: Future>(
        envelope: &crate::envelope::Envelope,
        attempt: u32,
        attempted: F,
    ) -> F::Output {
        use tracing::Instrument;
        let (task, id) = (envelope.task(), envelope.id());
        let span = tracing::info_span!(target: "airlock::worker", "task", task, %id, attempt);
        attempted.instrument(span).await
    }

    /// Runs a closure, on whatever thread, in the span in force here.
    #[cfg(feature = "worker")]
    pub(crate) fn carried<T>(run: impl FnOnce() -> T) -> impl FnOnce() -> T {
        let span = tracing::Span::current();
        move || span.in_scope(run)
    }

    /// What became of a message.
    #[cfg(feature = "worker")]
    pub(crate) fn settled(
        envelope: &crate::envelope::Envelope,
        attempt: u32,
        settlement: &crate::worker::Settlement,
    ) {
        use crate::worker::Settlement;
        let (task, id) = (envelope.task(), envelope.id());
        match settlement {
            Settlement::Dead { .. } => {
                if nobody_listens() {
                    return aloud::settled(envelope, settlement);
                }
                error!(target: "airlock::worker", task, %id, attempt, "{settlement}");
            }
            Settlement::Retry { reason: Some(_), .. } => {
                warn!(target: "airlock::worker", task, %id, attempt, "{settlement}");
            }
            _ => debug!(target: "airlock::worker", task, %id, attempt, "{settlement}"),
        }
    }

    #[cfg(feature = "worker")]
    pub(crate) fn undecodable(error: &crate::envelope::EnvelopeError) {
        if nobody_listens() {
            return aloud::undecodable(error);
        }
        error!(target: "airlock::worker", "dead letter: {error}");
    }

    #[cfg(feature = "worker")]
    pub(crate) fn engine_trouble(doing: &'static str, error: &crate::core::task::called::BoxError) {
        if nobody_listens() {
            return aloud::engine_trouble(doing, error);
        }
        warn!(target: "airlock::worker", doing, "trouble with the engine: {error}");
    }

    #[cfg(feature = "worker")]
    pub(crate) fn untold(messages: usize) {
        if nobody_listens() {
            return aloud::untold(messages);
        }
        error!(
            target: "airlock::worker",
            messages,
            "the engine could not be told what became of messages: it delivers them again",
        );
    }

    /// Whether the program has no subscriber: then what nobody else is told is said aloud.
    fn nobody_listens() -> bool {
        !tracing::dispatcher::has_been_set()
    }
}

#[cfg(not(feature = "tracing"))]
mod imp {
    #[cfg(feature = "worker")]
    pub(crate) use super::aloud::{engine_trouble, undecodable, untold};

    #[cfg(feature = "worker")]
    pub(crate) async fn working<F: Future>(
        _: &crate::envelope::Envelope,
        _: u32,
        attempted: F,
    ) -> F::Output {
        attempted.await
    }

    #[cfg(feature = "worker")]
    pub(crate) fn carried<T>(run: impl FnOnce() -> T) -> impl FnOnce() -> T {
        run
    }

    #[cfg(feature = "worker")]
    pub(crate) fn settled(
        envelope: &crate::envelope::Envelope,
        _: u32,
        settlement: &crate::worker::Settlement,
    ) {
        if matches!(settlement, crate::worker::Settlement::Dead { .. }) {
            super::aloud::settled(envelope, settlement);
        }
    }
}

/// On standard error, where there is no log.
mod aloud {
    #[cfg(feature = "worker")]
    pub(crate) fn settled(
        envelope: &crate::envelope::Envelope,
        settlement: &crate::worker::Settlement,
    ) {
        eprintln!("airlock: {} {}: {settlement}", envelope.task(), envelope.id());
    }

    #[cfg(feature = "worker")]
    pub(crate) fn undecodable(error: &crate::envelope::EnvelopeError) {
        eprintln!("airlock: dead letter: {error}");
    }

    #[cfg(feature = "worker")]
    pub(crate) fn engine_trouble(doing: &'static str, error: &crate::core::task::called::BoxError) {
        eprintln!("airlock: trouble with the engine ({doing}): {error}");
    }

    #[cfg(feature = "worker")]
    pub(crate) fn untold(messages: usize) {
        eprintln!(
            "airlock: the engine could not be told what became of {messages} messages: it delivers \
             them again"
        );
    }
}
