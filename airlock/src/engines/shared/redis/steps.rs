//! A batch that leaves step by step.

use super::Server;
use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;

/// How much one step takes, which keeps other clients of the server waiting, and is in memory at once.
#[derive(Default)]
pub(crate) struct Room {
    messages: usize,
    bytes: usize,
}

impl Room {
    const MESSAGES: usize = 10_000;
    const BYTES: usize = 64 << 20;

    /// Whether a message of this size goes into the step as well, and if so it does. A first one does,
    /// however large it is.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let all = self.bytes.saturating_add(bytes);
        let fits = self.messages == 0 || (self.messages < Self::MESSAGES && all <= Self::BYTES);
        if fits {
            self.messages += 1;
            self.bytes = all;
        }
        fits
    }

    /// Divides what is to be sent into steps, in order.
    #[cfg(feature = "celery-redis")]
    pub(crate) fn steps<T>(all: &[T], bytes: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
        let mut rest = all;
        std::iter::from_fn(move || {
            let mut room = Self::default();
            let fitting = rest.iter().take_while(|one| room.take(bytes(one))).count();
            let (step, after) = rest.split_at(fitting);
            rest = after;
            (!step.is_empty()).then_some(step)
        })
    }
}

/// What became of the messages of one step, by their numbers; the others have left.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) left_out: Vec<usize>,
    pub(crate) failed: Vec<(usize, BoxError)>,
}

impl Server {
    /// Takes one step after another, each of so many messages, up to the first that fails.
    ///
    /// A step is taken in the server's own runtime, to its end, also if the caller is dropped half-way.
    pub(crate) async fn take<S>(
        &self,
        steps: impl Iterator<Item = (usize, S)>,
        batch: &mut Batch,
    ) -> Result<(), DispatchError>
    where
        S: Future<Output = Result<Answer, BoxError>> + Send + 'static,
    {
        let mut begun = 0;
        for (messages, step) in steps {
            let end = begun + messages;
            batch.sending(begun..end);
            match self.spawn(Box::pin(step)).await {
                Ok(Answer { left_out, failed }) => {
                    for index in left_out {
                        batch.left_out(begun + index);
                    }
                    let failed = failed.into_iter().map(|(index, said)| (begun + index, said));
                    batch.failures.extend(failed);
                }
                Err(error) if messages == batch.len() => return Err(DispatchError::all(error)),
                Err(error) => {
                    let said = error.to_string();
                    batch.failures.extend((begun..end).map(|index| (index, said.clone().into())));
                    let failures = std::mem::take(&mut batch.failures);
                    return Err(DispatchError::until(end, failures));
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
        Room::steps(sizes, |bytes| *bytes).map(<[usize]>::len).collect()
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
