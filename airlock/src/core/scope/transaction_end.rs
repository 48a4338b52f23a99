//! How a scope ends whose body was a transaction.

use crate::core::flush::{Flush, FlushError, Rows};
use crate::core::intent::Intent;
use crate::core::report::Why;
use crate::core::scope::Sealed;
use crate::core::stack::contents::Contents;
use crate::core::stack::enclosing::Enclosing;
use crate::core::task::called::BoxError;

impl Sealed {
    /// Takes out what `is_taken` says, if the scope's settings don't say that nothing leaves: then all is discarded. The
    /// part has the settings too, but for the rule that was asked for both.
    pub(crate) fn take_to_flush(&mut self, is_taken: impl Fn(&Intent) -> bool) -> Option<Self> {
        if !self.decides_to_flush(true) {
            self.end(Why::Request);
            return None;
        }
        let Contents { buffer, level, settings } = self.contents.as_mut()?;
        let taken = buffer.take_where(*level, is_taken);
        let mut settings = (!taken.is_empty()).then(|| settings.clone()).flatten();
        if let Some(settings) = &mut settings {
            settings.flush_if = None;
        }
        Some(Self::new(Contents { buffer: taken, level: *level, settings }))
    }

    /// What is to become rows of the transaction, if the scope's settings don't say otherwise: judged by
    /// every policy, and offered to no scope around.
    pub(crate) fn judge(mut self) -> Option<Rows> {
        if !self.decides_to_flush(true) {
            drop(self.discard());
            return None;
        }
        let contents = self.contents.take()?;
        (!contents.is_nothing()).then(|| Rows::of(contents))
    }

    /// The same where a capture is around, which is to hold what would become rows: marks what `is_row` says as such.
    pub(crate) fn mark_rows(mut self, is_row: impl Fn(&Intent) -> bool) -> Option<Self> {
        if !self.decides_to_flush(true) {
            drop(self.discard());
            return None;
        }
        if let Some(Contents { buffer, level, .. }) = &mut self.contents {
            buffer.mark_rows(*level, is_row);
        }
        Some(self)
    }

    /// Moves all that it holds into a capture.
    pub(crate) fn hand_to(mut self, capture: &Enclosing) -> Result<(), FlushError> {
        Flush::hand_to(capture, self.contents.take().unwrap_or_default()).run()
    }

    /// Moves all that it holds into the scope around, also where that releases.
    pub(crate) fn hand_over(mut self) -> Result<(), FlushError> {
        Flush::hand_over(self.contents.take().unwrap_or_default()).run()
    }

    /// Hands back all that it holds, none of it attempted.
    pub(crate) fn give_back(mut self, why: impl Into<BoxError>) -> FlushError {
        Flush::give_back(self.contents.take().unwrap_or_default(), why.into())
    }

    /// What is left to flush of a scope whose transaction was rolled back, which is nothing unless its
    /// settings say otherwise.
    pub(crate) fn rolled_back(mut self) -> Option<Flush> {
        if self.decides_to_flush(false) {
            return self.into_flush(false);
        }
        self.end(Why::RolledBack);
        None
    }

    /// Discards for a reason of the caller's.
    pub(crate) fn end(&mut self, why: Why) {
        if let Some(contents) = self.contents.take() {
            contents.discard_for(why);
        }
    }
}
