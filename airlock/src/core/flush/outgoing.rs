//! Intents on their way out, and the end of that way.

use crate::core::executor::batch::Batch;
use crate::core::executor::{DispatchError, OnFailure};
use crate::core::flush::chunks::Chunks;
use crate::core::flush::undone::Undone;
use crate::core::flush::{Flush, FlushError};
use crate::core::report::{Fate, Report, Why, log};
use crate::core::stack::contents::Contents;
use crate::core::stack::scope_settings::{ScopeSettings, tell};
use crate::core::stack::thread::recycle;

/// Intents on their way out, and the settings that say who gets the report.
///
/// However that ends, the batch is empty afterwards: one that is not, when this is dropped, was cut short.
pub(crate) struct Outgoing {
    pub(super) batch: Batch,
    pub(super) settings: Option<Box<ScopeSettings>>,
    /// Whether a report is made even where everything went well.
    reported: bool,
    /// Where the batch leaves in chunks, once it does.
    pub(super) chunks: Option<Box<Chunks>>,
}

impl Outgoing {
    /// Nothing yet, for a scope with these settings.
    pub(super) fn new(settings: Option<Box<ScopeSettings>>, reported: bool) -> Self {
        let on_failure = settings.as_ref().map_or_else(OnFailure::default, |s| s.on_failure);
        Self { batch: Batch::new(on_failure), settings, reported, chunks: None }
    }

    /// A batch of no scope.
    pub(super) fn of(batch: Batch) -> Self {
        Self { batch, settings: None, reported: log::reports(), chunks: None }
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

    /// What became of a batch that was dispatched whole.
    pub(super) fn whole(&self, result: Result<(), DispatchError>) -> Result<(), Undone> {
        result.map_err(|error| Undone::of(error, self.batch.len()))
    }

    pub(super) fn finish_whole(
        &mut self,
        result: Result<(), DispatchError>,
    ) -> Result<(), FlushError> {
        let result = self.whole(result);
        self.finish(result).map(drop)
    }

    /// Reports what became of the intents, and hands back those that did not leave.
    pub(super) fn finish(
        &mut self,
        result: Result<(), Undone>,
    ) -> Result<Option<Report>, FlushError> {
        let Err(undone) = result else {
            let report = self.reported.then(|| self.end(|_| Fate::Dispatched));
            recycle(&mut self.batch.take_all());
            return Ok(report);
        };
        let report = self.end(|index| undone.fates[index].clone());
        Err(FlushError::new(report, undone, self.batch.take_all()))
    }

    /// Ends without an attempt, for this reason.
    pub(super) fn refused(self, error: DispatchError) -> Flush {
        let undone = Undone::of(error, self.batch.len());
        Flush::Refused(self, undone)
    }

    /// Ends because of what a dispatch met.
    #[cfg(feature = "transaction")]
    pub(super) fn undone(&mut self, error: DispatchError) -> FlushError {
        let undone = Undone::of(error, self.batch.len());
        match self.finish(Err(undone)) {
            Err(error) => error,
            Ok(_) => unreachable!("it was given an error"),
        }
    }

    /// Ends where the batch was dispatched elsewhere, and every intent became what `fate` says.
    #[cfg(feature = "transaction")]
    pub(super) fn end_as(&mut self, fate: impl Fn(usize) -> Fate) {
        if self.reported {
            self.end(fate);
        }
        drop(self.batch.take_all());
    }

    /// Makes the report, logs it and hands it to `on_report`.
    pub(super) fn end(&mut self, fate: impl Fn(usize) -> Fate) -> Report {
        let scope = self.settings.as_ref().and_then(|settings| settings.name.clone());
        let report = Report { scope, entries: self.batch.entries(fate) };
        tell(self.settings.as_deref(), &report);
        report
    }
}

impl Drop for Outgoing {
    /// A flush whose future is dropped half-way does not end in silence.
    fn drop(&mut self) {
        if self.batch.is_empty() && self.chunks.is_none() {
            return;
        }
        let undone = match self.chunks.take() {
            Some(chunks) => chunks.cut_short(&mut self.batch),
            None => Undone::cut_short(&mut self.batch),
        };
        let scope = self.settings.as_ref().and_then(|settings| settings.name.clone());
        let entries = self.batch.entries(|index| match &undone.fates[index] {
            Fate::NotAttempted => Fate::Discarded(Why::Cancelled),
            fate => fate.clone(),
        });
        let report = Report { scope, entries };
        log::cancelled(&report);
        tell(self.settings.as_deref(), &report);
    }
}
