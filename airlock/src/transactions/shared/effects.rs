//! What becomes of a transaction's effects while that ends: a state machine whose every state is safe to drop.

use std::mem;

use crate::core::cut::cut;
use crate::core::executor::{Batch, DispatchError};
use crate::core::flush::{Flush, FlushError, Rows};
use crate::core::report::Why;
use crate::core::scope::Sealed;
use crate::core::stack::enclosing::Enclosing;
use crate::core::task::called::BoxError;
use crate::transactions::shared::outcome::Unflushed;
use crate::transactions::shared::undecided_scope::UndecidedScope;
use crate::transactions::shared::{CommitError, DatabaseError, Settings, Step};

/// The effects of a transaction that is ending.
pub(crate) enum PendingEffects {
    /// They leave after the commit.
    AwaitingCommit(UndecidedScope),
    /// They move into the enclosing scope when the savepoint is released.
    AwaitingRelease(UndecidedScope),
    /// They are rows of the transaction.
    Rows(Box<Rows>),
    /// They would be rows, and a test's capture gets them once the transaction is committed.
    HeldForCapture(UndecidedScope, Box<Enclosing>),
    /// The transaction was rolled back, and the scope's rules let them leave all the same.
    LeavingAnyway(Box<Flush>),
    /// There are none any more: they have left, were moved, discarded or given back.
    Settled,
}

