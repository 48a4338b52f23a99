//! A batch that leaves step by step.

use super::Server;
use crate::executor::{Batch, DispatchError};
use crate::private::BoxError;

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
