//! How much a scope may hold.

/// How many intents a scope may hold, and the limit that says so.
///
/// A nested scope may hold no more than the scopes around have room for: its intents are going to be
/// theirs.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    // Of 32 bits each, for a frame is moved at each poll: four billion intents are 160 GB.
    room: u32,
    limit: u32,
}

impl Bounds {
    /// Those of a scope that is told nothing else.
    pub(crate) const DEFAULT: Self = Self { room: 1 << 24, limit: 1 << 24 };

    pub(crate) fn of(limit: usize) -> Self {
        let limit = saturated(limit);
        Self { room: limit, limit }
    }

    pub(crate) fn is_default(self) -> bool {
        self.room == Self::DEFAULT.room && self.limit == Self::DEFAULT.limit
    }

    /// How many intents the buffer may hold.
    #[inline]
    pub(crate) fn room(self) -> usize {
        self.room as usize
    }

    /// The limit that was set: the scope's own, or that of a scope around with less room.
    pub(crate) fn limit(self) -> usize {
        self.limit as usize
    }

    /// The same inside a scope with bounds of its own that holds so many intents.
    #[must_use]
    pub(crate) fn within(self, around: Self, held: usize) -> Self {
        let left = around.room.saturating_sub(saturated(held));
        if left < self.room { Self { room: left, limit: around.limit } } else { self }
    }
}

fn saturated(intents: usize) -> u32 {
    u32::try_from(intents).unwrap_or(u32::MAX)
}
