//! What became of a batch that did not leave whole.

use std::iter::repeat_n;

use crate::core::executor::DispatchError;
use crate::core::executor::batch::Batch;
use crate::core::report::Fate;
use crate::core::task::called::BoxError;

/// What became of a batch that did not leave whole.
#[derive(Default)]
pub(crate) struct Undone {
    /// One of each intent.
    pub(crate) fates: Vec<Fate>,
    /// The failed intents' indices, in order, each with its error.
    pub(crate) failures: Vec<(usize, BoxError)>,
    /// Why some could not be attempted, or failed all together.
    pub(crate) cause: Option<BoxError>,
}

impl Undone {
    /// What `error` says of a batch of `len` intents.
    pub(crate) fn of(error: DispatchError, len: usize) -> Self {
        let error = error.sorted().within(len);
        let fates = (0..len).map(|index| error.fate(index)).collect();
        let DispatchError { failures, cause, .. } = error;
        Self { fates, failures, cause }
    }

    /// What became of a batch whose flush was dropped while it was being carried out.
    pub(crate) fn cut_short(batch: &mut Batch) -> Self {
        if let Some(lost) = batch.lost.take() {
            batch.put_aside(lost.take());
        }
        Self::of(batch.cut_short(), batch.len())
    }

    /// Every one of `len` intents ended like this.
    pub(super) fn all(fate: Fate, len: usize) -> Self {
        Self { fates: repeat_n(fate, len).collect(), ..Self::default() }
    }

    /// What is told of the intents behind the first `len`.
    pub(super) fn split_off(&mut self, len: usize) -> Self {
        let fates = self.fates.split_off(len);
        let first = self.failures.partition_point(|(index, _)| *index < len);
        let failures = self.failures.split_off(first).into_iter();
        let failures = failures.map(|(index, error)| (index - len, error)).collect();
        Self { fates, failures, cause: None }
    }

    /// Puts what is told of other intents behind this.
    pub(super) fn append(&mut self, mut other: Self) {
        let before = self.fates.len();
        self.fates.append(&mut other.fates);
        self.failures.extend(other.failures.into_iter().map(|(index, e)| (before + index, e)));
        self.cause = self.cause.take().or(other.cause);
    }
}
