//! Where a scope keeps its intents until it ends.
//!
//! Intents that were enqueued one after another under the same policies make a segment, so that the
//! policies are kept once a segment and not once an intent. Capturing a nested scope's buffer moves
//! the fewer segments to the more: nesting stays linear.

use crate::core::intent::Intent;
use crate::core::panics::catch;
use crate::core::policy::chain::{self, Chain};
use crate::core::stack::bounds::Bounds;
use crate::core::stack::segments::{Segment, Segments};
use crate::core::task::counted::Counted;

#[derive(Default)]
pub(crate) struct Buffer {
    /// The segment that is being filled, and the policies in force for it.
    open: Vec<Intent>,
    chain: Chain,
    closed: Option<Box<Segments>>,
    /// How many bytes the intents take besides their own.
    bytes: usize,
}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self { open: Vec::new(), chain: None, closed: None, bytes: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.open.len() + self.closed.as_ref().map_or(0, |closed| closed.len())
    }

    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.closed.is_none()
    }

    /// The list to append one intent to that is enqueued under `chain`, with room for it; `None`
    /// where there are as many as `bounds` allow, or where it has more `bytes` than they leave. It begins
    /// with the allocation of `spare`.
    #[inline]
    pub(crate) fn open(
        &mut self,
        chain: &Chain,
        level: u32,
        bounds: Bounds,
        bytes: usize,
        spare: &mut Vec<Intent>,
    ) -> Option<&mut Vec<Intent>> {
        if !chain::is_same(&self.chain, chain) {
            self.turn_to(chain, level);
        }
        // The list never has room for more than the limit, which is why it is only looked at here.
        if self.open.len() == self.open.capacity() {
            self.grow(bounds.room(), spare)?;
        }
        // Most have none, and then the compiler knows.
        if bytes > 0 {
            self.bytes =
                self.bytes.checked_add(bytes).filter(|sum| *sum <= bounds.room_for_bytes())?;
        }
        Some(&mut self.open)
    }

    #[inline(never)]
    fn grow(&mut self, limit: usize, spare: &mut Vec<Intent>) -> Option<()> {
        let first = self.open.capacity() == 0 && self.closed.is_none();
        if first && spare.capacity() > 0 && spare.capacity() <= limit {
            // Both are empty: nothing is dropped.
            std::mem::swap(&mut self.open, spare);
            return Some(());
        }
        let room = limit.checked_sub(self.len()).filter(|room| *room > 0)?;
        if first {
            self.open = Vec::with_capacity(room.min(4));
            return Some(());
        }
        self.open.reserve_exact(self.open.len().max(4).min(room));
        Some(())
    }

    #[inline]
    pub(crate) fn last(&self) -> Option<&Intent> {
        self.open.last()
    }

    /// Takes the last intent out, which has so many bytes, and lets go of its policies where it was the
    /// only one.
    pub(crate) fn pop(&mut self, bytes: usize) -> (Option<Intent>, Chain) {
        self.bytes -= bytes;
        let last = self.open.pop();
        let chain = if self.open.is_empty() { self.chain.take() } else { None };
        (last, chain)
    }

    #[cold]
    fn turn_to(&mut self, chain: &Chain, level: u32) {
        self.close(level);
        self.chain.clone_from(chain);
    }

    /// Ends the open segment, so that what follows is a segment of its own.
    fn close(&mut self, level: u32) {
        if let Some(segment) = self.take_open(level) {
            self.closed.get_or_insert_default().push(segment);
        }
    }

    fn take_open(&mut self, level: u32) -> Option<Segment> {
        if self.open.is_empty() {
            return None;
        }
        let intents = std::mem::take(&mut self.open);
        Some(Segment { chain: self.chain.take(), level, rows: false, intents })
    }

    /// Takes over what is in the buffer of a nested scope of `theirs` levels, behind what is here.
    #[inline]
    pub(crate) fn capture(&mut self, level: u32, nested: &mut Self, theirs: u32) {
        if !nested.is_empty() {
            self.capture_some(level, nested, theirs);
        }
    }

    fn capture_some(&mut self, level: u32, nested: &mut Self, theirs: u32) {
        self.bytes += std::mem::take(&mut nested.bytes);
        if theirs <= level {
            nested.lower(theirs, level + 1);
        }
        let theirs = theirs.max(level + 1);
        let last = nested.take_open(theirs);
        let Some(mut captured) = nested.closed.take() else {
            self.close(level);
            if let Some(segment) = last {
                self.closed.get_or_insert_default().push_small(segment);
            }
            return;
        };
        if let Some(segment) = last {
            captured.push(segment);
        }
        let own = self.take_open(level);
        if let Some(closed) = &mut self.closed {
            if let Some(segment) = own {
                closed.push(segment);
            }
            closed.append(*captured);
        } else {
            // Its allocation serves here.
            if let Some(segment) = own {
                captured.push_front(segment);
            }
            self.closed = Some(captured);
        }
    }

    /// Lets go of an empty list's allocation where that has more room than `limit` leaves.
    #[inline]
    pub(crate) fn keep_within(&mut self, limit: usize) {
        if self.open.is_empty() && self.open.capacity() > limit.saturating_sub(self.len()) {
            self.open = Vec::new();
        }
    }

    /// Moves the segments down: a sealed scope, or a future, may have been moved under a scope that is
    /// nested deeper than it was itself.
    fn lower(&mut self, from: u32, to: u32) {
        self.close(from);
        for segment in self.closed.iter_mut().flat_map(|closed| closed.iter_mut()) {
            segment.level += to - from;
        }
    }

    /// Every segment in order, the open one last.
    pub(crate) fn segments(&self, level: u32) -> impl Iterator<Item = (&Chain, u32, &[Intent])> {
        let closed = self.closed.iter().flat_map(|closed| closed.iter());
        closed
            .map(|segment| (&segment.chain, segment.level, &*segment.intents))
            .chain(std::iter::once((&self.chain, level, &*self.open)))
    }

    /// The segments, the open one last; one that would be empty is left out.
    pub(crate) fn into_segments(mut self, level: u32) -> impl Iterator<Item = Segment> {
        self.close(level);
        self.closed.into_iter().flat_map(|closed| closed.into_iter())
    }

    /// The intents, where all were enqueued under the same policies, which is the usual case; else the segments, of which
    /// neighbours under the same policies are one.
    #[inline]
    pub(crate) fn into_single(mut self, level: u32) -> Result<(Chain, Vec<Intent>), Vec<Segment>> {
        if self.closed.is_none() {
            return Ok((self.chain, self.open));
        }
        match self.only_captured() {
            Some(Segment { chain, intents, .. }) => Ok((chain, intents)),
            None => self.into_merged(level),
        }
    }

    /// The one segment of a scope that has nothing but what one nested scope left to it.
    fn only_captured(&mut self) -> Option<Segment> {
        self.closed.as_mut().filter(|_| self.open.is_empty())?.pop_only()
    }

    fn into_merged(mut self, level: u32) -> Result<(Chain, Vec<Intent>), Vec<Segment>> {
        self.close(level);
        let mut merged = self.closed.map_or_else(Vec::new, |closed| closed.merged());
        match merged.pop() {
            Some(Segment { chain, intents, .. }) if merged.is_empty() => Ok((chain, intents)),
            last => {
                merged.extend(last);
                Err(merged)
            }
        }
    }

    /// The intents, to be taken, with the policies in force for them, where they are one segment.
    #[inline]
    pub(crate) fn single(&mut self) -> Option<(&mut Vec<Intent>, &mut Chain)> {
        self.closed.is_none().then(|| {
            self.bytes = 0;
            (&mut self.open, &mut self.chain)
        })
    }

    /// What the next intent goes into: of an empty buffer, the allocation that it keeps.
    #[inline]
    pub(crate) fn emptied(&mut self) -> &mut Vec<Intent> {
        debug_assert!(self.is_empty(), "only an allocation is exchanged, never intents");
        &mut self.open
    }

    /// The other way round.
    pub(crate) fn of_single(intents: Vec<Intent>, chain: Chain) -> Self {
        Self { open: intents, chain, ..Self::new() }
    }

    /// Takes out the intents that `is_taken` says, with the policies in force for each.
    #[cfg(feature = "transaction")]
    pub(crate) fn take_where(&mut self, level: u32, is_taken: impl Fn(&Intent) -> bool) -> Self {
        let (mut taken, mut left) = (Self::new(), Self::new());
        for Segment { chain, level: theirs, rows, intents } in
            std::mem::take(self).into_segments(level)
        {
            let (out, rest) = intents.into_iter().partition(&is_taken);
            let part = |intents| Segment { chain: chain.clone(), level: theirs, rows, intents };
            taken.push_segment(part(out), level);
            left.push_segment(part(rest), level);
        }
        left.count_bytes(level, Counted::Known);
        *self = left;
        taken
    }

    /// Marks intents as what would have been rows of a transaction.
    #[cfg(feature = "transaction")]
    pub(crate) fn mark_rows(&mut self, level: u32, is_row: impl Fn(&Intent) -> bool) {
        let mut marked = Self { bytes: self.bytes, ..Self::new() };
        for Segment { chain, level: theirs, rows, intents } in
            std::mem::take(self).into_segments(level)
        {
            for intent in intents {
                let rows = rows || is_row(&intent);
                let (chain, intents) = (chain.clone(), vec![intent]);
                // They go into the segment before, where that is marked alike.
                marked.push_segment(Segment { chain, level: theirs, rows, intents }, level);
            }
        }
        *self = marked;
    }

    /// Counts the bytes of what is here.
    ///
    /// Serde's code is the user's: if it panics, nothing is counted.
    #[cold]
    #[inline(never)]
    pub(crate) fn count_bytes(&mut self, level: u32, counted: Counted) {
        let intents = self.segments(level).flat_map(|(_, _, intents)| intents);
        let bytes = intents.map(|intent| intent.bytes(counted));
        self.bytes = catch(|| bytes.fold(0, usize::saturating_add)).unwrap_or(0);
    }

    /// Puts a whole segment behind what is here; its bytes are not counted.
    pub(crate) fn push_segment(&mut self, segment: Segment, level: u32) {
        self.close(level);
        if !segment.intents.is_empty() {
            self.closed.get_or_insert_default().push_small(segment);
        }
    }
}
