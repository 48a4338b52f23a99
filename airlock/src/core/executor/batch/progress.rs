//! What executors say of a batch while they carry it out, and at the end.

use std::ops::Range;

use crate::core::executor::batch::Batch;
use crate::core::executor::ledger::State;
use crate::core::executor::{DispatchError, OnFailure};
use crate::core::task::called::BoxError;

impl Batch {
    /// Notes that the engine left the intent at `index` out because it holds one of the same
    /// [unique key](crate::Options::unique_key): the report says so, and it is no failure.
    pub fn left_out(&mut self, index: usize) {
        self.ledger.note(index, State::Duplicate);
    }

    /// Notes that these are on their way, and that those before them have left. It is for executors
    /// that await an answer: where the flush is dropped meanwhile, its report says of these that they
    /// may have left. Of what an executor says nothing of, it says that it was discarded. Where one gives
    /// a batch to several of airlock's, what an earlier one may have sent stays in doubt.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::{Batch, DispatchError, Executor};
    ///
    /// # async fn post(_: String) -> Result<(), std::io::Error> { Ok(()) }
    /// struct Posts;
    ///
    /// impl Executor for Posts {
    ///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
    ///         let letters: Vec<_> = batch.iter().map(ToString::to_string).collect();
    ///         for (index, letter) in letters.into_iter().enumerate() {
    ///             batch.sending(index..index + 1);
    ///             post(letter).await.map_err(|error| DispatchError::at(index, error))?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn sending(&mut self, indices: Range<usize>) {
        self.ledger.sending(indices);
    }

    /// Notes that an executor begins.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.ledger.begin();
    }

    /// Notes that the intent at `index` failed; says whether those after it are to be attempted.
    ///
    /// # Errors
    ///
    /// Where they are not: what became of the batch.
    pub(crate) fn fail(&mut self, index: usize, error: BoxError) -> Result<(), DispatchError> {
        self.ledger.fail(index, error);
        match self.on_failure {
            OnFailure::Stop if !self.intents[index].is_best_effort() => Err(self.stop()),
            OnFailure::Continue | OnFailure::Stop => Ok(()),
        }
    }

    /// What became of the batch, where nothing more is attempted.
    pub(crate) fn stop(&mut self) -> DispatchError {
        self.ledger.stop().into()
    }

    /// What became of the batch, where everything was attempted.
    pub(crate) fn finish(&mut self) -> Result<(), DispatchError> {
        self.ledger.finish(self.intents.len())
    }

    /// Enters the executor's answer; says whether all intents are sent.
    #[inline]
    pub(crate) fn close(&mut self, answer: Result<(), DispatchError>) -> bool {
        self.ledger.close(answer, self.intents.len())
    }

    /// Closes it where nobody waited for the answer.
    pub(crate) fn cut_short(&mut self) {
        self.put_lost_aside();
        self.ledger.cut_short(self.intents.len());
    }

    /// Closes it where the executor panicked, as the error tells; says whether all intents are sent.
    pub(crate) fn close_panicked(&mut self, error: BoxError) -> bool {
        self.put_lost_aside();
        self.ledger.close_panicked(error, self.intents.len())
    }

    /// Reports what the task that was awaited had enqueued.
    fn put_lost_aside(&mut self) {
        if let Some(lost) = self.lost.take() {
            self.put_aside(lost.take());
        }
    }

    /// Whether all intents are sent.
    #[inline]
    pub(crate) fn all_sent(&self) -> bool {
        self.ledger.all_sent(self.intents.len())
    }
}
