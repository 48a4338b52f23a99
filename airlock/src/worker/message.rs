//! A message of an engine.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use uuid::Uuid;

use crate::core::cut::cut;
use crate::envelope::{Envelope, EnvelopeError};

/// A message as its engine delivered it.
#[derive(Debug)]
pub struct Message<R> {
    pub(crate) receipt: R,
    pub(crate) envelope: Result<Envelope, EnvelopeError>,
    pub(crate) attempt: u32,
    pub(crate) due: Option<SystemTime>,
    pub(crate) interrupted: bool,
    pub(crate) waited: bool,
}

impl<R> Message<R> {
    /// A message at its first attempt, with its envelope or the reason why it has none.
    pub fn new(receipt: R, envelope: Result<Envelope, EnvelopeError>) -> Self {
        Self { receipt, envelope, attempt: 1, due: None, interrupted: false, waited: false }
    }

    /// Sets the number of the attempt, the first being 1.
    ///
    /// An attempt whose worker was killed counts too, so that a task that kills its workers is given up in
    /// the end: a message that is delivered for more attempts than it has becomes a dead letter.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt.max(1);
        self
    }

    /// Sets whether the worker that had the message before died without settling it, whether or not that
    /// was an attempt.
    ///
    /// It is unknown which task killed that worker: this one, or one beside it. So the engine is
    /// told [before](crate::worker::Source::begin) the task begins, and nothing else runs during the last
    /// attempt of such a message, unless it only [waited](Self::waited): no other task can make it fail.
    #[must_use]
    pub fn interrupted(mut self, interrupted: bool) -> Self {
        self.interrupted = interrupted;
        self
    }

    /// Sets whether an [interrupted](Self::interrupted) message only waited in the worker that died: its task had not
    /// begun there, as far as the engine [was told](crate::worker::Source::begin), and in no other that died.
    ///
    /// At its last attempt its task would have been reported. So it did not kill that worker, and others run beside it.
    #[must_use]
    pub fn waited(mut self, waited: bool) -> Self {
        self.waited = waited;
        self
    }

    /// Sets the time before which the task may not run, for an engine that delivers the message earlier:
    /// the worker returns it until then.
    #[must_use]
    pub fn due(mut self, due: Option<SystemTime>) -> Self {
        self.due = due;
        self
    }

    /// The receipt to settle the message with, its envelope, and the attempt's number.
    pub fn into_parts(self) -> (R, Result<Envelope, EnvelopeError>, u32) {
        (self.receipt, self.envelope, self.attempt)
    }
}

/// How logs name a message.
#[derive(Debug)]
pub(super) struct MessageName(Option<(Cow<'static, str>, Uuid)>);

impl MessageName {
    /// The name of a message that can't be decoded.
    pub(super) fn unknown() -> Self {
        Self(None)
    }
}

impl From<Envelope> for MessageName {
    fn from(envelope: Envelope) -> Self {
        Self(Some(envelope.into_name()))
    }
}

impl From<Result<Envelope, EnvelopeError>> for MessageName {
    fn from(envelope: Result<Envelope, EnvelopeError>) -> Self {
        envelope.map_or_else(|_| Self::unknown(), Self::from)
    }
}

impl fmt::Display for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((task, id)) => write!(f, "{} {id}", cut(task)),
            None => f.write_str("an undecodable message"),
        }
    }
}
