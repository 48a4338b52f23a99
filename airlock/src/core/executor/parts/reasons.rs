//! Why intents did not leave, as executors of executors tell it.

use super::Parts;
use crate::core::executor::ledger::State;
use crate::core::panics::guarded;
use crate::core::task::called::BoxError;

impl Parts<'_> {
    /// Puts the reasons aside that are known so far, of each intent that failed, so that others may come;
    /// gives why intents were not attempted, as far as that is known.
    pub(in crate::core::executor) fn put_reasons_aside(&mut self) -> Option<String> {
        self.earlier = self.states.iter_mut().map(take_reason).collect();
        let refused = self.refused.take().map(|(_, cause)| cause);
        refused
            .as_ref()
            .or_else(|| self.earlier.iter().flatten().next())
            .map(|cause| guarded(cause).to_string())
    }

    /// Takes the reasons out that were put aside.
    pub(in crate::core::executor) fn take_earlier(&mut self) -> Vec<Option<BoxError>> {
        std::mem::take(&mut self.earlier)
    }

    /// Says of each intent that did not leave why, given what is known of it: its index, and its
    /// reason.
    pub(in crate::core::executor) fn explain(
        &mut self,
        mut why: impl FnMut(Option<usize>, Option<BoxError>) -> Option<BoxError>,
    ) {
        self.settle();
        for (index, state) in self.states.iter_mut().enumerate() {
            if !state.is_sent() {
                let reason = why(Some(index), take_reason(state));
                *state = reason.map_or(State::NotAttempted, State::Failed);
            }
        }
        if let Some((index, cause)) = self.refused.take() {
            self.refused = why(None, Some(cause)).map(|cause| (index, cause));
        }
    }
}

/// The error of an intent that failed, which counts as not attempted from then on.
fn take_reason(state: &mut State) -> Option<BoxError> {
    if !matches!(state, State::Failed(_)) {
        return None;
    }
    match std::mem::replace(state, State::NotAttempted) {
        State::Failed(error) => Some(error),
        _ => None,
    }
}
