//! Flushing in chunks: the executor gets a batch in parts, one after another.

use crate::core::executor::OnFailure;
use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;

/// A batch on its way out in chunks.
///
/// The whole batch gets its intents back chunk by chunk, with what became of them, so that its report is made as ever.
/// What the tasks of the chunks have enqueued themselves comes behind them.
pub(crate) struct Chunks {
    size: usize,
    waiting: std::vec::IntoIter<Intent>,
    /// The one that is being carried out, how many intents it began with, and how many there were up
    /// to its end.
    current: Batch,
    begun: usize,
    ended: usize,
    cascades: Batch,
    /// Whether the flush fails for what has not left so far.
    fails: bool,
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
            cascades: Batch::new(whole.on_failure()),
            fails: false,
        }
    }

    /// The next chunk to be carried out; `None` where there is no more, or none is to follow a
    /// failure.
    pub(crate) fn next(&mut self, whole: &Batch) -> Option<&mut Batch> {
        let stopped = self.fails && whole.on_failure() == OnFailure::Stop;
        if stopped || self.waiting.len() == 0 {
            return None;
        }
        let intents: Vec<_> = self.waiting.by_ref().take(self.size).collect();
        self.begun = intents.len();
        self.current = whole.chunk(self.ended, intents);
        self.ended += self.begun;
        Some(&mut self.current)
    }

    /// Takes the chunk back, which has been carried out.
    pub(crate) fn end(&mut self, whole: &mut Batch) {
        self.fails |= !self.current.all_sent() && !self.current.lacks_only_best_effort();
        let begun = std::mem::take(&mut self.begun);
        let mut chunk = std::mem::replace(&mut self.current, Batch::new(whole.on_failure()));
        whole.refill(&mut chunk, begun);
        self.cascades.absorb(chunk, begun);
    }

    /// Puts everything back into `whole`.
    pub(crate) fn join(self, whole: &mut Batch) {
        let left = self.waiting.len();
        let mut rest = whole.chunk(self.ended, self.waiting.collect());
        whole.refill(&mut rest, left);
        whole.absorb(self.cascades, 0);
    }

    /// The same where the flush was dropped while a chunk was being carried out.
    pub(crate) fn cut_short(mut self, whole: &mut Batch) {
        self.current.cut_short();
        self.end(whole);
        self.join(whole);
    }
}
