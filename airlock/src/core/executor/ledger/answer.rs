//! How a ledger is closed: by the executor's answer, or without one.

use super::{Exceptions, Ledger, MaybeSent, State};
use crate::core::executor::DispatchError;
use crate::core::task::called::BoxError;

impl Ledger {
    /// What an executor says whose batch left but for the failures, up to `attempted`.
    pub(crate) fn of_failures(attempted: usize, mut failures: Vec<(usize, BoxError)>) -> Self {
        failures.sort_by_key(|(index, _)| *index);
        failures.dedup_by_key(|(index, _)| *index);
        let failed = |(index, error)| (index, State::Failed(error));
        let noted: Vec<_> = failures.into_iter().map(failed).collect();
        Self { sent: attempted, ..noted.into() }
    }

    /// What an executor says that sent nothing, for this cause: everything has failed, or nothing was attempted.
    pub(crate) fn of_cause(cause: BoxError, all_failed: bool) -> Self {
        let exceptions = Exceptions { states: Vec::new(), cause: Some(cause), all_failed };
        Self { exceptions: Some(Box::new(exceptions)), ..Self::new() }
    }

    /// The error to show for all of it: the first failure, or the cause.
    pub(crate) fn first_error(&self) -> Option<&BoxError> {
        let first = self.failures().next().map(|(_, error)| error);
        first.or_else(|| self.exceptions.as_ref()?.cause.as_ref())
    }

    /// Enters the executor's answer; says whether all of the `len` intents are sent.
    #[inline]
    pub(crate) fn close(&mut self, answer: Result<(), DispatchError>, len: usize) -> bool {
        match answer {
            Ok(()) => self.close_sent(len),
            Err(error) => self.close_as(error.into(), len),
        }
    }

    #[inline]
    fn close_sent(&mut self, len: usize) -> bool {
        self.sent = len;
        self.maybe_sent = 0;
        if let Some(exceptions) = &mut self.exceptions {
            let counts = |index, state: &State| index < len && matches!(state, State::Duplicate);
            exceptions.states.retain(|(index, state)| counts(*index, state));
        }
        true
    }

    #[cold]
    fn close_as(&mut self, answer: Self, len: usize) -> bool {
        let noted = std::mem::replace(self, answer.within(len));
        for index in noted.duplicates() {
            if self.is_sent(index) {
                self.note(index, State::Duplicate);
            }
        }
        self.all_sent(len)
    }

    /// Closes it where nobody waited for the answer: what was on its way may have been sent.
    pub(crate) fn cut_short(&mut self, len: usize) {
        let cause = self.close_unanswered(len, &MaybeSent::Cancelled);
        if cause.is_some() {
            self.exceptions.get_or_insert_default().cause = cause;
        }
    }

    /// Closes it where the executor panicked before it gave an answer, as `error` tells: of what was on its way, and of
    /// what it said nothing of. Says whether all of the `len` intents are sent.
    pub(crate) fn close_panicked(&mut self, error: BoxError, len: usize) -> bool {
        let said = error.to_string();
        self.close_unanswered(len, &MaybeSent::Panicked(said));
        if !self.all_sent(len) {
            let exceptions = self.exceptions.get_or_insert_default();
            exceptions.cause = Some(error);
            exceptions.all_failed = true;
        }
        self.all_sent(len)
    }

    /// Keeps what the executor has said of its progress; gives the cause that was said.
    fn close_unanswered(&mut self, len: usize, why: &MaybeSent) -> Option<BoxError> {
        let maybe_sent = std::mem::take(&mut self.maybe_sent);
        let mut known = std::mem::take(self);
        known.forget_later_duplicates();
        let (mut states, cause) = known.within(len).into_states(len);
        for state in states.iter_mut().take(maybe_sent).filter(|state| state.is_not_attempted()) {
            *state = State::Failed(why.clone().into());
        }
        *self = states.into();
        cause
    }

    /// The same for a batch of `len`: an error that belongs to no intent of it is everyone's.
    fn within(mut self, len: usize) -> Self {
        self.sent = self.sent.min(len);
        if let Some(exceptions) = self.exceptions.as_deref_mut() {
            let end = exceptions.states.partition_point(|(index, _)| *index < len);
            let outside = exceptions.states.split_off(end).into_iter().rev();
            let error = outside.into_iter().find_map(|(_, state)| match state {
                State::Failed(error) => Some(error),
                _ => None,
            });
            if exceptions.cause.is_none() && error.is_some() {
                exceptions.cause = error;
                exceptions.all_failed = true;
                exceptions.states.retain(|(_, state)| matches!(state, State::Failed(_)));
                self.sent = 0;
            }
        }
        self
    }

    /// Whether the intent at `index` is sent.
    pub(crate) fn is_sent(&self, index: usize) -> bool {
        match self.states().binary_search_by_key(&index, |(noted, _)| *noted) {
            Ok(place) => self.states()[place].1.is_sent(),
            Err(_) => index < self.sent,
        }
    }
}
