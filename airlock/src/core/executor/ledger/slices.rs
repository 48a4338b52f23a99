//! Ledgers of batches that are cut into pieces and put together.

use super::{Ledger, State};

impl Ledger {
    /// Takes out what is said of the intents from `at` on, of `len`.
    pub(crate) fn split_off(&mut self, at: usize, len: usize) -> Self {
        self.spell_out(len);
        let sent = self.sent.saturating_sub(at);
        self.sent = self.sent.min(at);
        let mut later = Vec::new();
        if let Some(exceptions) = &mut self.exceptions {
            let place = exceptions.states.partition_point(|(index, _)| *index < at);
            later = exceptions.states.split_off(place);
        }
        let later: Vec<_> = later.into_iter().map(|(index, state)| (index - at, state)).collect();
        Self { sent, ..later.into() }
    }

    /// Puts what is said of `more` other intents behind what is said of `len`.
    pub(crate) fn append(&mut self, len: usize, mut other: Self, more: usize) {
        self.spell_out(len);
        other.spell_out(more);
        if other.sent > 0 {
            self.note_not_attempted(len);
            self.sent = len + other.sent;
        }
        if let Some(theirs) = other.exceptions {
            let ours = self.exceptions.get_or_insert_default();
            ours.states
                .extend(theirs.states.into_iter().map(|(index, state)| (len + index, state)));
            ours.cause = ours.cause.take().or(theirs.cause);
        }
    }

    /// Says of each of `len` intents that it failed, where that is said of all.
    fn spell_out(&mut self, len: usize) {
        if self.exceptions.as_ref().is_some_and(|exceptions| exceptions.all_failed) {
            let (states, cause) = std::mem::take(self).into_states(len);
            *self = states.into();
            self.exceptions.get_or_insert_default().cause = cause;
        }
    }

    /// Says of each of `len` intents that it was not attempted, where that is said of all from one on.
    fn note_not_attempted(&mut self, len: usize) {
        if self.sent >= len {
            return;
        }
        let states = &mut self.exceptions.get_or_insert_default().states;
        let place = states.partition_point(|(index, _)| *index < self.sent);
        let mut noted = states.split_off(place).into_iter().peekable();
        states.extend((self.sent..len).map(|index| {
            let own = noted.next_if(|(noted, _)| *noted == index);
            own.unwrap_or((index, State::NotAttempted))
        }));
        self.sent = len;
    }
}