impl PendingEffects {
    pub(crate) fn new(sealed: Sealed) -> Self {
        Self::AwaitingCommit(UndecidedScope::new(sealed))
    }

    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::Settled)
    }

    /// Whether there are any that wait for the commit.
    pub(crate) fn any_await_commit(&self) -> bool {
        matches!(self, Self::AwaitingCommit(scope) if !scope.is_empty())
    }

    /// Turns those that the policies let pass into rows, which still have to be written.
    pub(crate) fn become_rows(&mut self) -> Option<&mut Batch> {
        let scope = match self.take() {
            Self::AwaitingCommit(scope) => scope,
            other => {
                *self = other;
                return None;
            }
        };
        *self = Self::Rows(Box::new(scope.into_sealed().judge()?));
        match self {
            Self::Rows(rows) => Some(rows.batch()),
            _ => None,
        }
    }

    /// In place of [`become_rows`](Self::become_rows), marks them as such for a capture. Those of a savepoint still
    /// move into the scope of its transaction first.
    pub(crate) fn be_held(&mut self, capture: Enclosing, nested: bool) {
        let scope = match self.take() {
            Self::AwaitingCommit(scope) => scope,
            other => {
                *self = other;
                return;
            }
        };
        let Some(marked) = scope.into_sealed().mark_rows() else { return };
        let scope = UndecidedScope::new(marked);
        *self = if nested {
            Self::AwaitingCommit(scope)
        } else {
            Self::HeldForCapture(scope, Box::new(capture))
        };
    }

    /// The queue did not write them.
    pub(crate) fn rows_not_written(&mut self, error: DispatchError) -> FlushError {
        match self.take() {
            Self::Rows(rows) => rows.undone(error),
            _ => unreachable!("only rows are written"),
        }
    }

    /// The transaction is a savepoint.
    pub(crate) fn await_release(&mut self) {
        *self = match self.take() {
            Self::AwaitingCommit(scope) => Self::AwaitingRelease(scope),
            Self::Rows(mut rows) => {
                rows.of_savepoint();
                Self::Rows(rows)
            }
            other => other,
        };
    }

    /// Notes that the commit is being requested: if the future is dropped before the answer, the transaction may
    /// be committed all the same.
    pub(crate) fn commit_requested(&mut self, database: &str) {
        match self {
            Self::Rows(rows) => {
                let batch = rows.batch();
                batch.sending(0..batch.len());
            }
            Self::AwaitingCommit(scope) | Self::HeldForCapture(scope, _) => {
                scope.commit_requested(database);
            }
            _ => {}
        }
    }

    /// The transaction is committed, or the savepoint released.
    pub(crate) fn committed<C>(self, settings: &Settings<C>) -> Unflushed {
        match self {
            Self::AwaitingCommit(scope) => Ok(scope.into_sealed().decided(true)),
            Self::AwaitingRelease(scope) => scope.into_sealed().hand_over().map(|()| None),
            Self::HeldForCapture(scope, capture) => {
                scope.into_sealed().hand_to(&capture).map(|()| None)
            }
            Self::Rows(rows) => {
                rows_committed(*rows, settings);
                Ok(None)
            }
            Self::LeavingAnyway(_) | Self::Settled => Ok(None),
        }
    }

    /// The body failed: discards them, unless the scope's rules let them leave.
    pub(crate) fn body_failed(self) -> Option<Flush> {
        match self {
            Self::AwaitingCommit(scope) => scope.into_sealed().decided(false),
            _ => None,
        }
    }

    /// The commit failed: discards them if the transaction is rolled back for certain, otherwise puts them into the
    /// error.
    pub(crate) fn commit_failed(&mut self, database: String, error: CommitError) -> DatabaseError {
        let CommitError { source, certain } = error;
        let why = format!("nobody can tell whether {database} committed: {}", cut(&source));
        let error = DatabaseError::new(Step::Commit, database, source);
        if !certain {
            let rows = self.rows_in_doubt(&why);
            return error.uncertain(self.give_back(why), rows);
        }
        self.discard();
        error
    }

    /// The transaction is rolled back: discards them, unless the scope's rules let them leave.
    pub(crate) fn discard(&mut self) {
        match self.take() {
            Self::AwaitingCommit(scope) | Self::AwaitingRelease(scope) => {
                if let Some(flush) = scope.into_sealed().rolled_back() {
                    *self = Self::LeavingAnyway(Box::new(flush));
                }
            }
            Self::Rows(rows) => rows.rolled_back(),
            Self::HeldForCapture(scope, _) => scope.into_sealed().end(Why::RolledBack),
            other => *self = other,
        }
    }

    /// Those that leave although the transaction was rolled back.
    pub(crate) fn leaving_anyway(self) -> Option<Flush> {
        match self {
            Self::LeavingAnyway(flush) => Some(*flush),
            _ => None,
        }
    }

    /// Settles rows whose transaction may or may not be committed, and returns how many there are. They are not
    /// given back: flushing them again would run them twice.
    pub(crate) fn rows_in_doubt(&mut self, why: &str) -> usize {
        match self.take() {
            Self::Rows(rows) => rows.in_doubt(why),
            Self::HeldForCapture(scope, _) => {
                scope.into_sealed().judge().map_or(0, |rows| rows.in_doubt(why))
            }
            other => {
                *self = other;
                0
            }
        }
    }

    /// The transaction is committed, and its effects may not leave: settles rows and gives back all others.
    pub(crate) fn committed_but_held<C>(
        &mut self,
        settings: &Settings<C>,
        why: &str,
    ) -> Option<FlushError> {
        match self.take() {
            Self::Rows(rows) => {
                rows_committed(*rows, settings);
                None
            }
            Self::HeldForCapture(scope, capture) => scope.into_sealed().hand_to(&capture).err(),
            other => {
                *self = other;
                self.give_back(why)
            }
        }
    }

    /// Gives them back, none of them attempted.
    pub(crate) fn give_back(&mut self, why: impl Into<BoxError>) -> Option<FlushError> {
        match self.take() {
            Self::AwaitingCommit(scope)
            | Self::AwaitingRelease(scope)
            | Self::HeldForCapture(scope, _) => Some(scope.into_sealed().give_back(why)),
            Self::Rows(rows) => Some(rows.undone(DispatchError::refused(why))),
            Self::LeavingAnyway(_) | Self::Settled => None,
        }
    }
}

fn rows_committed<C>(rows: Rows, settings: &Settings<C>) {
    rows.committed();
    if let Some(queue) = &settings.queue {
        queue.dyn_committed();
    }
}
