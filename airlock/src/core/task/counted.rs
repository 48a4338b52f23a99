//! Of which arguments the bytes are counted.

/// Of which arguments bytes are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Of numbers and texts, and of what owns nothing.
    Known,
    /// Of the others as well. That is to call their `Serialize`, which is the user's, and may wait for what the caller
    /// of the enqueue holds, such as a lock. It is done where a limit is asked for.
    All,
}
