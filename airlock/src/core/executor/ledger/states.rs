//! What one intent has become, and how a ledger is read.

use std::fmt;

use super::{Exceptions, Ledger};
use crate::core::panics::guarded;
use crate::core::report::Fate;
use crate::core::task::called::BoxError;

/// What one intent has become.
#[derive(Debug)]
pub(crate) enum State {
    Sent,
    /// The engine holds one of the same unique key, and so left this one out.
    Duplicate,
    Failed(BoxError),
    NotAttempted,
}

/// Why an intent failed that an executor had begun to send.
#[derive(Clone, Debug)]
pub(crate) enum MaybeSent {
    /// Nobody waited for the answer.
    Cancelled,
    /// The executor panicked, as this says.
    Panicked(String),
}

impl State {
    /// Whether it is with the engine.
    pub(crate) fn is_sent(&self) -> bool {
        matches!(self, Self::Sent | Self::Duplicate)
    }

    pub(crate) fn is_not_attempted(&self) -> bool {
        matches!(self, Self::NotAttempted)
    }

    fn fate(&self) -> Fate {
        match self {
            Self::Sent => Fate::Dispatched,
            Self::Duplicate => Fate::Duplicate,
            Self::Failed(error) => Fate::Failed { error: guarded(error).to_string() },
            Self::NotAttempted => Fate::NotAttempted,
        }
    }
}

impl Ledger {
    /// Whether all of `len` intents are sent.
    #[inline]
    pub(crate) fn all_sent(&self, len: usize) -> bool {
        self.sent >= len && self.states().iter().all(|(_, state)| state.is_sent())
    }

    /// What the report says of each of `len` intents, in order.
    pub(crate) fn fates(&self, len: usize) -> impl Iterator<Item = Fate> {
        let mut exceptions = self.states().iter().peekable();
        (0..len).map(move |index| match exceptions.next_if(|(noted, _)| *noted == index) {
            Some((_, state)) => state.fate(),
            None if index < self.sent => Fate::Dispatched,
            None => self.fate_of_others(),
        })
    }

    fn fate_of_others(&self) -> Fate {
        match self.exceptions.as_deref() {
            Some(Exceptions { cause: Some(cause), all_failed: true, .. }) => {
                Fate::Failed { error: guarded(cause).to_string() }
            }
            _ => Fate::NotAttempted,
        }
    }

    /// What each of `len` intents has become, in order, and why others than those that failed are not sent. Each that
    /// failed for a cause that is everyone's has its text.
    pub(crate) fn into_states(self, len: usize) -> (Vec<State>, Option<BoxError>) {
        let Exceptions { states, cause, all_failed } = *self.exceptions.unwrap_or_default();
        let text = cause.as_ref().filter(|_| all_failed).map(|cause| guarded(cause).to_string());
        let mut exceptions = states.into_iter().peekable();
        let states =
            (0..len).map(|index| match (exceptions.next_if(|(noted, _)| *noted == index), &text) {
                (Some((_, state)), _) => state,
                (None, _) if index < self.sent => State::Sent,
                (None, Some(text)) => State::Failed(text.clone().into()),
                (None, None) => State::NotAttempted,
            });
        (states.collect(), cause)
    }
}

impl From<Vec<State>> for Ledger {
    fn from(states: Vec<State>) -> Self {
        let sent = states.iter().rposition(State::is_sent).map_or(0, |last| last + 1);
        let is_exception = |(index, state): &(usize, State)| match state {
            State::Sent => false,
            State::NotAttempted => *index < sent,
            State::Duplicate | State::Failed(_) => true,
        };
        let exceptions: Vec<_> = states.into_iter().enumerate().filter(is_exception).collect();
        Self { sent, ..exceptions.into() }
    }
}

/// These are noted, in order.
impl From<Vec<(usize, State)>> for Ledger {
    fn from(states: Vec<(usize, State)>) -> Self {
        let exceptions = Exceptions { states, ..Exceptions::default() };
        let exceptions = (!exceptions.states.is_empty()).then(|| Box::new(exceptions));
        Self { exceptions, ..Self::new() }
    }
}

impl fmt::Display for MaybeSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Cancelled => "nobody waited for the answer",
            Self::Panicked(said) => said,
        };
        write!(f, "{why}: it may have left all the same")
    }
}

impl std::error::Error for MaybeSent {}
