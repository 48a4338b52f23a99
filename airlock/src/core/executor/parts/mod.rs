//! A batch that several executors share, or that one is given again and again.

mod best_effort;
mod reasons;
#[cfg(test)]
mod tests;

pub(crate) use best_effort::dispatch_past_best_effort;

use crate::core::executor::ledger::{Ledger, State};
use crate::core::executor::{Batch, DispatchError, DynExecutor, dispatch};
use crate::core::intent::Intent;
use crate::core::task::called::BoxError;

/// A batch that is carried out in parts, and what has become of each intent so far.
///
/// Dropped half-way it puts the batch together again and notes in it what is known.
pub(super) struct Parts<'a> {
    whole: &'a mut Batch,
    states: Vec<State>,
    /// Why a part was refused, and the first intent of it, where that is not yet said otherwise.
    refused: Option<(usize, BoxError)>,
    on_its_way: Option<OnItsWay>,
    /// Why an executor before did not dispatch an intent, where nothing else is said of it.
    earlier: Vec<Option<BoxError>>,
    /// How many of the first intents an executor before may have sent.
    maybe_sent: usize,
}

/// A part on its way.
struct OnItsWay {
    out: Vec<bool>,
    /// None where it is the whole batch, as it is.
    part: Option<Batch>,
    answered: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn new(whole: &'a mut Batch) -> Self {
        whole.ledger.begin();
        let noted = std::mem::take(&mut whole.ledger);
        let maybe_sent = noted.maybe_sent();
        // What somebody has taken is theirs.
        let state = |intent: &Intent| {
            if intent.is_spent() { State::Sent } else { State::NotAttempted }
        };
        let states = whole.iter().map(state).collect();
        Self { whole, states, refused: None, on_its_way: None, earlier: Vec::new(), maybe_sent }
    }

    /// Those of the intents for which `wanted` says so that have not left and can be sent.
    pub(super) fn rest(&self, wanted: impl Fn(usize) -> bool) -> Vec<bool> {
        let intents = self.whole.iter().zip(&self.states).enumerate();
        intents
            .map(|(index, (intent, state))| !state.is_sent() && !intent.is_spent() && wanted(index))
            .collect()
    }

    /// Sends the intents that `out` names as one batch; says whether all of them left.
    pub(super) async fn send(&mut self, executor: &dyn DynExecutor, out: Vec<bool>) -> bool {
        if !out.contains(&true) {
            return true;
        }
        let part = out.contains(&false).then(|| self.whole.part(&out));
        self.whole.ledger = Ledger::new();
        let sent = self.on_its_way.insert(OnItsWay { out, part, answered: false });
        let all_sent = dispatch(executor, sent.part.as_mut().unwrap_or(self.whole)).await;
        sent.answered = true;
        self.settle();
        all_sent
    }

    /// Puts back what is on its way, and notes what is known of it.
    fn settle(&mut self) {
        let Some(OnItsWay { out, mut part, answered }) = self.on_its_way.take() else { return };
        let batch = part.as_mut().unwrap_or(self.whole);
        let len = batch.len();
        let mut ledger = std::mem::take(&mut batch.ledger);
        if !answered {
            ledger.cut_short(len);
        }
        if let Some(part) = part {
            self.whole.rejoin(part, &out);
        }
        if !answered && let Some(lost) = self.whole.lost.clone() {
            self.whole.put_aside(lost.take());
        }
        let (states, cause) = ledger.into_states(len);
        let cause = cause.filter(|_| states.iter().any(State::is_not_attempted));
        self.note(&out, states);
        if self.refused.as_ref().is_some_and(|(index, _)| !out[*index]) {
            self.tell_refusal();
        }
        let first = (0..out.len()).find(|index| out[*index] && !self.states[*index].is_sent());
        self.refused = first.zip(cause);
    }

    /// Notes what has become of the intents that `out` names, and of what their tasks have enqueued.
    fn note(&mut self, out: &[bool], states: Vec<State>) {
        let mut states = states.into_iter();
        for (ours, _) in self.states.iter_mut().zip(out).filter(|(_, out)| **out) {
            match states.next() {
                // One that failed before has its reason.
                Some(State::NotAttempted) | None => {}
                Some(state) => *ours = state,
            }
        }
        self.states.extend(states);
    }

    /// Says why a part was refused in the place of its first intent.
    fn tell_refusal(&mut self) {
        if let Some((index, cause)) = self.refused.take() {
            self.states[index] = State::Failed(cause);
        }
    }

    /// What became of the batch.
    pub(super) fn finish(mut self) -> Result<(), DispatchError> {
        if !self.states.iter().all(State::is_not_attempted) {
            self.tell_refusal();
        }
        let refused = self.refused.take();
        self.enter();
        match refused {
            Some((_, cause)) => Err(DispatchError::refused(cause)),
            None if self.whole.all_sent() => Ok(()),
            None => Err(self.whole.stop()),
        }
    }

    /// Enters into the batch's ledger what is known.
    fn enter(&mut self) {
        self.whole.ledger = std::mem::take(&mut self.states).into();
        self.whole.ledger.maybe_sent_until(self.maybe_sent);
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        self.settle();
        for (state, earlier) in self.states.iter_mut().zip(std::mem::take(&mut self.earlier)) {
            if let (State::NotAttempted, Some(earlier)) = (&*state, earlier) {
                *state = State::Failed(earlier);
            }
        }
        if !self.states.is_empty() {
            self.enter();
        }
    }
}
