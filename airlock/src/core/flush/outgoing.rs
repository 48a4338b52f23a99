//! Intents on their way out, and the end of that way.

use crate::core::executor::batch::Batch;
use crate::core::executor::{DispatchError, OnFailure};
use crate::core::flush::chunks::Chunks;
use crate::core::flush::{Flush, FlushError};
use crate::core::policy::FlushId;
use crate::core::report::{Fate, Report, ReportEntry, Why, log};
use crate::core::stack::contents::Contents;
use crate::core::stack::scope_settings::{ScopeSettings, tell};
use crate::core::stack::thread::recycle;
use crate::core::stack::while_judging::while_judging;

/// Intents on their way out, and the settings that say who gets the report.
///
/// However that ends, the batch is empty afterwards: one that is not, when this is dropped, was cut short.
pub(crate) struct Outgoing {
    pub(super) batch: Batch,
    pub(super) settings: Option<Box<ScopeSettings>>,
    /// Whether a report is made even where everything went well.
    reported: bool,
    /// Whether it is written by the queue of a transaction.
    #[cfg(feature = "transaction")]
    pub(super) rows: bool,
    /// The flush's number, where policies remember what has left.
    pub(super) remembered: Option<FlushId>,
    /// Where the batch leaves in chunks, once it does.
    pub(super) chunks: Option<Box<Chunks>>,
}

impl Outgoing {
    /// Nothing yet, for a scope with these settings.
    pub(super) fn new(settings: Option<Box<ScopeSettings>>, reported: bool) -> Self {
        let on_failure = settings.as_ref().map_or_else(OnFailure::default, |s| s.on_failure);
        Self {
            batch: Batch::new(on_failure),
            settings,
            reported,
            #[cfg(feature = "transaction")]
            rows: false,
            remembered: None,
            chunks: None,
        }
    }

    /// A batch of no scope.
    pub(super) fn of(batch: Batch) -> Self {
        let mut outgoing = Self::new(None, log::reports());
        outgoing.batch = batch;
        outgoing
    }

    /// All intents of a scope as they are, to be handed back.
    pub(super) fn held(contents: Contents, reported: bool) -> Self {
        let Contents { buffer, level, settings } = contents;
        let mut outgoing = Self::new(settings, reported);
        outgoing.hold(Contents::new(buffer, level));
        outgoing
    }

    /// Takes intents as they are, to be handed back.
    pub(super) fn hold(&mut self, contents: Contents) {
        for segment in contents.into_segments() {
            self.batch.append(segment.chain, 0, segment.intents);
        }
    }

    pub(super) fn take_batch(&mut self) -> Batch {
        std::mem::replace(&mut self.batch, Batch::new(OnFailure::Stop))
    }

    /// Ends with the answer about a batch that was dispatched whole.
    pub(super) fn finish_whole(
        &mut self,
        answer: Result<(), DispatchError>,
    ) -> Result<(), FlushError> {
        self.batch.close(answer);
        self.finish().map(drop)
    }

    /// Reports what became of the intents, and hands back those that did not leave.
    pub(super) fn finish(&mut self) -> Result<Option<Report>, FlushError> {
        if !self.batch.all_sent() {
            return self.finish_failed();
        }
        self.remember(|_| true);
        let report = self.reported.then(|| self.end(|fate| fate));
        recycle(&mut self.batch.take_all());
        Ok(report)
    }

    /// The same where not all left: the flush has failed, unless they are of best effort.
    #[cold]
    fn finish_failed(&mut self) -> Result<Option<Report>, FlushError> {
        if !self.batch.lacks_only_best_effort() {
            return Err(self.fail());
        }
        self.remember(has_left);
        let report = self.end(|fate| fate);
        log::best_effort_failed(&report);
        drop(self.batch.take_all());
        Ok(Some(report))
    }

    /// Ends a flush that has failed.
    #[cold]
    pub(super) fn fail(&mut self) -> FlushError {
        self.remember(has_left);
        let report = self.end(|fate| fate);
        let ledger = std::mem::take(&mut self.batch.ledger);
        FlushError::new(report, ledger, self.batch.take_all())
    }

    /// Ends without an attempt, for this reason.
    pub(super) fn refused(mut self, error: DispatchError) -> Flush {
        self.batch.close(Err(error));
        Flush::Refused(self)
    }

    /// Ends because of what a dispatch met.
    #[cfg(feature = "transaction")]
    pub(super) fn undone(&mut self, error: DispatchError) -> FlushError {
        self.batch.close(Err(error));
        self.fail()
    }

    /// Ends where the batch was dispatched elsewhere, and every intent became what `told` makes of the ledger.
    #[cfg(feature = "transaction")]
    pub(super) fn end_as(&mut self, told: impl Fn(Fate) -> Fate) {
        self.remember(|fate| has_left(&told(fate.clone())));
        if self.reported {
            self.end(told);
        }
        drop(self.batch.take_all());
    }

    /// Tells the policies that remember what has left of this flush.
    fn remember(&mut self, has_left: impl Fn(&Fate) -> bool) {
        if let Some(flush) = self.remembered.take() {
            while_judging(|| self.batch.remember(flush, has_left));
        }
    }

    /// What became of each, as `told`.
    fn entries(&self, told: impl Fn(Fate) -> Fate) -> Vec<ReportEntry> {
        let entries = self.batch.entries(told);
        #[cfg(feature = "transaction")]
        if self.rows {
            return entries.into_iter().map(ReportEntry::into_row).collect();
        }
        entries
    }

    /// Makes the report, logs it and hands it to `on_report`.
    pub(super) fn end(&mut self, told: impl Fn(Fate) -> Fate) -> Report {
        let scope = self.settings.as_ref().and_then(|settings| settings.name.clone());
        let entries = self.entries(told);
        let report = Report { scope, entries };
        tell(self.settings.as_deref(), &report);
        report
    }
}

/// Whether it is nobody's to send any more.
fn has_left(fate: &Fate) -> bool {
    !matches!(fate, Fate::Failed { .. } | Fate::NotAttempted | Fate::Discarded(_))
}

impl Drop for Outgoing {
    /// A flush whose future is dropped half-way does not end in silence.
    fn drop(&mut self) {
        if self.batch.is_empty() && self.chunks.is_none() {
            return;
        }
        match self.chunks.take() {
            Some(chunks) => chunks.cut_short(&mut self.batch),
            None => self.batch.cut_short(),
        }
        self.remember(has_left);
        let scope = self.settings.as_ref().and_then(|settings| settings.name.clone());
        let entries = self.entries(|fate| match fate {
            Fate::NotAttempted => Fate::Discarded(Why::Cancelled),
            fate => fate,
        });
        let report = Report { scope, entries };
        log::cancelled(&report);
        tell(self.settings.as_deref(), &report);
    }
}
