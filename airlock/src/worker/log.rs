//! What a worker logs, under the target `airlock::worker`.
//!
//! A failure that is reported nowhere else goes to standard error if the program has no `tracing`
//! subscriber, or is built without the feature `tracing`.

use std::fmt::Display;
use std::time::Duration;

use crate::core::cut::cut;
use crate::core::log::{event, has_subscriber};
use crate::core::task::called::BoxError;
use crate::envelope::{Envelope, EnvelopeError};
use crate::worker::{Message, MessageName, Settlement};

pub(super) use spans::{in_current_span, in_task_span};

/// Logs what became of a message.
pub(super) fn settled(envelope: &Envelope, attempt: u32, settlement: &Settlement) {
    let (task, id) = (envelope.task(), envelope.id());
    match settlement {
        Settlement::Dead { .. } if !has_subscriber() => {
            eprintln!("airlock: {} {id}: {settlement}", cut(task));
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

/// Logs that a message is given back because this binary does not know what it is.
pub(super) fn given_back(why: &str, after: Duration) {
    let why = cut(why);
    if !has_subscriber() {
        return eprintln!("airlock: a message is given back for {after:.1?}: {why}");
    }
    event!(warn, "airlock::worker", [], "a message is given back for {after:.1?}: {why}");
}

/// Logs that a message is a dead letter because it can't be decoded.
pub(super) fn undecodable(error: &EnvelopeError) {
    if !has_subscriber() {
        return eprintln!("airlock: dead letter: {error}");
    }
    event!(error, "airlock::worker", [], "dead letter: {error}");
}

/// Logs that messages came that lost workers had held.
pub(super) fn taken_over<R>(messages: &[Message<R>]) {
    let taken: Vec<_> = messages.iter().filter(|message| message.interrupted).collect();
    let Some(first) = taken.first() else { return };
    let first = match &first.envelope {
        Ok(envelope) => format!("{} {}", cut(envelope.task()), envelope.id()),
        Err(error) => error.to_string(),
    };
    let messages = taken.len();
    event!(
        warn,
        "airlock::worker",
        [messages],
        "messages are taken over from a worker that was lost: it sent no heartbeat until their leases ended; the first \
         is {first}"
    );
}

/// Logs that messages were no longer this worker's when they were to begin.
pub(super) fn fenced(names: &[MessageName]) {
    no_longer_held(
        names,
        "messages are dropped unrun, because they are no longer this worker's: another one has taken them over, or the \
         connection is lost that they came on",
    );
}

/// Logs that messages were no longer this worker's when it settled them; `repeated` is whether the engine was told
/// before, and its answer was lost.
pub(super) fn stale(names: &[&MessageName], repeated: bool) {
    no_longer_held(
        names,
        if repeated {
            "messages were no longer this worker's when it settled them, or an answer was lost: where another one has \
             taken them over, what became of them here does not count"
        } else {
            "messages were no longer this worker's when it settled them: another one has taken them over, and what \
             became of them here does not count"
        },
    );
}

fn no_longer_held(names: &[impl Display], text: &str) {
    if names.is_empty() {
        return;
    }
    let (messages, first) = (names.len(), first_of(names));
    if !has_subscriber() {
        return eprintln!("airlock: {text}: {first}");
    }
    event!(warn, "airlock::worker", [messages], "{text}: {first}");
}

/// The first of some names.
fn first_of(names: &[impl Display]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = names.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Logs that the engine failed.
pub(crate) fn engine_trouble(doing: &'static str, error: &BoxError) {
    let error = cut(error);
    if !has_subscriber() {
        return eprintln!("airlock: trouble with the engine ({doing}): {error}");
    }
    event!(warn, "airlock::worker", [doing], "trouble with the engine: {error}");
}

/// Logs that an engine's messages may lie where nobody looks, or may be removed.
#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
pub(crate) fn doubtful_server(text: &str) {
    if !has_subscriber() {
        return eprintln!("airlock: {text}");
    }
    event!(warn, "airlock::worker", [], "{text}");
}

/// Logs that an engine may have lost messages.
#[cfg(any(feature = "celery-redis", feature = "apalis-redis"))]
pub(crate) fn removed(text: &str) {
    if !has_subscriber() {
        return eprintln!("airlock: {text}");
    }
    event!(error, "airlock::worker", [], "{text}");
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
