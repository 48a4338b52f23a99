//! What has become of each intent of a batch.

mod answer;
mod slices;
mod states;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub(crate) use states::{MaybeSent, State};

use crate::core::executor::DispatchError;
use crate::core::task::called::BoxError;

/// What has become of each intent of a batch, by its index.
///
/// While an executor is at work this is its progress, which counts should nobody wait for its end; afterwards it is its
/// [answer](Self::close). Where all goes well it is one number. What single intents have become instead are
/// exceptions, and only these are allocated.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Those before it are sent and the others are not attempted, but for the exceptions.
    sent: usize,
    /// Those before it may have been sent, where they don't count as sent or failed.
    maybe_sent: usize,
    exceptions: Option<Box<Exceptions>>,
}

#[derive(Debug, Default)]
struct Exceptions {
    /// What single intents have become, in order, each once. While an executor is at work, a duplicate that does not
    /// count as sent so far is one only once it does.
    states: Vec<(usize, State)>,
    /// Why the others are not sent.
    cause: Option<BoxError>,
    /// Whether the others failed for that cause, rather than not being attempted.
    all_failed: bool,
}

impl Ledger {
    pub(crate) const fn new() -> Self {
        Self { sent: 0, maybe_sent: 0, exceptions: None }
    }

    /// Those before `end` are sent, but for what is noted of single ones.
    #[inline]
    pub(crate) fn sent_until(&mut self, end: usize) {
        self.sent = end;
    }

    /// These are on their way, and those before them are sent.
    pub(crate) fn sending(&mut self, indices: Range<usize>) {
        self.sent = indices.start;
        self.maybe_sent = self.maybe_sent.max(indices.end);
    }

    /// Those before `end` may have been sent.
    pub(crate) fn maybe_sent_until(&mut self, end: usize) {
        self.maybe_sent = end;
    }

    /// How many of the first ones may have been sent.
    pub(crate) fn maybe_sent(&self) -> usize {
        self.maybe_sent
    }

    /// Notes what one intent has become. Of several failures the first counts.
    pub(crate) fn note(&mut self, index: usize, state: State) {
        let states = &mut self.exceptions.get_or_insert_default().states;
        match states.binary_search_by_key(&index, |(noted, _)| *noted) {
            Err(place) => states.insert(place, (index, state)),
            Ok(place) if matches!(states[place].1, State::Failed(_)) => {}
            Ok(place) => states[place].1 = state,
        }
    }

    /// The intent at `index` failed, and those before it are attempted.
    pub(crate) fn fail(&mut self, index: usize, error: BoxError) {
        self.note(index, State::Failed(error));
        self.sent = index + 1;
    }

    /// An executor begins: what another one has said of its progress is not about this one, and leaves in doubt what
    /// that may have sent.
    #[inline]
    pub(crate) fn begin(&mut self) {
        if self.sent > 0 || self.exceptions.is_some() {
            self.stop();
        }
    }

    /// What has become of a batch of which nothing more is attempted. From then on it is in doubt what was sent, for
    /// another executor may be given the batch.
    #[cold]
    pub(crate) fn stop(&mut self) -> Self {
        let mut stopped = std::mem::take(self);
        self.maybe_sent = stopped.attempted();
        for index in stopped.duplicates() {
            self.note(index, State::Duplicate);
        }
        stopped.maybe_sent = 0;
        stopped.forget_later_duplicates();
        stopped
    }

    /// Notes that all of `len` intents were attempted.
    ///
    /// # Errors
    ///
    /// Where some failed: what has become of the batch.
    #[inline]
    pub(crate) fn finish(&mut self, len: usize) -> Result<(), DispatchError> {
        self.sent = len;
        if self.exceptions.is_none() || self.last_failure().is_none() {
            return Ok(());
        }
        Err(self.stop().into())
    }

    /// The error of the last one that failed.
    pub(crate) fn last_failure(&self) -> Option<&BoxError> {
        self.failures().next_back().map(|(_, error)| error)
    }

    /// How many of the first ones may have been sent, as far as this says.
    fn attempted(&self) -> usize {
        let failed = self.failures().next_back().map_or(0, |(index, _)| index + 1);
        self.sent.max(self.maybe_sent).max(failed)
    }

    fn failures(&self) -> impl DoubleEndedIterator<Item = (usize, &BoxError)> {
        self.states().iter().filter_map(|(index, state)| match state {
            State::Failed(error) => Some((*index, error)),
            _ => None,
        })
    }

    fn duplicates(&self) -> impl Iterator<Item = usize> {
        let duplicates =
            self.states().iter().filter(|(_, state)| matches!(state, State::Duplicate));
        duplicates.map(|(index, _)| *index)
    }

    fn states(&self) -> &[(usize, State)] {
        self.exceptions.as_deref().map_or(&[], |exceptions| &exceptions.states)
    }

    /// Drops what is said of duplicates that are not sent.
    fn forget_later_duplicates(&mut self) {
        if let Some(exceptions) = &mut self.exceptions {
            let sent = self.sent;
            let counts =
                |index: usize, state: &State| index < sent || !matches!(state, State::Duplicate);
            exceptions.states.retain(|(index, state)| counts(*index, state));
        }
    }
}
