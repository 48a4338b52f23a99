//! Intents of best effort, whose failure holds up no others.

use super::Parts;
use crate::core::executor::ledger::State;
use crate::core::executor::{Batch, DynExecutor, dispatch};
use crate::core::intent::Intent;

/// Dispatches a batch as [`dispatch`] does. Where only intents of best effort have failed, those that were not attempted
/// because of them are dispatched after all.
pub(crate) async fn dispatch_past_best_effort(
    executor: &dyn DynExecutor,
    batch: &mut Batch,
) -> bool {
    let all_sent = dispatch(executor, batch).await;
    if all_sent || !batch.iter().any(Intent::is_best_effort) {
        return all_sent;
    }
    let mut parts = Parts::answered(batch);
    let mut left = parts.held_up();
    while let Some(held_up) = left {
        parts.send(executor, held_up.clone()).await;
        // An executor that refuses all of them would do so again.
        left = parts.held_up().filter(|now| *now != held_up);
    }
    let answer = parts.finish();
    batch.close(answer)
}

impl<'a> Parts<'a> {
    /// Goes on with a batch that an executor has answered for.
    fn answered(whole: &'a mut Batch) -> Self {
        let len = whole.len();
        let (states, cause) = std::mem::take(&mut whole.ledger).into_states(len);
        let first = states.iter().position(State::is_not_attempted);
        let refused = first.zip(cause);
        Self { whole, states, refused, on_its_way: None, earlier: Vec::new(), maybe_sent: 0 }
    }

    /// The intents that were not attempted because others of best effort have failed; `None` where there are none.
    fn held_up(&self) -> Option<Vec<bool>> {
        let failed = |state: &State| matches!(state, State::Failed(_));
        let mut failures =
            self.whole.iter().zip(&self.states).filter(|(_, state)| failed(state)).peekable();
        failures.peek()?;
        let excused = failures.all(|(intent, _)| intent.is_best_effort());
        let held_up = self.rest(|index| self.states[index].is_not_attempted());
        (excused && held_up.contains(&true)).then_some(held_up)
    }
}

impl Batch {
    /// Whether all that has not left is of best effort.
    pub(crate) fn lacks_only_best_effort(&self) -> bool {
        let intents = self.iter().enumerate();
        intents.filter(|(index, _)| !self.ledger.is_sent(*index)).all(|(_, i)| i.is_best_effort())
    }
}
