//! Of several transactions, some are committed and others are not.

use std::error::Error;
use std::fmt;

use crate::core::flush::FlushError;
use crate::core::intent::Intent;
use crate::transactions::shared::{DatabaseError, TransactionError};

/// Of several transactions some are committed and others are not; or all are, and not all of their
/// effects left.
///
/// Has the effects that did not leave. Those of a committed transaction can be flushed; those of one that was rolled
/// back are about data that is not in its database.
///
/// # Examples
///
/// ```
#[doc = include_str!("../docs/ledger.md")]
/// use airlock::transaction::{TransactionError, commit_all};
///
/// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
/// let mut one = Guard::new(shop.begin(), Settings::default()).await?;
/// let mut two = Guard::new(stock.begin(), Settings::default()).await?;
/// one.run(|_| send_mail::enqueue(42))?;
/// two.run(|orders| orders.push(0));                           // which the stock refuses to commit
/// let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
/// let Err(TransactionError::Several(error)) = committed else { panic!("the second fails") };
///
/// assert_eq!(error.committed(), ["shop"]);
/// let (name, why) = error.failed().expect("one failed");
/// assert_eq!((name, why.is_certain()), ("stock", true));
/// assert!(error.rolled_back().is_empty());                    // there was no third
/// for mail in error.into_intents() {
///     println!("to be looked at: {mail}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct SeveralError {
    pub(crate) committed: Vec<String>,
    failed: Option<(String, DatabaseError)>,
    pub(crate) rolled_back: Vec<String>,
    pub(crate) flushes: Vec<FlushError>,
}

impl SeveralError {
    pub(crate) fn new(failed: Option<(String, DatabaseError)>) -> Self {
        Self { committed: Vec::new(), failed, rolled_back: Vec::new(), flushes: Vec::new() }
    }

    /// The names of the transactions that are committed, in order.
    pub fn committed(&self) -> &[String] {
        &self.committed
    }

    /// The name of the transaction that could not be committed, and why.
    pub fn failed(&self) -> Option<(&str, &DatabaseError)> {
        self.failed.as_ref().map(|(name, error)| (&**name, error))
    }

    /// The names of the transactions that were rolled back because of that.
    pub fn rolled_back(&self) -> &[String] {
        &self.rolled_back
    }

    /// What became of the effects: one error for each transaction that had some which did not leave.
    pub fn errors(&self) -> &[FlushError] {
        &self.flushes
    }

    /// The effects that did not leave, in the order of the transactions.
    pub fn into_intents(self) -> Vec<Intent> {
        self.flushes.into_iter().flat_map(FlushError::into_intents).collect()
    }
}

impl From<SeveralError> for TransactionError {
    fn from(error: SeveralError) -> Self {
        Self::Several(error)
    }
}

/// What every text has.
pub(super) const SENTENCE: &str = "effects did not leave and are in this error";

impl fmt::Display for SeveralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "committed: {}", quoted(&self.committed))?;
        if let Some((_, error)) = &self.failed {
            let what = if error.is_certain() { "not committed" } else { "unknown" };
            write!(f, "; {what}: {error}")?;
        }
        if !self.rolled_back.is_empty() {
            write!(f, "; rolled back: {}", quoted(&self.rolled_back))?;
        }
        let reports = self.flushes.iter().map(FlushError::report);
        let held: usize = reports.map(|report| report.failed() + report.not_attempted()).sum();
        write!(f, "; {held} {SENTENCE}")?;
        self.flushes.first().map_or(Ok(()), |first| write!(f, ": {first}"))
    }
}

fn quoted(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The sentence: what `unwrap`, and a `main` that returns the error, show.
impl fmt::Debug for SeveralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for SeveralError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.failed, self.flushes.first()) {
            (Some((_, error)), _) => Some(error),
            (None, Some(error)) => Some(error),
            (None, None) => None,
        }
    }
}
