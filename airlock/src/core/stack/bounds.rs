//! How much a scope may hold.

use crate::core::stack::enqueue_error::Bound;
use crate::core::task::counted::Counted;

/// How many intents, and how many bytes of arguments, a scope may hold, and the limits that say so.
///
/// A nested scope may hold no more than the scopes around have room for: its intents are going to be
/// theirs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    // Of 32 bits each, for a frame is moved at each poll: four billion intents are 160 GB.
    room: u32,
    limit: u32,
    bytes: Bytes,
    given: Given,
    counted: Counted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Bytes {
    room: usize,
    limit: usize,
}

/// Which limits were asked for, rather than the usual ones.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Given {
    intents: bool,
    bytes: bool,
}

impl Bounds {
    /// Those of a scope that is told nothing else.
    pub(crate) const DEFAULT: Self = Self {
        room: 1 << 24,
        limit: 1 << 24,
        bytes: Bytes { room: 1 << 30, limit: 1 << 30 },
        given: Given { intents: false, bytes: false },
        counted: Counted::Known,
    };

    /// The same with the limits that are given.
    #[must_use]
    pub(crate) fn with(mut self, limit: Option<usize>, limit_bytes: Option<usize>) -> Self {
        if let Some(limit) = limit {
            let limit = saturated(limit);
            (self.room, self.limit) = (limit, limit);
            self.given.intents = true;
        }
        if let Some(limit) = limit_bytes {
            self.bytes = Bytes { room: limit, limit };
            self.given.bytes = true;
            self.counted = Counted::All;
        }
        self
    }

    /// The same with the `usual` limits in place of those that were not given.
    #[must_use]
    pub(crate) fn or(self, usual: Self) -> Self {
        let mut bounds = usual;
        bounds.given = self.given;
        if self.given.intents {
            (bounds.room, bounds.limit) = (self.room, self.limit);
        }
        if self.given.bytes {
            bounds.bytes = self.bytes;
            bounds.counted = self.counted;
        }
        bounds
    }

    /// How many intents the buffer may hold.
    #[inline]
    pub(crate) fn room(self) -> usize {
        self.room as usize
    }

    /// Of which arguments bytes are counted.
    #[inline]
    pub(crate) fn counted(self) -> Counted {
        self.counted
    }

    /// How many bytes of arguments the buffer may hold.
    #[inline]
    pub(crate) fn room_for_bytes(self) -> usize {
        self.bytes.room
    }

    /// Which limit keeps a scope that holds so many intents from taking one more: the scope's own, or
    /// that of a scope around with less room.
    pub(crate) fn reached(self, held: usize) -> Bound {
        if held < self.room() {
            Bound::Bytes(self.bytes.limit)
        } else {
            Bound::Intents(self.limit as usize)
        }
    }

    /// The same inside a scope with bounds of its own that holds so many intents and bytes.
    #[must_use]
    pub(crate) fn within(self, around: Self, held: usize, held_bytes: usize) -> Self {
        let mut bounds = self.counted_as_in(around);
        let left = around.room.saturating_sub(saturated(held));
        if left < bounds.room {
            (bounds.room, bounds.limit) = (left, around.limit);
        }
        let left = around.bytes.room.saturating_sub(held_bytes);
        if left < bounds.bytes.room {
            bounds.bytes = Bytes { room: left, limit: around.bytes.limit };
        }
        bounds
    }

    /// The same inside a scope with bounds of its own: what is captured there is counted here as it would be there.
    #[must_use]
    pub(crate) fn counted_as_in(mut self, around: Self) -> Self {
        if around.counted == Counted::All {
            self.counted = Counted::All;
        }
        self
    }
}

fn saturated(intents: usize) -> u32 {
    u32::try_from(intents).unwrap_or(u32::MAX)
}
