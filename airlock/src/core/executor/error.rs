//! What an executor says of a batch that did not leave whole.

use std::fmt;

use crate::core::cut::cut;
use crate::core::executor::ledger::Ledger;
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
    /// Boxed, so that the answer of an executor is one register.
    ledger: Box<Ledger>,
}

impl DispatchError {
    /// The intent at `index` failed: those before it left, those after it were not attempted.
    pub fn at(index: usize, error: impl Into<BoxError>) -> Self {
        Self::until(index + 1, vec![(index, error.into())])
    }

    /// The intent at `index` made it impossible to send the batch: it failed, and no other was
    /// attempted.
    pub fn only(index: usize, error: impl Into<BoxError>) -> Self {
        Self::until(0, vec![(index, error.into())])
    }

    /// Every intent failed, for one reason: an engine that takes a batch whole refused it.
    pub fn all(error: impl Into<BoxError>) -> Self {
        Ledger::of_cause(error.into(), true).into()
    }

    /// No intent was attempted.
    pub fn refused(error: impl Into<BoxError>) -> Self {
        Ledger::of_cause(error.into(), false).into()
    }

    /// The intents at these indices failed, each with its error, and the others left; `Ok` where
    /// there is none.
    ///
    /// # Errors
    ///
    /// The error made of `failures`, unless that is empty.
    pub fn each(failures: Vec<(usize, BoxError)>) -> Result<(), Self> {
        if failures.is_empty() { Ok(()) } else { Err(Self::until(usize::MAX, failures)) }
    }

    /// Those before `attempted` left but for the ones that failed, the others were not attempted.
    pub(crate) fn until(attempted: usize, failures: Vec<(usize, BoxError)>) -> Self {
        Ledger::of_failures(attempted, failures).into()
    }
}

impl From<Ledger> for DispatchError {
    fn from(ledger: Ledger) -> Self {
        Self { ledger: Box::new(ledger) }
    }
}

impl From<DispatchError> for Ledger {
    fn from(error: DispatchError) -> Self {
        *error.ledger
    }
}

impl fmt::Display for DispatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ledger.first_error() {
            Some(error) => cut(error).fmt(f),
            None => f.write_str("the dispatch failed"),
        }
    }
}

impl std::error::Error for DispatchError {}
