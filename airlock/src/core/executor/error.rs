//! What an executor says of a batch that did not leave whole.

use std::fmt;

use crate::core::report::Fate;
use crate::core::task::called::BoxError;

/// Which intents of a batch did not leave, and why; the others did.
///
/// # Examples
///
/// ```
/// use airlock::DispatchError;
///
/// // The third of five failed: two left, and two were not attempted.
/// let error = DispatchError::at(2, "mailbox full");
/// assert_eq!(error.to_string(), "mailbox full");
/// ```
#[derive(Debug)]
pub struct DispatchError {
    /// The failed intents' indices, each with its error.
    pub(crate) failures: Vec<(usize, BoxError)>,
    /// Those from here on were not attempted, unless they failed.
    attempted: usize,
    /// Why nothing left.
    pub(crate) cause: Option<BoxError>,
    /// Whether what did not leave for that cause counts as failed rather than not attempted.
    failed: bool,
}

impl DispatchError {
    /// The intent at `index` failed: those before it left, those after it were not attempted.
    pub fn at(index: usize, error: impl Into<BoxError>) -> Self {
        Self {
            failures: vec![(index, error.into())],
            attempted: index + 1,
            cause: None,
            failed: false,
        }
    }

    /// Those before `attempted` left but for the ones that failed, the others were not attempted.
    pub(crate) fn until(attempted: usize, failures: Vec<(usize, BoxError)>) -> Self {
        Self { failures, attempted, cause: None, failed: false }
    }

    /// The intent at `index` made it impossible to send the batch: it failed, and no other was
    /// attempted.
    pub fn only(index: usize, error: impl Into<BoxError>) -> Self {
        Self { attempted: 0, ..Self::at(index, error) }
    }

    /// Every intent failed, for one reason: an engine that takes a batch whole refused it.
    pub fn all(error: impl Into<BoxError>) -> Self {
        Self { failures: Vec::new(), attempted: 0, cause: Some(error.into()), failed: true }
    }

    /// No intent was attempted.
    pub fn refused(error: impl Into<BoxError>) -> Self {
        Self { failed: false, ..Self::all(error) }
    }

    /// The intents at these indices failed, each with its error, and the others left; `Ok` where
    /// there is none.
    ///
    /// # Errors
    ///
    /// The error made of `failures`, unless that is empty.
    pub fn each(failures: Vec<(usize, BoxError)>) -> Result<(), Self> {
        if failures.is_empty() {
            return Ok(());
        }
        Err(Self { failures, attempted: usize::MAX, cause: None, failed: false })
    }

    /// The same with its failures in order; each intent failed once.
    pub(crate) fn sorted(mut self) -> Self {
        self.failures.sort_by_key(|(index, _)| *index);
        self.failures.dedup_by_key(|(index, _)| *index);
        self
    }

    /// The same for a batch of `len`: an error that belongs to no intent of it is everyone's.
    pub(crate) fn within(mut self, len: usize) -> Self {
        match self.failures.pop_if(|(index, _)| *index >= len) {
            None => self,
            Some((_, error)) if self.cause.is_none() => {
                Self { cause: Some(error), failed: true, ..self }
            }
            Some(_) => self.within(len),
        }
    }

    /// What became of the intent at `index`; the failures are [in order](Self::sorted).
    pub(crate) fn fate(&self, index: usize) -> Fate {
        if let Ok(failure) = self.failures.binary_search_by_key(&index, |(failed, _)| *failed) {
            return Fate::Failed { error: self.failures[failure].1.to_string() };
        }
        match &self.cause {
            Some(cause) if self.failed => Fate::Failed { error: cause.to_string() },
            None if index < self.attempted => Fate::Dispatched,
            _ => Fate::NotAttempted,
        }
    }
}

impl fmt::Display for DispatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.failures.first().map(|(_, error)| error);
        match first.or(self.cause.as_ref()) {
            Some(error) => error.fmt(f),
            None => f.write_str("the dispatch failed"),
        }
    }
}

impl std::error::Error for DispatchError {}
