//! Effects that are rows of a transaction: they have left once it is committed.

use crate::core::executor::DispatchError;
use crate::core::executor::batch::Batch;
use crate::core::flush::FlushError;
use crate::core::flush::outgoing::Outgoing;
use crate::core::report::{Fate, Why};
use crate::core::stack::contents::Contents;
use crate::core::stack::scope_settings::wants_report;

/// A scope's intents that are to become rows of its transaction, judged by every policy.
pub(crate) struct Rows {
    outgoing: Outgoing,
    /// Whether the transaction is a savepoint.
    of_savepoint: bool,
}

impl Rows {
    /// Judges the intents; they are offered to no scope around.
    pub(crate) fn of(contents: Contents) -> Self {
        let reported = wants_report(contents.settings.as_deref());
        let Contents { buffer, level, settings } = contents;
        let mut outgoing = Outgoing::new(settings, reported);
        outgoing.rows = true;
        outgoing.judge(buffer, level);
        Self { outgoing, of_savepoint: false }
    }

    /// The intents, for the queue that writes them.
    pub(crate) fn batch(&mut self) -> &mut Batch {
        &mut self.outgoing.batch
    }

    /// Notes that the transaction is a savepoint: nothing tells whether the outer one is committed later.
    pub(crate) fn of_savepoint(&mut self) {
        self.of_savepoint = true;
    }

    /// Ends with a transaction that is committed.
    pub(crate) fn committed(mut self) {
        if self.of_savepoint {
            // Policies must not take them for effects that have left: they are on their way as long as the scope lasts.
            self.outgoing.remembered = None;
        }
        // Nothing that can fail is left.
        let _ = self.outgoing.finish_whole(Ok(()));
    }

    /// Ends with a transaction that was rolled back.
    pub(crate) fn rolled_back(mut self) {
        self.outgoing.end_as(|_| Fate::Discarded(Why::RolledBack));
    }

    /// Ends with a transaction whose outcome is unknown; how many rows that are.
    pub(crate) fn in_doubt(mut self, why: &str) -> usize {
        let batch = self.batch();
        batch.close(Ok(()));
        let is_row = |fate: &Fate| *fate != Fate::Duplicate;
        let rows = batch.ledger.fates(batch.len()).filter(is_row).count();
        self.outgoing.end_as(|fate| match fate {
            Fate::Duplicate => fate,
            _ => Fate::Failed { error: why.to_owned() },
        });
        rows
    }

    /// Ends rows of best effort that the queue could not write, and that their transaction goes on without.
    pub(crate) fn left_unwritten(mut self, error: DispatchError) {
        // It fails only where something else than best effort has not left.
        let _ = self.outgoing.finish_whole(Err(error));
    }

    /// Ends where the queue could not write them.
    pub(crate) fn undone(mut self, error: DispatchError) -> FlushError {
        self.outgoing.undone(error)
    }
}
