//! A scope whose body has run and whose intents wait for a decision.

use std::fmt;

use crate::core::events;
use crate::core::flush::FlushError;
use crate::core::flush::{self, Flush};
use crate::core::intent::Intent;
use crate::core::report::{Report, Why};
use crate::core::scope::inspection::Inspection;
use crate::core::scope::reason;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::context::Seat;
use crate::core::stack::scope_settings::ScopeSettings;

/// A scope whose body has run: flush it or discard it, once.
///
/// Nothing can be added any more, and both ends consume it. One that is dropped undecided discards
/// and says so in the log.
///
/// What encloses the scope is what is current where it is flushed.
///
/// # Examples
///
/// ```
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (_, sealed) = airlock::scope().seal(|| welcome::enqueue(7));
/// assert_eq!(sealed.intents().map(|intent| intent.name()).collect::<Vec<_>>(), ["mail.welcome"]);
/// let report = sealed.flush()?;
/// assert_eq!(report.dispatched(), 1);
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail,E0382
/// # let (_, sealed) = airlock::scope().seal(|| ());
/// sealed.flush();
/// sealed.flush();
/// ```
#[must_use = "a sealed scope is undecided: `.flush()?` or `.discard()` it"]
pub struct Sealed {
    buffer: Option<Buffer>,
    level: u32,
    settings: Option<Box<ScopeSettings>>,
}

impl Sealed {
    #[inline]
    pub(crate) fn new(buffer: Buffer, level: u32, settings: Option<Box<ScopeSettings>>) -> Self {
        Self { buffer: Some(buffer), level, settings }
    }

    /// The scope of a future that has ended.
    pub(crate) fn of(seat: Seat) -> Self {
        let (buffer, level) = match seat.frame {
            Some(frame) => frame.close(),
            None => unreachable!("a scope's seat has a frame"),
        };
        Self::new(buffer, level, seat.settings)
    }

    /// The intents, in order.
    pub fn intents(&self) -> impl Iterator<Item = &Intent> {
        let segments = self.buffer.iter().flat_map(|buffer| buffer.segments(self.level));
        segments.flat_map(|(_, _, intents)| intents)
    }

    /// How many intents there are.
    pub fn len(&self) -> usize {
        self.buffer.as_ref().map_or(0, Buffer::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the scope holds, and what each policy would say of it.
    pub fn inspect(&self) -> Inspection {
        let name = self.settings.as_ref().and_then(|settings| settings.name.clone());
        match &self.buffer {
            Some(buffer) => Inspection::of(buffer, self.level).named(name),
            None => Inspection::of(&Buffer::new(), self.level).named(name),
        }
    }

    /// Lets the intents leave: to the enclosing scope where there is one that does not release them,
    /// else through the policies to the executor.
    ///
    /// # Errors
    ///
    /// [`FlushError`], with the report and every intent that did not leave.
    pub fn flush(self) -> Result<Report, FlushError> {
        self.into_flush(true).map_or_else(|| Ok(Report::default()), Flush::run_reported)
    }

    /// The same where the executor may be awaited.
    ///
    /// A flush that has begun and whose future is dropped is reported in the log and to `on_report`.
    ///
    /// # Errors
    ///
    /// [`FlushError`], with the report and every intent that did not leave.
    pub async fn flush_async(self) -> Result<Report, FlushError> {
        match self.into_flush(true) {
            None => Ok(Report::default()),
            Some(flush) => flush.run_reported_async().await,
        }
    }

    /// Throws the intents away.
    #[expect(clippy::must_use_candidate, reason = "the report is for whoever wants it")]
    pub fn discard(mut self) -> Report {
        let buffer = self.buffer.take().unwrap_or_default();
        flush::discard(&buffer, self.level, self.settings.as_deref(), Why::Request)
    }

    /// Flushes or discards, as the body's success and the scope's settings say.
    pub(crate) fn settle(mut self, succeeded: bool) -> Result<(), FlushError> {
        match self.decide(succeeded) {
            None => Ok(()),
            Some(flush) => flush.run(),
        }
    }

    pub(crate) async fn settle_async(mut self, succeeded: bool) -> Result<(), FlushError> {
        match self.decide(succeeded) {
            None => Ok(()),
            Some(flush) => flush.run_async().await,
        }
    }

    /// What is to be flushed by whoever ends the scope, if anything; what isn't has been discarded.
    #[cfg(any(feature = "transaction", feature = "web"))]
    pub(crate) fn decided(mut self, succeeded: bool) -> Option<Flush> {
        self.decide(succeeded)
    }

    /// What is to be flushed, if anything; what isn't has been discarded.
    #[inline]
    fn decide(&mut self, succeeded: bool) -> Option<Flush> {
        // The settings are asked while the intents are still in here: they may panic.
        let to_flush = self
            .settings
            .as_ref()
            .map_or(succeeded, |settings| settings.decides_to_flush(succeeded));
        let buffer = self.buffer.take()?;
        if buffer.is_empty() && self.settings.is_none() {
            return None;
        }
        let settings = self.settings.take();
        if to_flush {
            Flush::prepare(buffer, self.level, settings, false)
        } else {
            let why = reason(succeeded);
            flush::discard_maybe_reported(&buffer, self.level, settings.as_deref(), why);
            None
        }
    }

    fn into_flush(mut self, reported: bool) -> Option<Flush> {
        let buffer = self.buffer.take()?;
        Flush::prepare(buffer, self.level, self.settings.take(), reported)
    }
}

impl Drop for Sealed {
    #[inline]
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take()
            && !buffer.is_empty()
        {
            let why = if std::thread::panicking() {
                Why::Panic
            } else {
                events::undecided(buffer.len());
                Why::Undecided
            };
            flush::discard_maybe_reported(&buffer, self.level, self.settings.as_deref(), why);
        }
    }
}

/// The scope's table, as of [`Inspection`].
impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inspect().fmt(f)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.intents()).finish()
    }
}

