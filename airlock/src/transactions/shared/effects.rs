//! What becomes of a transaction's effects while that ends: a state machine whose every state is safe to drop.

use std::mem;

use crate::core::cut::cut;
use crate::core::executor::{Batch, DispatchError};
use crate::core::flush::{Flush, FlushError};
use crate::core::intent::Intent;
use crate::core::report::log;
use crate::core::scope::Sealed;
use crate::core::stack::enclosing::Enclosing;
use crate::core::task::called::BoxError;
use crate::transactions::shared::outcome::Unflushed;
use crate::transactions::shared::rows::PendingRows;
use crate::transactions::shared::undecided_scope::UndecidedScope;
use crate::transactions::shared::{CommitError, DatabaseError, Settings, Step};

/// The effects of a transaction that is ending: some are rows of it, and some are calls.
pub(crate) struct PendingEffects {
    rows: PendingRows,
    /// The rows of best effort, those of each task by themselves: the transaction does without what can't be written.
    best_effort: Vec<PendingRows>,
    calls: PendingCalls,
}

/// The effects that are no rows.
enum PendingCalls {
    /// They leave after the commit.
    AwaitingCommit(UndecidedScope),
    /// They move into the enclosing scope when the savepoint is released.
    AwaitingRelease(UndecidedScope),
    /// The transaction was rolled back, and the scope's rules let them leave all the same.
    LeavingAnyway(Box<Flush>),
    /// There are none any more: they have left, were moved, discarded or given back.
    Settled,
}

impl PendingEffects {
    pub(crate) fn new(sealed: Sealed) -> Self {
        let calls = PendingCalls::AwaitingCommit(UndecidedScope::new(sealed));
        Self { rows: PendingRows::Settled, best_effort: Vec::new(), calls }
    }

    pub(crate) fn take(&mut self) -> Self {
        let (rows, best_effort) = (self.rows.take(), mem::take(&mut self.best_effort));
        Self { rows, best_effort, calls: self.calls.take() }
    }

    /// Whether there are any calls that wait for the commit.
    pub(crate) fn any_await_commit(&self) -> bool {
        matches!(&self.calls, PendingCalls::AwaitingCommit(scope) if !scope.is_empty())
    }

    /// Whether there are any that are the queue's, which are rows before they are written.
    pub(crate) fn any_await_queue<C>(&self, settings: &Settings<C>) -> bool {
        match &self.calls {
            PendingCalls::AwaitingCommit(scope) => scope.any(|intent| settings.is_queued(intent)),
            _ => false,
        }
    }

    /// Turns those of the queue that the policies let pass into rows, which still have to be written.
    pub(crate) fn become_rows<C>(&mut self, settings: &Settings<C>) {
        let Some(mut queued) = self.take_queued(settings) else { return };
        let mut best_effort = Vec::new();
        loop {
            let Some(task) = queued.intents().find(|intent| intent.is_best_effort()) else { break };
            let task = task.name();
            let of_task = |intent: &Intent| intent.is_best_effort() && intent.name() == task;
            best_effort.extend(queued.take_to_flush(of_task));
        }
        // What a policy counts are the others first.
        self.rows = PendingRows::judged(queued);
        self.best_effort = best_effort.into_iter().map(PendingRows::judged).collect();
    }

    /// The rows that the transaction has with its data, or not at all.
    pub(crate) fn rows(&mut self) -> Option<&mut Batch> {
        self.rows.batch().filter(|batch| !batch.is_empty())
    }

    /// The rows of best effort of the task at `index`; `None` behind the last.
    pub(crate) fn rows_of_best_effort(&mut self, index: usize) -> Option<&mut PendingRows> {
        self.best_effort.get_mut(index)
    }

    /// In place of [`become_rows`](Self::become_rows), marks them as such for a capture. Those of a savepoint still
    /// move into the scope of its transaction first.
    pub(crate) fn be_held<C>(&mut self, settings: &Settings<C>, capture: Enclosing, nested: bool) {
        if nested {
            if let PendingCalls::AwaitingCommit(scope) = self.calls.take() {
                let marked = scope.into_sealed().mark_rows(|intent| settings.is_queued(intent));
                self.calls = marked.map_or(PendingCalls::Settled, |marked| {
                    PendingCalls::AwaitingCommit(UndecidedScope::new(marked))
                });
            }
            return;
        }
        let marked = self.take_queued(settings).and_then(|queued| queued.mark_rows(|_| true));
        if let Some(marked) = marked {
            self.rows = PendingRows::held(marked, capture);
        }
    }

    /// Those of the queue; all that are no calls. `None` where none wait.
    fn take_queued<C>(&mut self, settings: &Settings<C>) -> Option<Sealed> {
        let scope = match self.calls.take() {
            PendingCalls::AwaitingCommit(scope) => scope,
            other => {
                self.calls = other;
                return None;
            }
        };
        let mut sealed = scope.into_sealed();
        if sealed.intents().all(|intent| settings.is_queued(intent)) {
            return Some(sealed);
        }
        let queued = sealed.take_to_flush(|intent| settings.is_queued(intent))?;
        self.calls = PendingCalls::AwaitingCommit(UndecidedScope::new(sealed));
        Some(queued)
    }

