//! Those of a transaction's effects that are its rows.

use std::mem;

use crate::core::executor::{Batch, DispatchError};
use crate::core::flush::{FlushError, Rows};
use crate::core::report::Why;
use crate::core::scope::Sealed;
use crate::core::stack::enclosing::Enclosing;
use crate::transactions::shared::Settings;
use crate::transactions::shared::undecided_scope::UndecidedScope;

/// The effects that are rows of a transaction that is ending.
pub(super) enum PendingRows {
    /// They are written, or are about to be.
    Written(Box<Rows>),
    /// They would be rows, and a test's capture gets them once the transaction is committed.
    Held(UndecidedScope, Box<Enclosing>),
    /// There are none, or none any more.
    Settled,
}

impl PendingRows {
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, Self::Settled)
    }

    /// Those that the policies let pass, which still have to be written.
    pub(super) fn judged(sealed: Sealed) -> Self {
        sealed.judge().map_or(Self::Settled, |rows| Self::Written(Box::new(rows)))
    }

    /// What a capture gets in their place.
    pub(super) fn held(marked: Sealed, capture: Enclosing) -> Self {
        Self::Held(UndecidedScope::new(marked), Box::new(capture))
    }

    pub(super) fn batch(&mut self) -> Option<&mut Batch> {
        match self {
            Self::Written(rows) => Some(rows.batch()),
            Self::Held(..) | Self::Settled => None,
        }
    }

    /// The queue did not write them.
    pub(super) fn not_written(self, error: DispatchError) -> FlushError {
        match self {
            Self::Written(rows) => rows.undone(error),
            Self::Held(..) | Self::Settled => unreachable!("only rows are written"),
        }
    }

    /// The same of those of best effort, which the transaction goes on without: they are reported and logged.
    pub(super) fn left_unwritten(self, error: DispatchError) {
        if let Self::Written(rows) = self {
            rows.left_unwritten(error);
        }
    }

    /// The transaction is a savepoint.
    pub(super) fn of_savepoint(&mut self) {
        if let Self::Written(rows) = self {
            rows.of_savepoint();
        }
    }

    /// If the future is dropped before the answer, the transaction may be committed all the same.
    pub(super) fn commit_requested(&mut self, database: &str) {
        match self {
            Self::Written(rows) => {
                let batch = rows.batch();
                batch.sending(0..batch.len());
            }
            Self::Held(scope, _) => scope.commit_requested(database),
            Self::Settled => {}
        }
    }

    /// # Errors
    ///
    /// Where the capture can't take them.
    pub(super) fn committed<C>(self, settings: &Settings<C>) -> Result<(), FlushError> {
        match self {
            Self::Written(rows) => {
                rows.committed();
                if let Some(queue) = &settings.queue {
                    queue.dyn_committed();
                }
                Ok(())
            }
            Self::Held(scope, capture) => scope.into_sealed().hand_to(&capture),
            Self::Settled => Ok(()),
        }
    }

    pub(super) fn rolled_back(self) {
        match self {
            Self::Written(rows) => rows.rolled_back(),
            Self::Held(scope, _) => scope.into_sealed().end(Why::RolledBack),
            Self::Settled => {}
        }
    }

    /// Their transaction may or may not be committed; how many there are. They are not given back: flushing them again
    /// would run them twice.
    pub(super) fn in_doubt(self, why: &str) -> usize {
        match self {
            Self::Written(rows) => rows.in_doubt(why),
            Self::Held(scope, _) => {
                scope.into_sealed().judge().map_or(0, |rows| rows.in_doubt(why))
            }
            Self::Settled => 0,
        }
    }

    /// Gives them back, none of them attempted.
    pub(super) fn give_back(self, why: &str) -> Option<FlushError> {
        match self {
            Self::Written(rows) => Some(rows.undone(DispatchError::refused(why.to_owned()))),
            Self::Held(scope, _) => Some(scope.into_sealed().give_back(why.to_owned())),
            Self::Settled => None,
        }
    }
}