impl Sealed {
    /// The intents themselves; nobody is told.
    pub(crate) fn into_intents(mut self) -> Vec<Intent> {
        let buffer = self.buffer.take().unwrap_or_default();
        buffer.into_segments(self.level).flat_map(|segment| segment.intents).collect()
    }
}

/// How a scope ends whose body was a transaction.
#[cfg(feature = "transaction")]
impl Sealed {
    /// What is to become rows of the transaction, if the scope's settings don't say otherwise: judged by
    /// every policy, and offered to no scope around.
    pub(crate) fn judge(mut self) -> Option<Flush> {
        if self.settings.as_ref().is_some_and(|settings| !settings.decides_to_flush(true)) {
            drop(self.discard());
            return None;
        }
        let buffer = self.buffer.take()?;
        if buffer.is_empty() && self.settings.is_none() {
            return None;
        }
        let mut settings = self.settings.take().unwrap_or_default();
        settings.boundary = true;
        Flush::prepare(buffer, self.level, Some(settings), false)
    }

    /// Moves all that it holds into the scope around, also where that releases.
    pub(crate) fn hand_over(mut self) -> Result<(), FlushError> {
        let buffer = self.buffer.take().unwrap_or_default();
        Flush::hand_over(buffer, self.level, self.settings.take()).run()
    }

    /// Hands back all that it holds, none of it attempted.
    pub(crate) fn give_back(
        mut self,
        why: impl Into<crate::core::task::called::BoxError>,
    ) -> FlushError {
        let buffer = self.buffer.take().unwrap_or_default();
        Flush::give_back(buffer, self.level, self.settings.take(), why.into())
    }

    /// What is left to flush of a scope whose transaction was rolled back, which is nothing unless its
    /// settings say otherwise.
    pub(crate) fn rolled_back(mut self) -> Option<Flush> {
        let to_flush =
            self.settings.as_ref().is_some_and(|settings| settings.decides_to_flush(false));
        if to_flush {
            return self.into_flush(false);
        }
        self.end(Why::RolledBack);
        None
    }

    /// Discards for a reason of the caller's.
    pub(crate) fn end(&mut self, why: Why) {
        if let Some(buffer) = self.buffer.take() {
            flush::discard_maybe_reported(&buffer, self.level, self.settings.as_deref(), why);
        }
    }
}
