//! Intents that are carried out elsewhere and later, and that may expire until then.

use std::time::Instant;

use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;

impl Batch {
    /// Takes the intent at `index` out, to be carried out elsewhere and later by itself.
    pub(crate) fn detach(&mut self, index: usize) -> Option<Self> {
        let (chain, generation, _) = self.run_of(index);
        let chain = chain.clone();
        let mut alone = Self::new(self.on_failure);
        alone.append(chain, generation, vec![self.take(index)?]);
        alone.note_deadlines();
        Some(alone)
    }

    /// Takes every intent out, to be carried out elsewhere and later together.
    #[cfg(feature = "tokio")]
    pub(crate) fn detach_all(&mut self) -> Self {
        let mut all = Self::new(self.on_failure);
        let mut start = 0;
        while start < self.len() {
            let (chain, generation, end) = self.run_of(start);
            let chain = chain.clone();
            let intents = (start..end).filter_map(|index| self.take(index)).collect();
            all.append(chain, generation, intents);
            start = end;
        }
        all.note_deadlines();
        all
    }

    /// Puts intents back that were taken out from `start` on.
    pub(crate) fn put_back(&mut self, start: usize, mut taken: Self) {
        for (place, intent) in self.intents[start..].iter_mut().zip(taken.take_all()) {
            *place = intent;
        }
    }

    /// Lifetimes count from now on, which is the flush.
    fn note_deadlines(&mut self) {
        let mut now = None;
        let expires = |(index, intent): (usize, &Intent)| {
            let lifetime = intent.options().expires()?;
            let now: Instant = *now.get_or_insert_with(Instant::now);
            Some((index, now.checked_add(lifetime)?))
        };
        let deadlines: Vec<_> = self.intents.iter().enumerate().filter_map(expires).collect();
        if !deadlines.is_empty() {
            self.rare_mut().deadlines = deadlines;
        }
    }

    /// Whether the intent at `index` has expired, and where the next one is that can; `end` where there
    /// is none before.
    pub(crate) fn expiry(&self, index: usize, end: usize) -> (bool, usize) {
        let Some(rare) = &self.rare else { return (false, end) };
        let next = rare.deadlines.partition_point(|(place, _)| *place < index);
        let mut deadlines = rare.deadlines[next..].iter().peekable();
        let own = deadlines.next_if(|(place, _)| *place == index);
        let expired = own.is_some_and(|(_, until)| *until <= Instant::now());
        (expired, deadlines.peek().map_or(end, |(place, _)| end.min(*place)))
    }
}
