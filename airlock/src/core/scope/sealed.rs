//! A scope whose body has run and whose intents wait for a decision.

use std::fmt;

use crate::core::flush::{Flush, FlushError};
use crate::core::intent::Intent;
use crate::core::report::{Report, Why, log};
use crate::core::scope::inspection::Inspection;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::contents::Contents;
use crate::core::stack::environment::Environment;
use crate::core::stack::segments::Segment;

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
    /// Until the scope is flushed or discarded.
    pub(super) contents: Option<Contents>,
}

impl Sealed {
    #[inline]
    pub(crate) fn new(contents: Contents) -> Self {
        Self { contents: Some(contents) }
    }

    /// The scope of a future that has ended.
    #[inline]
    pub(crate) fn of(environment: Environment) -> Self {
        match environment.into_contents() {
            Some(contents) => Self::new(contents),
            None => unreachable!("a scope's environment has a frame"),
        }
    }

    /// The intents, in order.
    pub fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.contents.iter().flat_map(Contents::intents)
    }

    /// How many intents there are.
    pub fn len(&self) -> usize {
        self.contents.as_ref().map_or(0, |contents| contents.buffer.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the scope holds, and what each policy would say of it.
    pub fn inspect(&self) -> Inspection {
        let Some(contents) = &self.contents else { return Inspection::of(&Buffer::new(), 0) };
        let name = contents.settings.as_ref().and_then(|settings| settings.name.clone());
        Inspection::of(&contents.buffer, contents.level).named(name)
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
    #[expect(clippy::must_use_candidate, reason = "the report is optional reading")]
    pub fn discard(mut self) -> Report {
        self.contents.take().unwrap_or_default().discard(Why::Request)
    }

    /// Flushes or discards, as the body's success and the scope's settings say.
    pub(crate) fn settle(mut self, succeeded: bool) -> Result<(), FlushError> {
        match self.decide(succeeded) {
            None => Ok(()),
            Some(flush) => flush.run(),
        }
    }

    /// The same where the executor may be awaited.
    pub(crate) async fn settle_async(mut self, succeeded: bool) -> Result<(), FlushError> {
        match self.decide(succeeded) {
            None => Ok(()),
            Some(flush) => flush.run_async().await,
        }
    }

    /// What the caller is to flush, if anything; what isn't has been discarded.
    #[cfg(feature = "_detached")]
    pub(crate) fn decided(mut self, succeeded: bool) -> Option<Flush> {
        self.decide(succeeded)
    }

    /// What is to be flushed, if anything; what isn't has been discarded.
    #[inline]
    fn decide(&mut self, succeeded: bool) -> Option<Flush> {
        // The settings are asked while the intents are still in here: they may panic.
        let to_flush = self.decides_to_flush(succeeded);
        let contents = self.contents.as_mut()?;
        if contents.is_nothing() || (to_flush && Flush::is_captured(contents)) {
            return None;
        }
        let contents = self.contents.take()?;
        if to_flush {
            return Flush::prepare(contents, false);
        }
        contents.discard_for(if succeeded { Why::Request } else { Why::Error });
        None
    }

    #[inline]
    pub(super) fn decides_to_flush(&self, succeeded: bool) -> bool {
        let settings = self.contents.as_ref().and_then(|contents| contents.settings.as_ref());
        settings.map_or(succeeded, |settings| settings.decides_to_flush(succeeded))
    }

    pub(super) fn into_flush(mut self, reported: bool) -> Option<Flush> {
        Flush::prepare(self.contents.take()?, reported)
    }

    /// The intents themselves, each with whether it would have been a row of a transaction; no report is made.
    pub(crate) fn into_intents(mut self) -> impl Iterator<Item = (Intent, bool)> {
        let contents = self.contents.take().unwrap_or_default();
        contents.into_segments().flat_map(|Segment { rows, intents, .. }| {
            intents.into_iter().map(move |intent| (intent, rows))
        })
    }
}

impl Drop for Sealed {
    #[inline]
    fn drop(&mut self) {
        if let Some(contents) = self.contents.take()
            && !contents.buffer.is_empty()
        {
            let why = if std::thread::panicking() {
                Why::Panic
            } else {
                log::undecided(contents.buffer.len());
                Why::Undecided
            };
            contents.discard_for(why);
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
