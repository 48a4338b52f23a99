//! What a worker logs, under the target `airlock::worker`.
//!
//! A failure that is reported nowhere else goes to standard error if the program has no `tracing`
//! subscriber, or is built without the feature `tracing`.

use crate::core::cut::cut;
use crate::core::log::{event, has_subscriber};
use crate::core::task::called::BoxError;
use crate::envelope::{Envelope, EnvelopeError};
use crate::worker::Settlement;

pub(super) use spans::{in_current_span, in_task_span};

/// Logs what became of a message.
pub(super) fn settled(envelope: &Envelope, attempt: u32, settlement: &Settlement) {
    let (task, id) = (envelope.task(), envelope.id());
    match settlement {
        Settlement::Dead { .. } if !has_subscriber() => {
            eprintln!("airlock: {task} {id}: {settlement}");
        }
        Settlement::Dead { .. } => {
            event!(error, "airlock::worker", [task, %id, attempt], "{settlement}");
        }
        Settlement::Retry { reason: Some(_), .. } => {
            event!(warn, "airlock::worker", [task, %id, attempt], "{settlement}");
        }
        _ => event!(debug, "airlock::worker", [task, %id, attempt], "{settlement}"),
    }
}

/// Logs that a message is a dead letter because it can't be decoded.
pub(super) fn undecodable(error: &EnvelopeError) {
    if !has_subscriber() {
        return eprintln!("airlock: dead letter: {error}");
    }
    event!(error, "airlock::worker", [], "dead letter: {error}");
}

/// Logs that the engine failed.
pub(crate) fn engine_trouble(doing: &'static str, error: &BoxError) {
    let error = cut(error);
    if !has_subscriber() {
        return eprintln!("airlock: trouble with the engine ({doing}): {error}");
    }
    event!(warn, "airlock::worker", [doing], "trouble with the engine: {error}");
}

/// Logs that the engine could not be told what became of messages.
pub(super) fn untold(messages: usize) {
    if !has_subscriber() {
        return eprintln!(
            "airlock: the engine could not be told what became of {messages} messages: it delivers \
             them again"
        );
    }
    event!(
        error,
        "airlock::worker",
        [messages],
        "the engine could not be told what became of messages: it delivers them again"
    );
}

#[cfg(feature = "tracing")]
mod spans {
    use tracing::{Instrument, Span, info_span};

    use crate::envelope::Envelope;

    /// Runs a task in a span of its own. It is made at the first poll, in the trace that is current then.
    pub(in crate::worker) async fn in_task_span<F: Future>(
        envelope: &Envelope,
        attempt: u32,
        run: F,
    ) -> F::Output {
        let (task, id) = (envelope.task(), envelope.id());
        let span = info_span!(target: "airlock::worker", "task", task, %id, attempt);
        run.instrument(span).await
    }

    /// Runs a closure, on any thread, in the span that is current here.
    pub(in crate::worker) fn in_current_span<T>(run: impl FnOnce() -> T) -> impl FnOnce() -> T {
        let span = Span::current();
        move || span.in_scope(run)
    }
}

#[cfg(not(feature = "tracing"))]
mod spans {
    use crate::envelope::Envelope;

    pub(in crate::worker) fn in_task_span<F: Future>(_: &Envelope, _: u32, run: F) -> F {
        run
    }

    pub(in crate::worker) fn in_current_span<F>(run: F) -> F {
        run
    }
}
