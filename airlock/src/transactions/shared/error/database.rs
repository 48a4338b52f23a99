//! The database did not do what it was asked to.

use std::error::Error;
use std::fmt;

use crate::core::cut::cut;
use crate::core::flush::FlushError;
use crate::core::intent::Intent;
use crate::core::task::called::BoxError;
use crate::transactions::shared::TransactionError;

/// What the database was asked to do when it failed.
///
/// # Examples
///
/// ```
/// use airlock::transaction::{DatabaseError, Step};
///
/// /// Whether the body has run.
/// fn has_run(error: &DatabaseError) -> bool {
///     error.step() != Step::Begin
/// }
///
/// assert!(!has_run(&DatabaseError::new(Step::Begin, "the ledger", "it is locked")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// To begin a transaction, or to set a savepoint; also to hand out a connection for it.
    Begin,
    /// To commit, or to release a savepoint.
    Commit,
    /// To roll back.
    Rollback,
}

/// The database did not begin, commit or roll back.
///
/// Its text names the database, without a password, and where there is one the next step. What the database said is cut
/// where it is very long; the [source](Error::source) has all of it.
///
/// # Examples
///
/// ```
#[doc = include_str!("../docs/ledger.md")]
/// use airlock::transaction::TransactionError;
///
/// let mut ledger = Ledger::default();
/// let mut tx = Guard::new(ledger.begin(), Settings::default()).await?;
/// tx.run(|orders| orders.push(99));
/// tx.run(|_| send_mail::enqueue(99))?;
/// let Err(TransactionError::Database(error)) = tx.commit().await else { panic!("the line was cut") };
/// assert_eq!(error.place(), "the ledger");
/// assert!(!error.is_certain());
/// for mail in error.into_intents() {
///     println!("to be sent if order 99 is there: {mail}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct DatabaseError {
    inner: Box<Inner>,
}

struct Inner {
    step: Step,
    display_name: String,
    source: BoxError,
    certain: bool,
    next_step: Option<&'static str>,
    given_back: Option<FlushError>,
    /// How many effects are rows of the transaction.
    rows: usize,
}

impl DatabaseError {
    /// An error for integrations of other libraries to return; `place` is the database's display name.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::transaction::{DatabaseError, Step};
    ///
    /// let error = DatabaseError::new(Step::Begin, "the ledger", "it is locked");
    /// let error = error.with_next_step("close the other program");
    /// assert_eq!(
    ///     error.to_string(),
    ///     "can't begin a transaction in the ledger: it is locked: close the other program"
    /// );
    /// ```
    pub fn new(step: Step, place: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self {
            inner: Box::new(Inner {
                step,
                display_name: place.into(),
                source: source.into(),
                certain: true,
                next_step: None,
                given_back: None,
                rows: 0,
            }),
        }
    }

    /// Appends to the text what to do about it.
    #[must_use]
    pub fn with_next_step(mut self, step: &'static str) -> Self {
        self.inner.next_step = Some(step);
        self
    }

    /// The same for a commit whose outcome is unknown.
    pub(crate) fn uncertain(mut self, given_back: Option<FlushError>, rows: usize) -> Self {
        self.inner.certain = false;
        self.inner.given_back = given_back;
        self.inner.rows = rows;
        self
    }

    /// What was asked of the database.
    pub fn step(&self) -> Step {
        self.inner.step
    }

    /// The database's display name, without a password.
    pub fn place(&self) -> &str {
        &self.inner.display_name
    }

    /// Whether it is certain that nothing was committed. If not, the outcome is unknown: the connection was lost, or
    /// the timeout passed, before the database answered, and it may have committed.
    pub fn is_certain(&self) -> bool {
        self.inner.certain
    }

    /// The effects of a transaction whose outcome is unknown, to be flushed if it turns out to be committed.
    ///
    /// Effects that are rows of the transaction are not among them: they exist if it is committed.
    pub fn into_intents(self) -> Vec<Intent> {
        self.inner.given_back.map_or_else(Vec::new, FlushError::into_intents)
    }
}

impl From<DatabaseError> for TransactionError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

/// How the text begins where the outcome is unknown.
pub(super) const UNKNOWN: &str = "can't tell whether ";

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { step, display_name, source, certain, next_step, given_back, rows } =
            &*self.inner;
        let source = cut(source);
        match step {
            Step::Begin => write!(f, "can't begin a transaction in {display_name}: {source}")?,
            Step::Commit if *certain => write!(f, "can't commit to {display_name}: {source}")?,
            Step::Commit => {
                write!(f, "{UNKNOWN}{display_name} committed: {source}")?;
                if let Some(given_back) = given_back {
                    let count = given_back.report().enqueued();
                    write!(f, ": look, and flush the {count} intents in this error if it did")?;
                } else if *rows > 0 {
                    write!(f, ": its {rows} effects are rows of it, and are there if it is")?;
                }
            }
            Step::Rollback => write!(f, "can't roll back in {display_name}: {source}")?,
        }
        next_step.map_or(Ok(()), |next| write!(f, ": {next}"))
    }
}

/// The sentence: what `unwrap`, and a `main` that returns the error, show.
impl fmt::Debug for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for DatabaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.inner.source)
    }
}
