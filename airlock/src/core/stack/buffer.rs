//! Where a scope keeps its intents until it ends.
//!
//! Intents that were enqueued one after another under the same policies make a segment, so that the
//! policies are kept once a segment and not once an intent. Capturing a nested scope's buffer links
//! its segments behind our own, however many there are: nesting stays linear.

use std::collections::LinkedList;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::core::intent::Intent;
use crate::core::policy::chain::{self, Chain};
use crate::core::stack::bounds::Bounds;

/// Captured segments of up to this many intents are copied into the segment before them instead of
/// linked: a thousand nested scopes of one intent each make one segment.
const SMALL: usize = 16;

/// Intents enqueued one after another under the same policies, in the same scope.
pub(crate) struct Segment {
    pub(crate) chain: Chain,
    /// How deep the scope is nested that they were enqueued in.
    pub(crate) level: u32,
    /// Whether they would have been rows of a transaction, if no capture were around.
    pub(crate) rows: bool,
    pub(crate) intents: Vec<Intent>,
}

#[derive(Default)]
pub(crate) struct Buffer {
    /// The segment that is being filled, and the policies in force for it.
    open: Vec<Intent>,
    chain: Chain,
    closed: Option<Box<Closed>>,
    /// How many bytes the intents take besides their own.
    bytes: usize,
}

#[derive(Default)]
#[expect(clippy::linkedlist, reason = "one is appended to another at no cost")]
struct Closed {
    segments: LinkedList<Segment>,
    len: usize,
}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self { open: Vec::new(), chain: None, closed: None, bytes: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.open.len() + self.closed.as_ref().map_or(0, |closed| closed.len)
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
        if !self.open.is_empty() {
            let intents = std::mem::take(&mut self.open);
            self.append(Segment { chain: self.chain.clone(), level, rows: false, intents });
        }
    }

    fn append(&mut self, segment: Segment) {
        let closed = self.closed.get_or_insert_default();
        closed.len += segment.intents.len();
        closed.segments.push_back(segment);
    }

    /// Takes over the buffer of a nested scope of `theirs` levels, behind what is here.
    #[inline]
    pub(crate) fn capture(&mut self, level: u32, nested: Self, theirs: u32) {
        if !nested.is_empty() {
            self.capture_some(level, nested, theirs);
        }
    }

    fn capture_some(&mut self, level: u32, mut nested: Self, theirs: u32) {
        self.bytes += nested.bytes;
        self.close(level);
        if theirs <= level {
            nested.lower(theirs, level + 1);
        }
        let theirs = theirs.max(level + 1);
        if nested.closed.is_none() {
            let segment =
                Segment { chain: nested.chain, level: theirs, rows: false, intents: nested.open };
            return self.append_small(segment);
        }
        nested.close(theirs);
        let Some(mut nested) = nested.closed else { return };
        let closed = self.closed.get_or_insert_default();
        closed.len += nested.len;
        closed.segments.append(&mut nested.segments);
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
        for segment in self.closed.iter_mut().flat_map(|closed| &mut closed.segments) {
            segment.level += to - from;
        }
    }

    fn append_small(&mut self, mut segment: Segment) {
        if segment.intents.len() <= SMALL
            && let Some(closed) = &mut self.closed
            && let Some(last) = closed.segments.back_mut()
            && last.level == segment.level
            && last.rows == segment.rows
            && chain::is_same(&last.chain, &segment.chain)
        {
            closed.len += segment.intents.len();
            last.intents.append(&mut segment.intents);
        } else {
            self.append(segment);
        }
    }

    /// Every segment in order, the open one last.
    pub(crate) fn segments(&self, level: u32) -> impl Iterator<Item = (&Chain, u32, &[Intent])> {
        let closed = self.closed.iter().flat_map(|closed| &closed.segments);
        closed
            .map(|segment| (&segment.chain, segment.level, &*segment.intents))
            .chain(std::iter::once((&self.chain, level, &*self.open)))
    }

    /// The segments, the open one last; one that would be empty is left out.
    pub(crate) fn into_segments(mut self, level: u32) -> impl Iterator<Item = Segment> {
        self.close(level);
        self.closed.into_iter().flat_map(|closed| closed.segments)
    }

    /// The one segment, where there is no more than one: the usual case, and free.
    #[inline]
    pub(crate) fn into_single(self) -> Result<(Chain, Vec<Intent>), Self> {
        if self.closed.is_none() { Ok((self.chain, self.open)) } else { Err(self) }
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

    /// Marks all intents as what would have been rows of a transaction.
    #[cfg(feature = "transaction")]
    pub(crate) fn mark_rows(&mut self, level: u32) {
        self.close(level);
        for segment in self.closed.iter_mut().flat_map(|closed| &mut closed.segments) {
            segment.rows = true;
        }
    }

    /// Counts the bytes of segments that were put here.
    ///
    /// Serde's code is the user's: if it panics, that was all that could be counted.
    pub(crate) fn count_bytes(&mut self, level: u32) {
        let intents = self.segments(level).flat_map(|(_, _, intents)| intents);
        let count = || intents.fold(0_usize, |sum, intent| sum.saturating_add(intent.bytes()));
        self.bytes = catch_unwind(AssertUnwindSafe(count)).unwrap_or_default();
    }

    /// Puts a whole segment behind what is here; its bytes are not counted.
    pub(crate) fn push_segment(&mut self, segment: Segment, level: u32) {
        self.close(level);
        if !segment.intents.is_empty() {
            self.append_small(segment);
        }
    }
}
