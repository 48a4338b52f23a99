//! Flushing in chunks: the executor gets a batch in parts, one after another.

use crate::core::executor::batch::Batch;
use crate::core::executor::{DispatchError, OnFailure};
use crate::core::flush::undone::Undone;
use crate::core::intent::Intent;
use crate::core::report::Fate;

/// A batch on its way out in chunks.
///
/// The whole batch gets its intents back chunk by chunk, so that its report is made as ever. What the
/// tasks of the chunks have enqueued themselves comes behind them.
pub(crate) struct Chunks {
    size: usize,
    waiting: std::vec::IntoIter<Intent>,
    /// The one that is being carried out, how many intents it began with, and how many there were up
    /// to its end.
    current: Batch,
    begun: usize,
    ended: usize,
    told: Undone,
    cascades: Batch,
    told_of_cascades: Undone,
    complete: bool,
}

impl Chunks {
    /// Divides `whole`, whose intents wait in here from then on.
    pub(crate) fn of(whole: &mut Batch, size: usize) -> Self {
        Self {
            size,
            waiting: whole.take_all().into_iter(),
            current: Batch::new(whole.on_failure()),
            begun: 0,
            ended: 0,
            told: Undone::default(),
            cascades: Batch::new(whole.on_failure()),
            told_of_cascades: Undone::default(),
            complete: true,
        }
    }

    /// The next chunk to be carried out; `None` where there is no more, or none is to follow a
    /// failure.
    pub(crate) fn next(&mut self, whole: &Batch) -> Option<&mut Batch> {
        let stopped = !self.complete && whole.on_failure() == OnFailure::Stop;
        if stopped || self.waiting.len() == 0 {
            return None;
        }
        let intents: Vec<_> = self.waiting.by_ref().take(self.size).collect();
        self.begun = intents.len();
        self.current = whole.chunk(self.ended, intents);
        self.ended += self.begun;
        Some(&mut self.current)
    }

    /// Notes what became of the chunk.
    pub(crate) fn end(&mut self, whole: &mut Batch, result: Result<(), DispatchError>) {
        let len = self.current.len();
        self.complete &= result.is_ok();
        let told = match result {
            Ok(()) => Undone::all(Fate::Dispatched, len),
            Err(error) => Undone::of(error, len),
        };
        self.put_back(whole, told);
    }

    fn put_back(&mut self, whole: &mut Batch, mut told: Undone) {
        let begun = std::mem::take(&mut self.begun);
        let mut chunk = std::mem::replace(&mut self.current, Batch::new(whole.on_failure()));
        let left = whole.refill(&mut chunk, begun);
        self.told_of_cascades.append(told.split_off(left));
        self.told.append(told);
        self.cascades.absorb(chunk, begun);
    }

    /// Puts everything back into `whole`.
    ///
    /// # Errors
    ///
    /// What became of the batch, unless it left whole.
    pub(crate) fn join(mut self, whole: &mut Batch) -> Result<(), Undone> {
        let left = self.waiting.len();
        self.told.append(Undone::all(Fate::NotAttempted, left));
        let mut rest = whole.chunk(self.ended, self.waiting.collect());
        whole.refill(&mut rest, left);
        whole.absorb(self.cascades, 0);
        self.told.append(self.told_of_cascades);
        if self.complete { Ok(()) } else { Err(self.told) }
    }

    /// The same where the flush was dropped while a chunk was being carried out.
    pub(crate) fn cut_short(mut self, whole: &mut Batch) -> Undone {
        self.complete = false;
        let told = Undone::cut_short(&mut self.current);
        self.put_back(whole, told);
        self.join(whole).err().unwrap_or_default()
    }
}