    /// The queue did not write them, and the transaction is rolled back.
    pub(crate) fn rows_not_written(&mut self, error: DispatchError) -> FlushError {
        let error = self.rows.take().not_written(error);
        self.discard();
        error
    }

    /// The same of those of best effort at `index`, where the transaction can't go on without them.
    pub(crate) fn best_effort_not_written(
        &mut self,
        index: usize,
        error: DispatchError,
    ) -> FlushError {
        let error = self.best_effort[index].take().not_written(error);
        self.discard();
        error
    }

    /// The transaction is a savepoint.
    pub(crate) fn await_release(&mut self) {
        self.rows.of_savepoint();
        self.best_effort.iter_mut().for_each(PendingRows::of_savepoint);
        self.calls = match self.calls.take() {
            PendingCalls::AwaitingCommit(scope) => PendingCalls::AwaitingRelease(scope),
            other => other,
        };
    }

    /// Notes that the commit is being requested: if the future is dropped before the answer, the transaction may
    /// be committed all the same.
    pub(crate) fn commit_requested(&mut self, database: &str) {
        self.rows.commit_requested(database);
        self.best_effort.iter_mut().for_each(|rows| rows.commit_requested(database));
        if let PendingCalls::AwaitingCommit(scope) = &mut self.calls {
            scope.commit_requested(database);
        }
    }

    /// The transaction is committed, or the savepoint released.
    pub(crate) fn committed<C>(self, settings: &Settings<C>) -> Unflushed {
        let lost = self.best_effort.into_iter().filter_map(|rows| rows.committed(settings).err());
        lost.for_each(|error| log::failed_elsewhere(&error));
        if let Err(error) = self.rows.committed(settings) {
            // A capture that has ended: the calls are not to leave without the rows.
            if let Some(held) = self.calls.give_back("its rows could not be captured") {
                log::failed_elsewhere(&held);
            }
            return Err(error);
        }
        match self.calls {
            PendingCalls::AwaitingCommit(scope) => Ok(scope.into_sealed().decided(true)),
            PendingCalls::AwaitingRelease(scope) => scope.into_sealed().hand_over().map(|()| None),
            PendingCalls::LeavingAnyway(_) | PendingCalls::Settled => Ok(None),
        }
    }

    /// The body failed: discards them, unless the scope's rules let them leave.
    pub(crate) fn body_failed(self) -> Option<Flush> {
        match self.calls {
            PendingCalls::AwaitingCommit(scope) => scope.into_sealed().decided(false),
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
            return error.uncertain(self.calls.take().give_back(why), rows);
        }
        self.discard();
        error
    }

    /// The transaction is rolled back: discards them, unless the scope's rules let them leave.
    pub(crate) fn discard(&mut self) {
        self.rows.take().rolled_back();
        mem::take(&mut self.best_effort).into_iter().for_each(PendingRows::rolled_back);
        self.calls = match self.calls.take() {
            PendingCalls::AwaitingCommit(scope) | PendingCalls::AwaitingRelease(scope) => {
                let leaving = scope.into_sealed().rolled_back();
                leaving.map_or(PendingCalls::Settled, |flush| {
                    PendingCalls::LeavingAnyway(Box::new(flush))
                })
            }
            other => other,
        };
    }

    /// Those that leave although the transaction was rolled back.
    pub(crate) fn leaving_anyway(self) -> Option<Flush> {
        match self.calls {
            PendingCalls::LeavingAnyway(flush) => Some(*flush),
            _ => None,
        }
    }

    /// Settles rows whose transaction may or may not be committed, and returns how many there are.
    pub(crate) fn rows_in_doubt(&mut self, why: &str) -> usize {
        self.take_rows().map(|rows| rows.in_doubt(why)).sum()
    }

    /// The transaction is committed, and its effects may not leave: settles rows and gives back all others.
    pub(crate) fn committed_but_held<C>(
        &mut self,
        settings: &Settings<C>,
        why: &str,
    ) -> Vec<FlushError> {
        let held = self.take_rows().filter_map(|rows| rows.committed(settings).err());
        held.chain(self.calls.take().give_back(why)).collect()
    }

    fn take_rows(&mut self) -> impl Iterator<Item = PendingRows> + use<> {
        [self.rows.take()].into_iter().chain(mem::take(&mut self.best_effort))
    }

    /// Gives them back, none of them attempted.
    pub(crate) fn give_back(&mut self, why: &str) -> Vec<FlushError> {
        let rows = self.take_rows().filter_map(|rows| rows.give_back(why));
        rows.chain(self.calls.take().give_back(why)).collect()
    }
}

impl PendingCalls {
    fn take(&mut self) -> Self {
        mem::replace(self, Self::Settled)
    }

    fn give_back(self, why: impl Into<BoxError>) -> Option<FlushError> {
        match self {
            Self::AwaitingCommit(scope) | Self::AwaitingRelease(scope) => {
                Some(scope.into_sealed().give_back(why))
            }
            Self::LeavingAnyway(_) | Self::Settled => None,
        }
    }
}
