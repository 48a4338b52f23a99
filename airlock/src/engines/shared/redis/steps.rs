//! A batch that is sent step by step.

use super::{Server, SharedFailure};
use crate::core::executor::ledger::State;
use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;

/// What is left of one step. A step is bounded, because it keeps other clients of the server waiting and is
/// in memory at once.
#[derive(Default)]
pub(crate) struct StepBudget {
    messages: usize,
    bytes: usize,
}

impl StepBudget {
    const MESSAGES: usize = 10_000;
    const BYTES: usize = 64 << 20;

    /// Adds a message of this size, and returns whether it fits. The first one fits however large it is.
    pub(crate) fn add(&mut self, bytes: usize) -> bool {
        let all = self.bytes.saturating_add(bytes);
        let fits = self.messages == 0 || (self.messages < Self::MESSAGES && all <= Self::BYTES);
        if fits {
            self.messages += 1;
            self.bytes = all;
        }
        fits
    }

    /// Divides messages into steps, in order.
    #[cfg(feature = "celery-redis")]
    pub(crate) fn steps<T>(all: &[T], bytes: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
        let mut rest = all;
        std::iter::from_fn(move || {
            let mut budget = Self::default();
            let fitting = rest.iter().take_while(|one| budget.add(bytes(one))).count();
            let (step, after) = rest.split_at(fitting);
            rest = after;
            (!step.is_empty()).then_some(step)
        })
    }
}

/// What became of the messages of one step, by their indices in it; the others were sent.
#[derive(Default)]
pub(crate) struct StepOutcome {
    pub(crate) duplicates: Vec<usize>,
    pub(crate) failed: Vec<(usize, BoxError)>,
}

impl Server {
    /// Runs one step after another, each of so many messages, up to the first that fails.
    ///
    /// A step runs in the server's own runtime, to its end, also if the caller is dropped half-way.
    pub(crate) async fn run_steps<S>(
        &self,
        steps: impl Iterator<Item = (usize, S)>,
        batch: &mut Batch,
    ) -> Result<(), DispatchError>
    where
        S: Future<Output = Result<StepOutcome, BoxError>> + Send + 'static,
    {
        let mut begun = 0;
        for (messages, step) in steps {
            let end = begun + messages;
            batch.sending(begun..end);
            match self.spawn(Box::pin(step)).await {
                Ok(StepOutcome { duplicates, failed }) => {
                    for index in duplicates {
                        batch.left_out(begun + index);
                    }
                    for (index, error) in failed {
                        batch.ledger.note(begun + index, State::Failed(error));
                    }
                }
                Err(error) if messages == batch.len() => return Err(DispatchError::all(error)),
                Err(error) => {
                    let error = SharedFailure::new(error);
                    for index in begun..end {
                        batch.ledger.fail(index, error.clone().into());
                    }
                    return Err(batch.stop());
                }
            }
            begun = end;
        }
        batch.finish()
    }
}

#[cfg(all(test, feature = "celery-redis"))]
mod tests {
    use super::*;

    fn lengths(sizes: &[usize]) -> Vec<usize> {
        StepBudget::steps(sizes, |bytes| *bytes).map(<[usize]>::len).collect()
    }

    #[test]
    fn a_step_is_bounded_by_number_and_by_size() {
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&vec![0; 25_000]), [10_000, 10_000, 5_000]);
        assert_eq!(lengths(&[16 << 20; 9]), [4, 4, 1]);
        // One that is larger goes alone.
        assert_eq!(lengths(&[1, 65 << 20, usize::MAX, 1, 64 << 20]), [1, 1, 1, 1, 1]);
    }
}
